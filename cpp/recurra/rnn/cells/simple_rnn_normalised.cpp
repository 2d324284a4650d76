// The simple recurrent network, its sums normalised (normal.h). Weight vectors: the gains of h R, then
// those of x W.
#include "recurra/rnn/cells/simple_rnn.h"
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct SimpleRnnNormalised : SimpleRnn {
  static constexpr const char* name = "simple_rnn_normalised";
  static constexpr bool normalised = true;
  static constexpr int vectors = 2;
  static constexpr bool needs_vectors = true;
};

const Registration<SimpleRnnNormalised> registration;

}  // namespace
}  // namespace recurra::rnn
