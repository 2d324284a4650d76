// Long short-term memory with a projection of its output; Sak et al., "Long short-term memory based recurrent neural
// network architectures for large vocabulary speech recognition", 2014.
#include "recurra/rnn/cells/lstm.h"
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct LstmProjected : LstmStep<Forget::gate, true> {
  using Gates = LstmStep<Forget::gate, true>;
  static constexpr const char* name = "lstm_projected";
  static constexpr int input_block[] = {0, 1, 2, 3, none};
  static constexpr int recurrent_block[] = {0, 1, 2, 3, projected};
  static constexpr Stage stages[] = {{0, 4}, {4, 1}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& f, const Unit& unit) {
    if constexpr (stage == 0) Gates::template forward<0>(f, unit);
    else unit.set_state(0, unit.sum[4]);
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& f, const Unit& unit) {
    if constexpr (stage == 0) {
      Gates::template backward<0>(f, unit);
    } else {
      unit.set_sum_gradient(4, unit.gradient(0));
      unit.set_previous_gradient(0, {});
    }
  }
};

const Registration<LstmProjected> registration;

}  // namespace
}  // namespace recurra::rnn
