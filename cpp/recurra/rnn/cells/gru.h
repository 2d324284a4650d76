// Gated recurrent unit with the reset gate after the recurrent product (Keras's default, and PyTorch's); after Cho et
// al. 2014.
//
//   z, r = s(x_t W + b + h_{t-1} R + b')
//   n    = a(x_t W_n + b_n + r (h_{t-1} R_n + b'_n))
//   h_t  = z h_{t-1} + (1 - z) n
//
// Columns of both kernels: z, r, n. Slots: the two parts of n stand at the ends (x part, z, r, h part), so that what x
// feeds and what h feeds are each neighbours.
#pragma once

#include "recurra/rnn/cell.h"

namespace recurra::rnn {

struct Gru {
  static constexpr const char* name = "gru";
  static constexpr int states = 1;
  static constexpr int slots = 4;
  static constexpr int input_block[] = {2, 0, 1, none};
  static constexpr int recurrent_block[] = {none, 0, 1, 2};
  static constexpr int bias_rows = 2;
  static constexpr Stage stages[] = {{0, 4}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& f, const Unit& unit) {
    const auto z = activate(f.recurrent, unit.sum[1]);
    const auto r = activate(f.recurrent, unit.sum[2]);
    const auto sum = unit.sum[0] + r * unit.sum[3];
    const auto n = activate(f.activation, sum);
    unit.save(0, to_save(f.activation, sum, n));
    unit.save(1, to_save(f.recurrent, unit.sum[1], z));
    unit.save(2, to_save(f.recurrent, unit.sum[2], r));
    unit.save(3, unit.sum[3]);
    unit.set_state(0, z * unit.previous(0) + (n - z * n));
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& f, const Unit& unit) {
    const auto n = value_of(f.activation, unit.saved(0));
    const auto z = value_of(f.recurrent, unit.saved(1));
    const auto r = value_of(f.recurrent, unit.saved(2));
    const auto dh = unit.gradient(0);
    const auto dn = (dh - dh * z) * slope_of(f.activation, unit.saved(0));
    const auto dz = dh * (unit.previous(0) - n) * slope_of(f.recurrent, unit.saved(1));
    const auto dr = dn * unit.saved(3) * slope_of(f.recurrent, unit.saved(2));
    unit.set_sum_gradient(0, dn);
    unit.set_sum_gradient(1, dz);
    unit.set_sum_gradient(2, dr);
    unit.set_sum_gradient(3, dn * r);
    unit.set_previous_gradient(0, dh * z);
  }
};

}  // namespace recurra::rnn
