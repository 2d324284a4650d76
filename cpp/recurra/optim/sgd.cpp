// Gradient descent, with momentum μ in Keras's form (the learning rate is inside the velocity v):
//   θ ← θ − η g                                   μ = 0
//   v ← μ v − η g,  θ ← θ + v                     Polyak, "Some methods of speeding up the convergence", 1964
//   v ← μ v − η g,  θ ← θ + μ v − η g             Nesterov's, in the form of Sutskever et al., ICML 2013
#include "recurra/optim/rules.h"
#include "recurra/optim/sweep.h"

namespace recurra::optim {

void sgd(const ParameterBlock& block, const Tensor& velocity, double rate, double momentum, bool nesterov) {
  if (velocity.defined()) check_slot(block, velocity, "sgd");
  dispatch_float(block.values().dtype(), "sgd", [&]<class T>() {
    const Runs<T> run(block);
    const T eta = static_cast<T>(rate);
    const T mu = static_cast<T>(momentum);
    T* const slot = velocity.defined() ? velocity.data<T>() : nullptr;
    sweep(run.count, 4, [&](Index begin, Index end) {
      T* __restrict values = run.values;
      const T* __restrict g = run.gradients;
      T* __restrict v = slot;
      if (v == nullptr) {
        for (Index i = begin; i < end; ++i) values[i] -= g[i] * eta;
      } else if (nesterov) {
        for (Index i = begin; i < end; ++i) {
          v[i] = v[i] * mu - g[i] * eta;
          values[i] += v[i] * mu - g[i] * eta;
        }
      } else {
        for (Index i = begin; i < end; ++i) {
          v[i] = v[i] * mu - g[i] * eta;
          values[i] += v[i];
        }
      }
    });
  });
}

}  // namespace recurra::optim
