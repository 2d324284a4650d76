// A simple recurrent network whose units see their own past only; Li et al., "Independently recurrent neural network",
// 2018.
//
//   h_t = f(x_t W + u h_{t-1} + b)
//
// No recurrent product: u is the cell's one weight vector.
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct IndRnn {
  static constexpr const char* name = "ind_rnn";
  static constexpr int states = 1;
  static constexpr int slots = 1;
  static constexpr int input_block[] = {0};
  static constexpr int recurrent_block[] = {none};
  static constexpr int bias_rows = 1;
  static constexpr int vectors = 1;
  static constexpr bool needs_vectors = true;
  static constexpr Stage stages[] = {{0, 1}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& f, const Unit& unit) {
    const auto sum = unit.sum[0] + unit.vector(0) * unit.dropped_previous();
    const auto h = activate(f.activation, sum);
    unit.save(0, to_save(f.activation, sum, h));
    unit.set_state(0, h);
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& f, const Unit& unit) {
    const auto d = unit.gradient(0) * slope_of(f.activation, unit.saved(0));
    unit.set_sum_gradient(0, d);
    unit.add_vector_gradient(0, d * unit.dropped_previous());
    unit.set_previous_gradient(0, unit.through_dropout(d * unit.vector(0)));
  }
};

const Registration<IndRnn> registration;

}  // namespace
}  // namespace recurra::rnn
