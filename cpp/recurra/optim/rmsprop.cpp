// RMSprop: gradients divided by a running root of their mean square (Tieleman and Hinton, Coursera lecture 6.5, 2012;
// centered: Graves, "Generating sequences with recurrent neural networks", 2013).
//   s ← ρ s + (1 − ρ) g²,   a ← ρ a + (1 − ρ) g   (centered only)
//   Δ = η g / √(s − a² + ε),   m ← μ m + Δ,   θ ← θ − m   (θ ← θ − Δ when μ = 0)
// ε stands inside the root, as in Keras.
#include <cmath>

#include "recurra/optim/rules.h"
#include "recurra/optim/sweep.h"

namespace recurra::optim {

void rmsprop(const ParameterBlock& block, const Tensor& square, const Tensor& momenta, const Tensor& mean, double rate,
             double rho, double momentum, double epsilon) {
  check_slot(block, square, "rmsprop");
  if (momenta.defined()) check_slot(block, momenta, "rmsprop");
  if (mean.defined()) check_slot(block, mean, "rmsprop");
  dispatch_float(block.values().dtype(), "rmsprop", [&]<class T>() {
    const Runs<T> run(block);
    const T eta = static_cast<T>(rate);
    const T keep = static_cast<T>(rho);
    const T take = static_cast<T>(1 - rho);
    const T mu = static_cast<T>(momentum);
    const T eps = static_cast<T>(epsilon);
    const auto pass = [&]<bool centered, bool with_momentum>() {
      sweep(run.count, 20, [&](Index begin, Index end) {
        T* __restrict values = run.values;
        const T* __restrict g = run.gradients;
        T* __restrict s = square.data<T>();
        T* __restrict a = centered ? mean.data<T>() : nullptr;
        T* __restrict m = with_momentum ? momenta.data<T>() : nullptr;
        for (Index i = begin; i < end; ++i) {
          s[i] = keep * s[i] + take * (g[i] * g[i]);
          T variance = s[i];
          if constexpr (centered) {
            a[i] = keep * a[i] + take * g[i];
            variance -= a[i] * a[i];
          }
          T delta = eta * g[i] / std::sqrt(variance + eps);
          if constexpr (with_momentum) {
            m[i] = mu * m[i] + delta;
            delta = m[i];
          }
          values[i] -= delta;
        }
      });
    };
    if (mean.defined() && momenta.defined()) pass.template operator()<true, true>();
    else if (mean.defined()) pass.template operator()<true, false>();
    else if (momenta.defined()) pass.template operator()<false, true>();
    else pass.template operator()<false, false>();
  });
}

}  // namespace recurra::optim
