// A simple recurrent network with one gate between its state and a candidate.
//
//   g   = s(x_t W_g + h_{t-1} R_g + b_g)
//   n   = a(x_t W_n + h_{t-1} R_n + b_n)
//   h_t = (1 - g) h_{t-1} + g n
//
// Columns of both kernels and slots: g, n.
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct GatedRnn {
  static constexpr const char* name = "gated_rnn";
  static constexpr int states = 1;
  static constexpr int slots = 2;
  static constexpr int input_block[] = {0, 1};
  static constexpr int recurrent_block[] = {0, 1};
  static constexpr int bias_rows = 1;
  static constexpr Stage stages[] = {{0, 2}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& f, const Unit& unit) {
    const auto g = activate(f.recurrent, unit.sum[0]);
    const auto n = activate(f.activation, unit.sum[1]);
    unit.save(0, to_save(f.recurrent, unit.sum[0], g));
    unit.save(1, to_save(f.activation, unit.sum[1], n));
    const auto h = unit.previous(0);
    unit.set_state(0, h + g * (n - h));
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& f, const Unit& unit) {
    const auto g = value_of(f.recurrent, unit.saved(0));
    const auto n = value_of(f.activation, unit.saved(1));
    const auto dh = unit.gradient(0);
    unit.set_sum_gradient(0, dh * (n - unit.previous(0)) * slope_of(f.recurrent, unit.saved(0)));
    unit.set_sum_gradient(1, dh * g * slope_of(f.activation, unit.saved(1)));
    unit.set_previous_gradient(0, dh - dh * g);
  }
};

const Registration<GatedRnn> registration;

}  // namespace
}  // namespace recurra::rnn
