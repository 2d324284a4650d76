// Lion (Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023): steps of equal size along the sign
// of an interpolated momentum.
//   θ ← θ − η sign(β₁ m + (1 − β₁) g),   m ← β₂ m + (1 − β₂) g
#include "recurra/optim/rules.h"
#include "recurra/optim/sweep.h"

namespace recurra::optim {

void lion(const ParameterBlock& block, const Tensor& momenta, double rate, double beta_1, double beta_2) {
  check_slot(block, momenta, "lion");
  dispatch_float(block.values().dtype(), "lion", [&]<class T>() {
    const Runs<T> run(block);
    const T eta = static_cast<T>(rate);
    const T keep_1 = static_cast<T>(beta_1);
    const T take_1 = static_cast<T>(1 - beta_1);
    const T keep_2 = static_cast<T>(beta_2);
    const T take_2 = static_cast<T>(1 - beta_2);
    sweep(run.count, 12, [&](Index begin, Index end) {
      T* __restrict values = run.values;
      const T* __restrict g = run.gradients;
      T* __restrict m = momenta.data<T>();
      for (Index i = begin; i < end; ++i) {
        const T direction = keep_1 * m[i] + take_1 * g[i];
        const T sign = static_cast<T>(direction > T(0)) - static_cast<T>(direction < T(0));
        // A NaN gradient must not pass for a direction of 0.
        values[i] -= direction == direction ? eta * sign : direction;
        m[i] = keep_2 * m[i] + take_2 * g[i];
      }
    });
  });
}

}  // namespace recurra::optim
