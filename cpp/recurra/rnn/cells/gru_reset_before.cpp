// Gated recurrent unit with the reset gate before the recurrent product.
#include "recurra/rnn/cells/gru_reset_before.h"

#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

const Registration<GruResetBefore> registration;

}  // namespace
}  // namespace recurra::rnn
