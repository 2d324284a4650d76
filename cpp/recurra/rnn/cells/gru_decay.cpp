// The gated recurrent unit of Che et al., "Recurrent neural networks for multivariate time series with missing values",
// 2018 (GRU-D): the state decays with the time that passed before it is used.
//
//   y    = exp(-max(0, x_t D + d)) h_{t-1}
//   z, r = s(x_t W + y R + b)
//   n    = a(x_t W_n + (r y) R_n + b_n)
//   h_t  = z y + (1 - z) n
//
// Columns of the kernel: z, r, n, decay; of the recurrent kernel: z, r, n. Slots: decay, z, r, n; then, going backward,
// gradients of y that later stages hand to the first: of y itself, and of y as the products see it. Three stages: the
// decayed state, whose product makes the gates, whose product makes n. With recurrent dropout both products see the
// dropped state, the interpolation the state itself.
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct GruDecay {
  static constexpr const char* name = "gru_decay";
  static constexpr int states = 1;
  static constexpr int slots = 6;
  static constexpr int input_block[] = {3, 0, 1, 2, none, none};
  static constexpr int recurrent_block[] = {none, 0, 1, 2, none, none};
  static constexpr int bias_rows = 1;
  static constexpr Stage stages[] = {{0, 1}, {1, 2}, {3, 1}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& f, const Unit& unit) {
    if constexpr (stage == 0) {
      const auto decay = decay_of(unit.sum[0]);
      unit.save(0, decay);
      unit.set_operand(decay * unit.dropped_previous());
    } else if constexpr (stage == 1) {
      const auto z = activate(f.recurrent, unit.sum[1]);
      const auto r = activate(f.recurrent, unit.sum[2]);
      unit.save(1, to_save(f.recurrent, unit.sum[1], z));
      unit.save(2, to_save(f.recurrent, unit.sum[2], r));
      unit.set_operand(r * unit.saved(decayed));
    } else {
      const auto z = value_of(f.recurrent, unit.saved(1));
      const auto n = activate(f.activation, unit.sum[3]);
      unit.save(3, to_save(f.activation, unit.sum[3], n));
      unit.set_state(0, z * (unit.saved(0) * unit.previous(0)) + (n - z * n));
    }
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& f, const Unit& unit) {
    if constexpr (stage == 2) {
      const auto z = value_of(f.recurrent, unit.saved(1));
      const auto n = value_of(f.activation, unit.saved(3));
      const auto y = unit.saved(0) * unit.previous(0);
      const auto dh = unit.gradient(0);
      unit.set_sum_gradient(1, dh * (y - n) * slope_of(f.recurrent, unit.saved(1)));
      unit.set_sum_gradient(3, (dh - dh * z) * slope_of(f.activation, unit.saved(3)));
      unit.set_sum_gradient(of_y, dh * z);
      unit.set_previous_gradient(0, {});
    } else if constexpr (stage == 1) {
      const auto r = value_of(f.recurrent, unit.saved(2));
      const auto d_operand = unit.gradient_of_operand();
      unit.set_sum_gradient(2, d_operand * unit.saved(decayed) * slope_of(f.recurrent, unit.saved(2)));
      unit.set_sum_gradient(of_dropped_y, d_operand * r);
    } else {
      const auto decay = unit.saved(0), dy = unit.saved(of_y);
      const auto d_dropped = unit.gradient_of_operand() + unit.saved(of_dropped_y);
      const auto d_decay = d_dropped * unit.dropped_previous() + dy * unit.previous(0);
      unit.set_sum_gradient(0, through_decay(decay, d_decay));
      unit.add_previous_gradient(0, unit.through_dropout(d_dropped * decay) + dy * decay);
    }
  }

 private:
  static constexpr int of_y = 4, of_dropped_y = 5, decayed = slots;  // the operand of the first stage

  template <class T, int width>
  RECURRA_INLINE static Pack<T, width> decay_of(const Pack<T, width>& sum) {
    return Pack<T, width>::made(
        [&](auto i) __attribute__((always_inline)) { return math::exp<T>(-max<T>(Vec<T>{}, sum.part[i])); });
  }

  template <class T, int width>
  RECURRA_INLINE static Pack<T, width> through_decay(const Pack<T, width>& decay, const Pack<T, width>& d_decay) {
    return Pack<T, width>::made([&](auto i) __attribute__((always_inline)) {
      return decay.part[i] < T(1) ? -(decay.part[i] * d_decay.part[i]) : Vec<T>{};
    });
  }
};

const Registration<GruDecay> registration;

}  // namespace
}  // namespace recurra::rnn
