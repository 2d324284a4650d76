// Long short-term memory with its sums normalised (normal.h), and its cell state on the way out.
//
//   i, f, o, g  as in lstm.h, of normalised sums      c_t = f c_{t-1} + i g
//   h_t = o a(gain normal(c_t) + shift)
//
// Columns of both kernels and slots: i, f, g, o; then the normalised c. Weight vectors: the gains of h R, of c, then
// the shift of c, then the gains of x W. States: h, c.
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct LstmNormalised {
  static constexpr const char* name = "lstm_normalised";
  static constexpr bool normalised = true;
  static constexpr int states = 2;
  static constexpr int slots = 5;
  static constexpr int input_block[] = {0, 1, 2, 3, none};
  static constexpr int recurrent_block[] = {0, 1, 2, 3, itself};
  static constexpr int bias_rows = 1;
  static constexpr int vectors = 10;
  static constexpr bool needs_vectors = true;
  static constexpr Stage stages[] = {{0, 4}, {4, 1}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& fn, const Unit& unit) {
    if constexpr (stage == 0) {
      const auto i = activate(fn.recurrent, unit.sum[0]);
      const auto f = activate(fn.recurrent, unit.sum[1]);
      const auto g = activate(fn.activation, unit.sum[2]);
      const auto o = activate(fn.recurrent, unit.sum[3]);
      const auto c = clipped(unclipped(i, f, g, unit.previous(1)), unit.clip);
      unit.save(0, to_save(fn.recurrent, unit.sum[0], i));
      unit.save(1, to_save(fn.recurrent, unit.sum[1], f));
      unit.save(2, to_save(fn.activation, unit.sum[2], g));
      unit.save(3, to_save(fn.recurrent, unit.sum[3], o));
      unit.set_state(1, c);
      unit.set_operand(c);
    } else {
      const auto sum = unit.sum[4] + unit.vector(5);
      const auto out = activate(fn.activation, sum);
      unit.save(4, to_save(fn.activation, sum, out));
      unit.set_state(0, value_of(fn.recurrent, unit.saved(3)) * out);
    }
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& fn, const Unit& unit) {
    if constexpr (stage == 1) {
      const auto dh = unit.gradient(0);
      const auto d = dh * value_of(fn.recurrent, unit.saved(3)) * slope_of(fn.activation, unit.saved(4));
      unit.set_sum_gradient(3, dh * value_of(fn.activation, unit.saved(4)) * slope_of(fn.recurrent, unit.saved(3)));
      unit.set_sum_gradient(4, d);
      unit.add_vector_gradient(5, d);
      unit.set_previous_gradient(0, {});
    } else {
      const auto i = value_of(fn.recurrent, unit.saved(0));
      const auto f = value_of(fn.recurrent, unit.saved(1));
      const auto g = value_of(fn.activation, unit.saved(2));
      const auto c_before = unit.previous(1);
      const auto dc =
          clipped_gradient(unclipped(i, f, g, c_before), unit.clip, unit.gradient(1) + unit.gradient_of_operand());
      unit.set_sum_gradient(0, dc * g * slope_of(fn.recurrent, unit.saved(0)));
      unit.set_sum_gradient(1, dc * c_before * slope_of(fn.recurrent, unit.saved(1)));
      unit.set_sum_gradient(2, dc * i * slope_of(fn.activation, unit.saved(2)));
      unit.set_previous_gradient(1, dc * f);
      unit.set_dropped_previous_gradient({});
    }
  }

 private:
  template <class Value>
  RECURRA_INLINE static Value unclipped(const Value& i, const Value& f, const Value& g, const Value& c_before) {
    return f * c_before + rounded_product(i, g);
  }
};

const Registration<LstmNormalised> registration;

}  // namespace
}  // namespace recurra::rnn
