// A simple recurrent network whose state moves a part of the way; the units of an echo state network, Jaeger, "The echo
// state approach to analysing and training recurrent neural networks", 2001.
//
//   h_t = h_{t-1} + a (f(x_t W + h_{t-1} R + b) - h_{t-1})
//
// The leak a is the cell's one weight vector.
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct LeakyRnn {
  static constexpr const char* name = "leaky_rnn";
  static constexpr int states = 1;
  static constexpr int slots = 1;
  static constexpr int input_block[] = {0};
  static constexpr int recurrent_block[] = {0};
  static constexpr int bias_rows = 1;
  static constexpr int vectors = 1;
  static constexpr bool needs_vectors = true;
  static constexpr Stage stages[] = {{0, 1}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& f, const Unit& unit) {
    const auto n = activate(f.activation, unit.sum[0]);
    unit.save(0, to_save(f.activation, unit.sum[0], n));
    unit.set_state(0, unit.previous(0) + unit.vector(0) * (n - unit.previous(0)));
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& f, const Unit& unit) {
    const auto dh = unit.gradient(0), moved = dh * unit.vector(0);
    unit.set_sum_gradient(0, moved * slope_of(f.activation, unit.saved(0)));
    unit.add_vector_gradient(0, dh * (value_of(f.activation, unit.saved(0)) - unit.previous(0)));
    unit.set_previous_gradient(0, dh - moved);
  }
};

const Registration<LeakyRnn> registration;

}  // namespace
}  // namespace recurra::rnn
