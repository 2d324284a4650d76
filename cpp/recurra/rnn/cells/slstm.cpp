// The scalar LSTM of Beck et al., "xLSTM: extended long short-term memory", 2024: an exponential input gate, a
// normaliser n and a stabiliser m, which keeps the exponents at or below 0.
//
//   i~, f~, o, g = x_t W + h_{t-1} R + b
//   m_t = max(log s(f~) + m_{t-1}, i~)      i = exp(i~ - m_t)      f = exp(log s(f~) + m_{t-1} - m_t)
//   c_t = f c_{t-1} + i a(g)      n_t = f n_{t-1} + i      h_t = s(o) c_t / n_t
//
// Where n_{t-1} is 0 nothing has been stored: there m_t = i~ and f = 0. One of the exponents is 0, so n_t is at least
// the smaller of 1 and n_{t-1}.
//
// m scales c and n alike and h not at all: its gradient D = dm - dc c - dn n is 0 where only h is used. It is kept,
// since c, n and m may be used too.
//
// Columns of both kernels and slots: i, f, g, o. States: h, c, n, m.
#include "recurra/rnn/cells/log_sigmoid.h"
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct Slstm {
  static constexpr const char* name = "slstm";
  static constexpr int states = 4;
  static constexpr int slots = 4;
  static constexpr int input_block[] = {0, 1, 2, 3};
  static constexpr int recurrent_block[] = {0, 1, 2, 3};
  static constexpr int bias_rows = 1;
  static constexpr Stage stages[] = {{0, 4}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& fn, const Unit& unit) {
    const auto g = activate(fn.activation, unit.sum[2]);
    const auto o = activate(fn.recurrent, unit.sum[3]);
    unit.save(0, unit.sum[0]);
    unit.save(1, unit.sum[1]);
    unit.save(2, to_save(fn.activation, unit.sum[2], g));
    unit.save(3, to_save(fn.recurrent, unit.sum[3], o));
    const auto gates = gates_of(unit, unit.sum[0], unit.sum[1]);
    const auto c = gates.f * unit.previous(1) + rounded_product(gates.i, g);
    const auto n = gates.f * unit.previous(2) + gates.i;
    unit.set_state(0, o * quotient(c, n));
    unit.set_state(1, c);
    unit.set_state(2, n);
    unit.set_state(3, gates.m);
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& fn, const Unit& unit) {
    const auto g = value_of(fn.activation, unit.saved(2));
    const auto o = value_of(fn.recurrent, unit.saved(3));
    const auto f_sum = unit.saved(1);
    const auto gates = gates_of(unit, unit.saved(0), f_sum);
    const auto c_before = unit.previous(1), n_before = unit.previous(2);
    const auto c = gates.f * c_before + rounded_product(gates.i, g);
    const auto n = gates.f * n_before + gates.i;
    const auto ratio = quotient(c, n);
    const auto dh = unit.gradient(0);
    const auto through_ratio = quotient(dh * o, n);
    const auto dc = unit.gradient(1) + through_ratio;
    const auto dn = unit.gradient(2) - through_ratio * ratio;
    const auto dm = unit.gradient(3) - (rounded_product(dc, c) + dn * n);
    const auto through_kept = gates.f * (rounded_product(dc, c_before) + dn * n_before);
    const auto through_i = gates.i * (dc * g + dn);
    const auto d_kept = larger(gates, through_kept + dm, through_kept);
    unit.set_sum_gradient(0, larger(gates, through_i, through_i + dm));
    unit.set_sum_gradient(1, d_kept * log_sigmoid_slope(f_sum));
    unit.set_sum_gradient(2, dc * gates.i * slope_of(fn.activation, unit.saved(2)));
    unit.set_sum_gradient(3, dh * ratio * slope_of(fn.recurrent, unit.saved(3)));
    unit.set_previous_gradient(0, {});
    unit.set_previous_gradient(1, dc * gates.f);
    unit.set_previous_gradient(2, dn * gates.f);
    unit.set_previous_gradient(3, d_kept);
  }

 private:
  template <class Value>
  struct Gates {
    Value i_sum, kept, m, i, f;  // kept = log s(f~) + m_{t-1}, -inf where nothing has been stored
  };

  template <class Unit, class T, int width>
  RECURRA_INLINE static Gates<Pack<T, width>> gates_of(const Unit& unit, const Pack<T, width>& i_sum,
                                                       const Pack<T, width>& f_sum) {
    using Value = Pack<T, width>;
    const Value log_f = log_sigmoid(f_sum), m_before = unit.previous(3), n_before = unit.previous(2);
    const Value kept = Value::made([&](auto k) __attribute__((always_inline)) {
      return n_before.part[k] == T(0) ? broadcast(T(-__builtin_inff())) : log_f.part[k] + m_before.part[k];
    });
    const Value m =
        Value::made([&](auto k) __attribute__((always_inline)) { return max<T>(kept.part[k], i_sum.part[k]); });
    return {i_sum, kept, m, activate(Activation::exponential, i_sum - m), activate(Activation::exponential, kept - m)};
  }

  template <class T, int width>
  RECURRA_INLINE static Pack<T, width> quotient(const Pack<T, width>& a, const Pack<T, width>& b) {
    return Pack<T, width>::made([&](auto k) __attribute__((always_inline)) { return a.part[k] / b.part[k]; });
  }

  // `kept` where that was the larger exponent, `fresh` where the input's was.
  template <class T, int width>
  RECURRA_INLINE static Pack<T, width> larger(const Gates<Pack<T, width>>& gates, const Pack<T, width>& kept,
                                              const Pack<T, width>& fresh) {
    return Pack<T, width>::made([&](auto k) __attribute__((always_inline)) {
      return gates.kept.part[k] > gates.i_sum.part[k] ? kept.part[k] : fresh.part[k];
    });
  }
};

const Registration<Slstm> registration;

}  // namespace
}  // namespace recurra::rnn
