// RMSprop: gradients divided by a running root of their mean square (Tieleman and Hinton, Coursera lecture 6.5, 2012;
// centered: Graves, "Generating sequences with recurrent neural networks", 2013).
//   s ← ρ s + (1 − ρ) g²,   a ← ρ a + (1 − ρ) g   (centered only)
//   Δ = η g / √(s − a² + ε),   m ← μ m + Δ,   θ ← θ − m   (θ ← θ − Δ when μ = 0)
// ε stands inside the root, as in Keras.
#include "recurra/kernels/math.h"
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
        for (Index i = begin; i < end; i += lanes<T>) {
          const Index left = end - i;
          const Vec<T> gradient = load_part(g + i, left);
          const Vec<T> fresh = keep * load_part(s + i, left) + take * (gradient * gradient);
          store_part(s + i, fresh, left);
          Vec<T> variance = fresh;
          if constexpr (centered) {
            const Vec<T> middle = keep * load_part(a + i, left) + take * gradient;
            store_part(a + i, middle, left);
            variance -= middle * middle;
          }
          Vec<T> delta = math::over_root<T>(eta * gradient, variance + eps);
          if constexpr (with_momentum) {
            delta = mu * load_part(m + i, left) + delta;
            store_part(m + i, delta, left);
          }
          store_part(values + i, load_part(values + i, left) - delta, left);
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
