// Gated recurrent unit with the reset gate before the recurrent product, its sums normalised (normal.h). Weight
// vectors: the gains of h R, then those of x W.
#include "recurra/rnn/cells/gru_reset_before.h"
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct GruResetBeforeNormalised : GruResetBefore {
  static constexpr const char* name = "gru_reset_before_normalised";
  static constexpr bool normalised = true;
  static constexpr int vectors = 6;
  static constexpr bool needs_vectors = true;
};

const Registration<GruResetBeforeNormalised> registration;

}  // namespace
}  // namespace recurra::rnn
