// Long short-term memory whose gates see the cell state through whole matrices; Gers & Schmidhuber 2000, with matrices
// in place of their diagonals.
//
//   i, f = s(x_t W + h_{t-1} R + c_{t-1} V + b)    g = a(x_t W_g + h_{t-1} R_g + b_g)
//   c_t  = f c_{t-1} + i g, within the unit's bound
//   o    = s(x_t W_o + h_{t-1} R_o + c_t V_o + b_o)    h_t = o a(c_t)
//
// Columns of the kernel: i, f, g, o; of the recurrent kernel: the same of R, then i, f, o of V. Slots alike. Three
// stages: R h_{t-1} makes no state yet and hands on c_{t-1}; its product makes c_t, whose product makes h_t.
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct LstmFullPeephole {
  static constexpr const char* name = "lstm_full_peephole";
  static constexpr int states = 2;
  static constexpr int slots = 7;
  static constexpr int input_block[] = {0, 1, 2, 3, none, none, none};
  static constexpr int recurrent_block[] = {0, 1, 2, 3, 4, 5, 6};
  static constexpr int bias_rows = 1;
  static constexpr Stage stages[] = {{0, 4}, {4, 2}, {6, 1}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& fn, const Unit& unit) {
    if constexpr (stage == 0) {
      unroll<4>([&](auto slot) { unit.save(slot, unit.sum[slot]); });
      unit.set_operand(unit.previous(1));
    } else if constexpr (stage == 1) {
      const auto i_sum = unit.saved(0) + unit.sum[4];
      const auto f_sum = unit.saved(1) + unit.sum[5];
      const auto g_sum = unit.saved(2);
      const auto i = activate(fn.recurrent, i_sum);
      const auto f = activate(fn.recurrent, f_sum);
      const auto g = activate(fn.activation, g_sum);
      const auto c = clipped(unclipped(i, f, g, unit.previous(1)), unit.clip);
      unit.save(0, to_save(fn.recurrent, i_sum, i));
      unit.save(1, to_save(fn.recurrent, f_sum, f));
      unit.save(2, to_save(fn.activation, g_sum, g));
      unit.set_state(1, c);
      unit.set_operand(c);
    } else {
      const auto o_sum = unit.saved(3) + unit.sum[6];
      const auto o = activate(fn.recurrent, o_sum);
      unit.save(3, to_save(fn.recurrent, o_sum, o));
      unit.set_state(0, o * activate(fn.activation, unit.saved(new_c)));
    }
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& fn, const Unit& unit) {
    if constexpr (stage == 2) {
      const auto o = value_of(fn.recurrent, unit.saved(3));
      const auto c = unit.saved(new_c);
      const auto squashed = activate(fn.activation, c);
      const auto dh = unit.gradient(0);
      const auto d_o = dh * squashed * slope_of(fn.recurrent, unit.saved(3));
      unit.set_sum_gradient(3, d_o);
      unit.set_sum_gradient(6, d_o);
      // Slot 4 is free until the next stage: it carries what c gets from h.
      unit.set_sum_gradient(4, dh * o * slope_of(fn.activation, to_save(fn.activation, c, squashed)));
      unit.set_previous_gradient(0, {});
    } else if constexpr (stage == 1) {
      const auto i = value_of(fn.recurrent, unit.saved(0));
      const auto f = value_of(fn.recurrent, unit.saved(1));
      const auto g = value_of(fn.activation, unit.saved(2));
      const auto c_before = unit.previous(1);
      const auto dc = clipped_gradient(unclipped(i, f, g, c_before), unit.clip,
                                       unit.gradient(1) + unit.saved(4) + unit.gradient_of_operand());
      const auto di = dc * g * slope_of(fn.recurrent, unit.saved(0));
      const auto df = dc * c_before * slope_of(fn.recurrent, unit.saved(1));
      unit.set_sum_gradient(2, dc * i * slope_of(fn.activation, unit.saved(2)));
      unit.set_sum_gradient(0, di);
      unit.set_sum_gradient(4, di);
      unit.set_sum_gradient(1, df);
      unit.set_sum_gradient(5, df);
      unit.set_previous_gradient(1, dc * f);
    } else {
      unit.add_previous_gradient(1, unit.gradient_of_operand());
      unit.set_dropped_previous_gradient({});
    }
  }

 private:
  static constexpr int new_c = slots + 1;  // where stage 1 leaves its operand

  template <class Value>
  RECURRA_INLINE static Value unclipped(const Value& i, const Value& f, const Value& g, const Value& c_before) {
    return f * c_before + rounded_product(i, g);
  }
};

const Registration<LstmFullPeephole> registration;

}  // namespace
}  // namespace recurra::rnn
