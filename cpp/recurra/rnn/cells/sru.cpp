// The simple recurrent unit of Lei et al., "Simple recurrent units for highly parallelizable recurrence", 2018: gates
// see the input and their own unit's memory, and the input passes by the memory.
//
//   f, r = s(x_t W + v c_{t-1} + b)      c_t = f c_{t-1} + (1 - f) u      h_t = r a(c_t) + (1 - r) p
//
// u = x_t W_u and p = x_t P, or x_t itself. No recurrent product: v are two weight vectors, of f and r. Columns of the
// kernel and slots: u, f, r, p. States: h, c.
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct Sru {
  static constexpr const char* name = "sru";
  static constexpr int states = 2;
  static constexpr int slots = 4;
  static constexpr int input_block[] = {0, 1, 2, 3};
  static constexpr int recurrent_block[] = {none, none, none, none};
  static constexpr int bias_rows = 1;
  static constexpr int vectors = 2;
  static constexpr bool needs_vectors = true;
  static constexpr Stage stages[] = {{0, 4}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& fn, const Unit& unit) {
    const auto before = unit.previous(1);
    const auto f_sum = unit.sum[1] + unit.vector(0) * before, r_sum = unit.sum[2] + unit.vector(1) * before;
    const auto f = activate(fn.recurrent, f_sum), r = activate(fn.recurrent, r_sum);
    unit.save(0, unit.sum[0]);
    unit.save(1, to_save(fn.recurrent, f_sum, f));
    unit.save(2, to_save(fn.recurrent, r_sum, r));
    unit.save(3, unit.sum[3]);
    const auto c = unit.sum[0] + f * (before - unit.sum[0]);
    unit.set_state(0, unit.sum[3] + r * (activate(fn.activation, c) - unit.sum[3]));
    unit.set_state(1, c);
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& fn, const Unit& unit) {
    const auto u = unit.saved(0), p = unit.saved(3), before = unit.previous(1);
    const auto f = value_of(fn.recurrent, unit.saved(1)), r = value_of(fn.recurrent, unit.saved(2));
    const auto c = u + f * (before - u), squashed = activate(fn.activation, c);
    const auto dh = unit.gradient(0);
    const auto through_r = dh * r;
    const auto dc = unit.gradient(1) + through_r * slope_of(fn.activation, to_save(fn.activation, c, squashed));
    const auto df = dc * (before - u) * slope_of(fn.recurrent, unit.saved(1));
    const auto dr = dh * (squashed - p) * slope_of(fn.recurrent, unit.saved(2));
    unit.set_sum_gradient(0, dc - dc * f);
    unit.set_sum_gradient(1, df);
    unit.set_sum_gradient(2, dr);
    unit.set_sum_gradient(3, dh - through_r);
    unit.add_vector_gradient(0, df * before);
    unit.add_vector_gradient(1, dr * before);
    unit.set_previous_gradient(0, {});
    unit.set_previous_gradient(1, dc * f + df * unit.vector(0) + dr * unit.vector(1));
  }
};

const Registration<Sru> registration;

}  // namespace
}  // namespace recurra::rnn
