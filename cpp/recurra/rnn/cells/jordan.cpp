// The network of Jordan, "Serial order: a parallel distributed processing approach", 1986: its output is fed back.
//
//   h_t = a(x_t W + y_{t-1} R + b)      y_t = s(h_t V + c)
//
// State: y, of P units. Slots: the sum of h, the sum of y; V is the projection.
#include "recurra/rnn/registration.h"

namespace recurra::rnn {
namespace {

struct Jordan {
  static constexpr const char* name = "jordan";
  static constexpr int states = 1;
  static constexpr int slots = 2;
  static constexpr int input_block[] = {0, none};
  static constexpr int recurrent_block[] = {0, projected};
  static constexpr int bias_rows = 1;
  static constexpr Stage stages[] = {{0, 1}, {1, 1}};

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& f, const Unit& unit) {
    constexpr bool hidden = stage == 0;
    const auto kind = hidden ? f.activation : f.recurrent;
    const auto value = activate(kind, unit.sum[stage]);
    unit.save(stage, to_save(kind, unit.sum[stage], value));
    if constexpr (hidden) unit.set_operand(value);
    else unit.set_state(0, value);
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& f, const Unit& unit) {
    if constexpr (stage == 1) {
      unit.set_sum_gradient(1, unit.gradient(0) * slope_of(f.recurrent, unit.saved(1)));
      unit.set_previous_gradient(0, {});
    } else {
      unit.set_sum_gradient(0, unit.gradient_of_operand() * slope_of(f.activation, unit.saved(0)));
    }
  }
};

const Registration<Jordan> registration;

}  // namespace
}  // namespace recurra::rnn
