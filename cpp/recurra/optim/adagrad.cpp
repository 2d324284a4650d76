// Rules that add up squared gradients.
// Adagrad  (Duchi, Hazan and Singer, JMLR 2011):  s ← s + g²,  θ ← θ − η g / √(s + ε)
// Adadelta (Zeiler, arXiv:1212.5701, 2012):  s ← ρ s + (1 − ρ) g²,  Δ = −√(d + ε) / √(s + ε) · g,
//   d ← ρ d + (1 − ρ) Δ²,  θ ← θ + η Δ
#include <cmath>

#include "recurra/optim/rules.h"
#include "recurra/optim/sweep.h"

namespace recurra::optim {

void adagrad(const ParameterBlock& block, const Tensor& accumulator, double rate, double epsilon) {
  check_slot(block, accumulator, "adagrad");
  dispatch_float(block.values().dtype(), "adagrad", [&]<class T>() {
    const Runs<T> run(block);
    const T eta = static_cast<T>(rate);
    const T eps = static_cast<T>(epsilon);
    sweep(run.count, 15, [&](Index begin, Index end) {
      T* __restrict values = run.values;
      const T* __restrict g = run.gradients;
      T* __restrict s = accumulator.data<T>();
      for (Index i = begin; i < end; ++i) {
        s[i] += g[i] * g[i];
        values[i] -= eta * g[i] / std::sqrt(s[i] + eps);
      }
    });
  });
}

void adadelta(const ParameterBlock& block, const Tensor& gradients, const Tensor& updates, double rate, double rho,
              double epsilon) {
  check_slot(block, gradients, "adadelta");
  check_slot(block, updates, "adadelta");
  dispatch_float(block.values().dtype(), "adadelta", [&]<class T>() {
    const Runs<T> run(block);
    const T eta = static_cast<T>(rate);
    const T keep = static_cast<T>(rho);
    const T take = static_cast<T>(1 - rho);
    const T eps = static_cast<T>(epsilon);
    sweep(run.count, 30, [&](Index begin, Index end) {
      T* __restrict values = run.values;
      const T* __restrict g = run.gradients;
      T* __restrict s = gradients.data<T>();
      T* __restrict d = updates.data<T>();
      for (Index i = begin; i < end; ++i) {
        s[i] = keep * s[i] + take * (g[i] * g[i]);
        const T delta = -(std::sqrt(d[i] + eps) * g[i] / std::sqrt(s[i] + eps));
        d[i] = keep * d[i] + take * (delta * delta);
        values[i] += eta * delta;
      }
    });
  });
}

}  // namespace recurra::optim
