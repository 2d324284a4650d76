// Follow the regularised leader (McMahan et al., "Ad click prediction: a view from the trenches", KDD 2013), with p the
// learning-rate power, λ₁ and λ₂ the penalties, σ the shrinkage and b Keras's beta:
//   s' = s + g²,   z ← z + g + 2 σ θ − (s'^−p − s^−p) / η · θ,   s ← s'
//   θ ← (clip(z, −λ₁, λ₁) − z) / (s^−p / η + 2 λ₂ + b / η)
#include <algorithm>
#include <cmath>

#include "recurra/optim/rules.h"
#include "recurra/optim/sweep.h"

namespace recurra::optim {

void ftrl(const ParameterBlock& block, const Tensor& accumulator, const Tensor& linear, double rate, double power,
          double l1, double l2, double shrinkage, double beta) {
  check_slot(block, accumulator, "ftrl");
  check_slot(block, linear, "ftrl");
  dispatch_float(block.values().dtype(), "ftrl", [&]<class T>() {
    const Runs<T> run(block);
    const T per_rate = static_cast<T>(1 / rate);
    const T p = static_cast<T>(-power);
    const T one = static_cast<T>(l1);
    const T two = static_cast<T>(2 * l2 + beta / rate);
    const T shrink = static_cast<T>(2 * shrinkage);
    const bool root = power == -0.5;
    const auto raised = [&](T s) { return root ? std::sqrt(s) : std::pow(s, p); };
    sweep(run.count, 60, [&](Index begin, Index end) {
      T* __restrict values = run.values;
      const T* __restrict g = run.gradients;
      T* __restrict s = accumulator.data<T>();
      T* __restrict z = linear.data<T>();
      for (Index i = begin; i < end; ++i) {
        const T before = raised(s[i]);
        s[i] += g[i] * g[i];
        const T after = raised(s[i]);
        z[i] += g[i] + shrink * values[i] - (after - before) * per_rate * values[i];
        const T clipped = std::min(std::max(z[i], -one), one);
        const T divisor = after * per_rate + two;
        // Nothing has been learned of this parameter while the divisor is 0 (a zero accumulator, no gradient yet).
        values[i] = divisor == T(0) ? T(0) : (clipped - z[i]) / divisor;
      }
    });
  });
}

}  // namespace recurra::optim
