// Gated recurrent unit with the reset gate before the recurrent product; Cho et al. 2014.
//
//   z, r = s(x_t W + h_{t-1} R + b)
//   n    = a(x_t W_n + (r h_{t-1}) R_n + b_n)
//   h_t  = z h_{t-1} + (1 - z) n
//
// Columns of both kernels and slots: z, r, n. Two stages: n multiplies what the gates made. With recurrent dropout both
// products see the dropped state, the interpolation the state itself.
#pragma once

#include "recurra/rnn/cell.h"

namespace recurra::rnn {

struct GruResetBefore {
  static constexpr const char* name = "gru_reset_before";
  static constexpr int states = 1;
  static constexpr int slots = 3;
  static constexpr int input_block[] = {0, 1, 2};
  static constexpr int recurrent_block[] = {0, 1, 2};
  static constexpr int bias_rows = 1;
  static constexpr Stage stages[] = {{0, 2}, {2, 1}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& f, const Unit& unit) {
    if constexpr (stage == 0) {
      const auto z = activate(f.recurrent, unit.sum[0]);
      const auto r = activate(f.recurrent, unit.sum[1]);
      unit.save(0, to_save(f.recurrent, unit.sum[0], z));
      unit.save(1, to_save(f.recurrent, unit.sum[1], r));
      unit.set_operand(r * unit.dropped_previous());
    } else {
      const auto z = value_of(f.recurrent, unit.saved(0));
      const auto n = activate(f.activation, unit.sum[2]);
      unit.save(2, to_save(f.activation, unit.sum[2], n));
      unit.set_state(0, z * unit.previous(0) + (n - z * n));
    }
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& f, const Unit& unit) {
    if constexpr (stage == 1) {
      const auto z = value_of(f.recurrent, unit.saved(0));
      const auto n = value_of(f.activation, unit.saved(2));
      const auto dh = unit.gradient(0);
      unit.set_sum_gradient(0, dh * (unit.previous(0) - n) * slope_of(f.recurrent, unit.saved(0)));
      unit.set_sum_gradient(2, (dh - dh * z) * slope_of(f.activation, unit.saved(2)));
      unit.set_previous_gradient(0, dh * z);
    } else {
      const auto r = value_of(f.recurrent, unit.saved(1));
      const auto d_operand = unit.gradient_of_operand();
      unit.set_sum_gradient(1, d_operand * unit.dropped_previous() * slope_of(f.recurrent, unit.saved(1)));
      unit.set_dropped_previous_gradient(d_operand * r);
    }
  }
};

}  // namespace recurra::rnn
