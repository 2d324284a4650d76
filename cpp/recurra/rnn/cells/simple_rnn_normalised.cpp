// The simple recurrent network, its recurrent sums normalised; Ba et al., "Layer
// normalization", 2016. Weight vectors: the gains of the column blocks.
#include "recurra/rnn/cells/simple_rnn.h"
#include "recurra/rnn/register.h"

namespace recurra::rnn {
namespace {

struct SimpleRnnNormalised : SimpleRnn {
  static constexpr const char* name = "simple_rnn_normalised";
  static constexpr bool normalised = true;
  static constexpr int vectors = 1;
  static constexpr bool needs_vectors = true;
};

const Registration<SimpleRnnNormalised> registration;

}  // namespace
}  // namespace recurra::rnn
