// The minimal long short-term memory of Feng et al., "Were RNNs all we needed?", 2024: gates and candidate see the
// input only, and the gates share one out, so that the step is linear in the state.
//
//   i, f = s(x_t W + b)      g = a(x_t W_g + b_g)      z = i / (f + i)      h_t = h_{t-1} + z (g - h_{t-1})
//
// z is computed as s(log i - log f), which neither gate's rounding to 0 can spoil. Columns of the kernel and slots: i,
// f, g. With recurrent dropout the decaying state is the dropped one.
#include "recurra/rnn/cells/log_sigmoid.h"
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
    unit.set_state(0, before + share(unit.sum[0], unit.sum[1]) * (g - before));
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& f, const Unit& unit) {
    const auto i_sum = unit.saved(0), f_sum = unit.saved(1);
    const auto z = share(i_sum, f_sum);
    const auto g = value_of(f.activation, unit.saved(2));
    const auto dh = unit.gradient(0);
    const auto before = unit.dropped_previous(), slope = dh * (z - z * z);
    unit.set_sum_gradient(0, slope * (g - before) * log_sigmoid_slope(i_sum));
    unit.set_sum_gradient(1, slope * (before - g) * log_sigmoid_slope(f_sum));
    unit.set_sum_gradient(2, dh * z * slope_of(f.activation, unit.saved(2)));
    unit.set_previous_gradient(0, unit.through_dropout(dh - dh * z));
  }

 private:
  template <class Value>
  RECURRA_INLINE static Value share(const Value& i_sum, const Value& f_sum) {
    return activate(Activation::sigmoid, log_sigmoid(i_sum) - log_sigmoid(f_sum));
  }
};

const Registration<MinLstm> registration;

}  // namespace
}  // namespace recurra::rnn
