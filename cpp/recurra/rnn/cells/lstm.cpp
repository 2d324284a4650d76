// Long short-term memory; Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000.
//
//   i, f, o = s(x_t W + h_{t-1} R + b)      g = a(x_t W_g + h_{t-1} R_g + b_g)
//   c_t = f c_{t-1} + i g                   h_t = o a(c_t)
//
// Order of gates, in slots and in the columns of both kernels: i, f, g, o. States: h, c.
#include "recurra/rnn/register.h"

namespace recurra::rnn {
namespace {

struct Lstm {
  static constexpr const char* name = "lstm";
  static constexpr int states = 2;
  static constexpr int slots = 4;
  static constexpr int input_block[] = {0, 1, 2, 3};
  static constexpr int recurrent_block[] = {0, 1, 2, 3};
  static constexpr int bias_rows = 1;
  static constexpr Stage stages[] = {{0, 4}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& fn, const Unit& unit) {
    const auto i = activate(fn.recurrent, unit.sum[0]);
    const auto f = activate(fn.recurrent, unit.sum[1]);
    const auto g = activate(fn.activation, unit.sum[2]);
    const auto o = activate(fn.recurrent, unit.sum[3]);
    const auto c = f * unit.previous(1) + rounded_product(i, g);
    unit.save(0, kept(fn.recurrent, unit.sum[0], i));
    unit.save(1, kept(fn.recurrent, unit.sum[1], f));
    unit.save(2, kept(fn.activation, unit.sum[2], g));
    unit.save(3, kept(fn.recurrent, unit.sum[3], o));
    unit.set_state(0, o * activate(fn.activation, c));
    unit.set_state(1, c);
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& fn, const Unit& unit) {
    const auto i = value_of(fn.recurrent, unit.kept(0));
    const auto f = value_of(fn.recurrent, unit.kept(1));
    const auto g = value_of(fn.activation, unit.kept(2));
    const auto o = value_of(fn.recurrent, unit.kept(3));
    const auto c = f * unit.previous(1) + rounded_product(i, g);
    const auto squashed = activate(fn.activation, c);
    const auto dh = unit.gradient(0);
    const auto dc = unit.gradient(1) + dh * o * slope_of(fn.activation, kept(fn.activation, c, squashed));
    const auto di = dc * g * slope_of(fn.recurrent, unit.kept(0));
    const auto df = dc * unit.previous(1) * slope_of(fn.recurrent, unit.kept(1));
    const auto dg = dc * i * slope_of(fn.activation, unit.kept(2));
    const auto d_o = dh * squashed * slope_of(fn.recurrent, unit.kept(3));
    unit.set_sum_gradient(0, di);
    unit.set_sum_gradient(1, df);
    unit.set_sum_gradient(2, dg);
    unit.set_sum_gradient(3, d_o);
    unit.set_previous_gradient(0, {});
    unit.set_previous_gradient(1, dc * f);
  }
};

const Registration<Lstm> registration;

}  // namespace
}  // namespace recurra::rnn
