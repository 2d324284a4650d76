// Gated recurrent unit with the reset gate after the recurrent product, its sums normalised (normal.h). Weight
// vectors: the gains of h R, then those of x W.
#include "recurra/rnn/cells/gru.h"
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct GruNormalised : Gru {
  static constexpr const char* name = "gru_normalised";
  static constexpr bool normalised = true;
  static constexpr int vectors = 6;
  static constexpr bool needs_vectors = true;
};

const Registration<GruNormalised> registration;

}  // namespace
}  // namespace recurra::rnn
