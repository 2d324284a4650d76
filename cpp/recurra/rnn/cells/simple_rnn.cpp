// The simple recurrent network.
#include "recurra/rnn/cells/simple_rnn.h"

#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

const Registration<SimpleRnn> registration;

}  // namespace
}  // namespace recurra::rnn
