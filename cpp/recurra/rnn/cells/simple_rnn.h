// The simple (Elman) recurrent network; Elman, "Finding structure in time", 1990.
//
//   h_t = f(x_t W + h_{t-1} R + b)
#pragma once

#include "recurra/rnn/cell.h"

namespace recurra::rnn {

struct SimpleRnn {
  static constexpr const char* name = "simple_rnn";
  static constexpr int states = 1;
  static constexpr int slots = 1;
  static constexpr int input_block[] = {0};
  static constexpr int recurrent_block[] = {0};
  static constexpr int bias_rows = 1;
  static constexpr Stage stages[] = {{0, 1}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& f, const Unit& unit) {
    const auto h = activate(f.activation, unit.sum[0]);
    unit.save(0, to_save(f.activation, unit.sum[0], h));
    unit.set_state(0, h);
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& f, const Unit& unit) {
    unit.set_sum_gradient(0, unit.gradient(0) * slope_of(f.activation, unit.saved(0)));
    unit.set_previous_gradient(0, {});
  }
};

}  // namespace recurra::rnn
