// The poolings of the quasi-recurrent network of Bradbury et al., "Quasi-recurrent neural networks", 2016. Gates and
// candidate see a window of the input, which the layer lays side by side; the step is linear in the state.
//
//   f:    h_t = f h_{t-1} + (1 - f) z
//   fo:   c_t = f c_{t-1} + (1 - f) z      h_t = o c_t
//   ifo:  c_t = f c_{t-1} + i z            h_t = o c_t
//
// z = a(sum), f, o, i = s(sum). Columns of the kernel and slots: z, f, o, i, as far as there are. States: h; with o
// also c.
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

template <int gates>
struct QrnnPooling {
  static constexpr const char* name = gates == 2 ? "qrnn_f" : gates == 3 ? "qrnn_fo" : "qrnn_ifo";
  static constexpr bool opens = gates > 2, enters = gates > 3;
  static constexpr int states = opens ? 2 : 1;
  static constexpr int memory = states - 1;
  static constexpr int slots = gates;
  static constexpr int input_block[] = {0, 1, 2, 3};  // the first of them
  static constexpr int recurrent_block[] = {none, none, none, none};
  static constexpr int bias_rows = 1;
  static constexpr Stage stages[] = {{0, gates}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& fn, const Unit& unit) {
    const auto z = activate(fn.activation, unit.sum[0]);
    const auto f = activate(fn.recurrent, unit.sum[1]);
    unit.save(0, to_save(fn.activation, unit.sum[0], z));
    unit.save(1, to_save(fn.recurrent, unit.sum[1], f));
    auto i = f;
    if constexpr (enters) {
      i = activate(fn.recurrent, unit.sum[3]);
      unit.save(3, to_save(fn.recurrent, unit.sum[3], i));
    }
    const auto c = pooled(f, i, z, unit.previous(memory));
    if constexpr (opens) {
      const auto o = activate(fn.recurrent, unit.sum[2]);
      unit.save(2, to_save(fn.recurrent, unit.sum[2], o));
      unit.set_state(0, o * c);
    }
    unit.set_state(memory, c);
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& fn, const Unit& unit) {
    const auto z = value_of(fn.activation, unit.saved(0));
    const auto f = value_of(fn.recurrent, unit.saved(1));
    const auto before = unit.previous(memory);
    auto dc = unit.gradient(memory);
    if constexpr (opens) {
      const auto o = value_of(fn.recurrent, unit.saved(2));
      const auto dh = unit.gradient(0);
      const auto i = enters ? value_of(fn.recurrent, unit.saved(slots - 1)) : f;
      dc = dc + dh * o;
      unit.set_sum_gradient(2, dh * pooled(f, i, z, before) * slope_of(fn.recurrent, unit.saved(2)));
      unit.set_previous_gradient(0, {});
    }
    auto dz = dc - dc * f, df = dc * (before - z);
    if constexpr (enters) {
      dz = dc * value_of(fn.recurrent, unit.saved(3));
      df = dc * before;
      unit.set_sum_gradient(3, dc * z * slope_of(fn.recurrent, unit.saved(3)));
    }
    unit.set_sum_gradient(0, dz * slope_of(fn.activation, unit.saved(0)));
    unit.set_sum_gradient(1, df * slope_of(fn.recurrent, unit.saved(1)));
    unit.set_previous_gradient(memory, dc * f);
  }

 private:
  template <class Value>
  RECURRA_INLINE static Value pooled(const Value& f, const Value& i, const Value& z, const Value& before) {
    const auto entering = rounded_product(i, z);
    if constexpr (enters) return f * before + entering;
    else return z + f * (before - z);
  }
};

const Registration<QrnnPooling<2>> pooling_f;
const Registration<QrnnPooling<3>> pooling_fo;
const Registration<QrnnPooling<4>> pooling_ifo;

}  // namespace
}  // namespace recurra::rnn
