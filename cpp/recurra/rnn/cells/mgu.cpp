// Minimal gated unit: one gate both forgets and resets; Zhou et al., "Minimal gated unit for recurrent neural
// networks", 2016.
//
//   f   = s(x_t W_f + h_{t-1} R_f + b_f)
//   n   = a(x_t W_n + (f h_{t-1}) R_n + b_n)
//   h_t = (1 - f) h_{t-1} + f n
//
// Columns of both kernels and slots: f, n; a third slot belongs to no product: going backward it carries what f gets
// from the interpolation to the stage of f. Two stages: n multiplies what the gate made. With recurrent dropout both
// products see the dropped state, the interpolation the state itself.
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct Mgu {
  static constexpr const char* name = "mgu";
  static constexpr int states = 1;
  static constexpr int slots = 3;
  static constexpr int input_block[] = {0, 1, none};
  static constexpr int recurrent_block[] = {0, 1, none};
  static constexpr int bias_rows = 1;
  static constexpr Stage stages[] = {{0, 1}, {1, 1}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& fn, const Unit& unit) {
    if constexpr (stage == 0) {
      const auto f = activate(fn.recurrent, unit.sum[0]);
      unit.save(0, to_save(fn.recurrent, unit.sum[0], f));
      unit.set_operand(f * unit.dropped_previous());
    } else {
      const auto f = value_of(fn.recurrent, unit.saved(0));
      const auto n = activate(fn.activation, unit.sum[1]);
      const auto h = unit.previous(0);
      unit.save(1, to_save(fn.activation, unit.sum[1], n));
      unit.set_state(0, h + f * (n - h));
    }
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& fn, const Unit& unit) {
    if constexpr (stage == 1) {
      const auto f = value_of(fn.recurrent, unit.saved(0));
      const auto n = value_of(fn.activation, unit.saved(1));
      const auto dh = unit.gradient(0);
      unit.set_sum_gradient(1, dh * f * slope_of(fn.activation, unit.saved(1)));
      unit.set_previous_gradient(0, dh - dh * f);
      unit.set_sum_gradient(2, dh * (n - unit.previous(0)));
    } else {
      const auto f = value_of(fn.recurrent, unit.saved(0));
      const auto d_operand = unit.gradient_of_operand();
      const auto df = unit.saved(2) + d_operand * unit.dropped_previous();
      unit.set_sum_gradient(0, df * slope_of(fn.recurrent, unit.saved(0)));
      unit.set_dropped_previous_gradient(d_operand * f);
    }
  }
};

const Registration<Mgu> registration;

}  // namespace
}  // namespace recurra::rnn
