// Gated recurrent unit with the reset gate after the recurrent product.
#include "recurra/rnn/cells/gru.h"

#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

const Registration<Gru> registration;

}  // namespace
}  // namespace recurra::rnn
