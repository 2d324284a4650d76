// The minimal long short-term memory of Feng et al., "Were RNNs all we needed?", 2024: gates and candidate see the
// input only, and the gates share one out, so that the step is linear in the state.
//
//   i, f = s(x_t W + b)      g = a(x_t W_g + b_g)      z = i / (f + i)      h_t = h_{t-1} + z (g - h_{t-1})
//
// With i~, f~ the sums, A = 1 + e^-f~ and B = 1 + e^-i~:  z = A / (A + B),  dz/di~ = z e^-i~ / (A + B),  dz/df~ = -(1 -
// z) e^-f~ / (A + B). Both are scaled by e^m, m = min(0, i~, f~), so that no exponent is above 0. Columns of the kernel
// and slots: i, f, g. With recurrent dropout the decaying state is the dropped one.
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct MinLstm {
  static constexpr const char* name = "min_lstm";
  static constexpr int states = 1;
  static constexpr int slots = 3;
  static constexpr int input_block[] = {0, 1, 2};
  static constexpr int recurrent_block[] = {none, none, none};
  static constexpr int bias_rows = 1;
  static constexpr Stage stages[] = {{0, 3}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& f, const Unit& unit) {
    const auto g = activate(f.activation, unit.sum[2]);
    unit.save(0, unit.sum[0]);
    unit.save(1, unit.sum[1]);
    unit.save(2, to_save(f.activation, unit.sum[2], g));
    const auto before = unit.dropped_previous();
    unit.set_state(0, before + share_of(unit.sum[0], unit.sum[1]).z * (g - before));
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& f, const Unit& unit) {
    const auto share = share_of(unit.saved(0), unit.saved(1));
    const auto z = share.z;
    const auto g = value_of(f.activation, unit.saved(2));
    const auto dh = unit.gradient(0);
    const auto before = unit.dropped_previous();
    unit.set_sum_gradient(0, dh * (g - before) * z * share.to_i);
    unit.set_sum_gradient(1, dh * (before - g) * (share.rest * share.to_f));
    unit.set_sum_gradient(2, dh * z * slope_of(f.activation, unit.saved(2)));
    unit.set_previous_gradient(0, unit.through_dropout(dh - dh * z));
  }

 private:
  // z, 1 - z, and e^-i~ / (A + B), e^-f~ / (A + B).
  template <class Value>
  struct Share {
    Value z, rest, to_i, to_f;
  };

  template <class T, int width>
  RECURRA_INLINE static Share<Pack<T, width>> share_of(const Pack<T, width>& i_sum, const Pack<T, width>& f_sum) {
    Share<Pack<T, width>> share;
    unroll<width>([&](auto k) __attribute__((always_inline)) {
      const Vec<T> least = min<T>(Vec<T>{}, min<T>(i_sum.part[k], f_sum.part[k]));
      const Vec<T> one = math::exp<T>(least);
      const Vec<T> to_i = math::exp<T>(least - i_sum.part[k]), to_f = math::exp<T>(least - f_sum.part[k]);
      const Vec<T> a = one + to_f, b = one + to_i;
      const Vec<T> over = T(1) / (a + b);
      share.z.part[k] = a * over;
      share.rest.part[k] = b * over;
      share.to_i.part[k] = to_i * over;
      share.to_f.part[k] = to_f * over;
    });
    return share;
  }
};

const Registration<MinLstm> registration;

}  // namespace
}  // namespace recurra::rnn
