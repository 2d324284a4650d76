// The minimal gated recurrent unit of Feng et al., "Were RNNs all we needed?", 2024: gate and candidate see the input
// only, so that the step is linear in the state.
//
//   z = s(x_t W_z + b_z)   g = a(x_t W_g + b_g)   h_t = h_{t-1} + z (g - h_{t-1})
//
// Columns of the kernel and slots: z, g. With recurrent dropout the decaying state is the dropped one.
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct MinGru {
  static constexpr const char* name = "min_gru";
  static constexpr int states = 1;
  static constexpr int slots = 2;
  static constexpr int input_block[] = {0, 1};
  static constexpr int recurrent_block[] = {none, none};
  static constexpr int bias_rows = 1;
  static constexpr Stage stages[] = {{0, 2}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& f, const Unit& unit) {
    const auto z = activate(f.recurrent, unit.sum[0]);
    const auto g = activate(f.activation, unit.sum[1]);
    unit.save(0, to_save(f.recurrent, unit.sum[0], z));
    unit.save(1, to_save(f.activation, unit.sum[1], g));
    const auto before = unit.dropped_previous();
    unit.set_state(0, before + z * (g - before));
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& f, const Unit& unit) {
    const auto z = value_of(f.recurrent, unit.saved(0));
    const auto g = value_of(f.activation, unit.saved(1));
    const auto dh = unit.gradient(0);
    unit.set_sum_gradient(0, dh * (g - unit.dropped_previous()) * slope_of(f.recurrent, unit.saved(0)));
    unit.set_sum_gradient(1, dh * z * slope_of(f.activation, unit.saved(1)));
    unit.set_previous_gradient(0, unit.through_dropout(dh - dh * z));
  }
};

const Registration<MinGru> registration;

}  // namespace
}  // namespace recurra::rnn
