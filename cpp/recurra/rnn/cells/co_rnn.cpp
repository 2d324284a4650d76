// The coupled oscillatory network of Rusch & Mishra, "Coupled oscillatory recurrent neural network (coRNN)", 2021: a
// step of damped, driven oscillators, y their places and z their speeds.
//
//   z_t = z_{t-1} + d (a(x_t W + y_{t-1} R + z_{t-1} S + b) - g y_{t-1} - e z_{t-1})      y_t = y_{t-1} + d z_t
//
// Columns of the recurrent kernel: R, S. Slots: the sum of x and y, that of z. Weight vectors: the step d, the
// frequency g, the damping e. States: y, z. Two stages: the first hands on z_{t-1}, whose product completes the sum.
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct CoRnn {
  static constexpr const char* name = "co_rnn";
  static constexpr int states = 2;
  static constexpr int slots = 2;
  static constexpr int input_block[] = {0, none};
  static constexpr int recurrent_block[] = {0, 1};
  static constexpr int bias_rows = 1;
  static constexpr int vectors = 3;
  static constexpr bool needs_vectors = true;
  static constexpr Stage stages[] = {{0, 1}, {1, 1}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& fn, const Unit& unit) {
    if constexpr (stage == 0) {
      unit.save(0, unit.sum[0]);
      unit.set_operand(unit.previous(1));
    } else {
      const auto sum = unit.saved(0) + unit.sum[1];
      const auto drive = activate(fn.activation, sum);
      unit.save(0, to_save(fn.activation, sum, drive));
      const auto z = unit.previous(1) + unit.vector(0) * acceleration(unit, drive);
      unit.set_state(0, unit.previous(0) + unit.vector(0) * z);
      unit.set_state(1, z);
    }
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& fn, const Unit& unit) {
    if constexpr (stage == 1) {
      const auto step = unit.vector(0);
      const auto faster = acceleration(unit, value_of(fn.activation, unit.saved(0)));
      const auto dy = unit.gradient(0);
      const auto dz = unit.gradient(1) + dy * step;
      const auto d = dz * step;
      unit.add_vector_gradient(0, rounded_product(dz, faster) + dy * (unit.previous(1) + step * faster));
      unit.add_vector_gradient(1, typename Unit::Value{} - d * unit.previous(0));
      unit.add_vector_gradient(2, typename Unit::Value{} - d * unit.previous(1));
      const auto d_sum = d * slope_of(fn.activation, unit.saved(0));
      unit.set_sum_gradient(0, d_sum);
      unit.set_sum_gradient(1, d_sum);
      unit.set_previous_gradient(0, dy - d * unit.vector(1));
      unit.set_previous_gradient(1, dz - d * unit.vector(2));
    } else {
      unit.add_previous_gradient(1, unit.gradient_of_operand());
      unit.set_dropped_previous_gradient({});
    }
  }

 private:
  template <class Unit, class Value>
  RECURRA_INLINE static Value acceleration(const Unit& unit, const Value& drive) {
    return (drive - rounded_product(unit.vector(1), unit.previous(0))) - unit.vector(2) * unit.previous(1);
  }
};

const Registration<CoRnn> registration;

}  // namespace
}  // namespace recurra::rnn
