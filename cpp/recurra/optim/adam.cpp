// The Adam family: m a running mean of the gradient, v a running mean of its square.
//   m ← m + (1 − β₁)(g − m),   v ← v + (1 − β₂)(g² − v)
// Adam     (Kingma and Ba, ICLR 2015):  θ ← θ − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)
// AMSGrad  (Reddi et al., ICLR 2018):   v̂ ← max(v̂, v) takes the place of v
// Adamax   (Kingma and Ba, section 7):  u ← max(β₂ u, |g|),  θ ← θ − η m / ((1 − β₁ᵗ)(u + ε))
// Nadam    (Dozat, 2016): uₜ = β₁ (1 − ½·0.96ᵗ), Πₜ = u₁…uₜ,
//   θ ← θ − η (uₜ₊₁ m / (1 − Πₜ uₜ₊₁) + (1 − uₜ) g / (1 − Πₜ)) / (√(v / (1 − β₂ᵗ)) + ε)
#include <cmath>

#include "recurra/kernels/math.h"
#include "recurra/optim/rules.h"
#include "recurra/optim/sweep.h"

namespace recurra::optim {

void adam(const ParameterBlock& block, const Tensor& first, const Tensor& second, const Tensor& largest, double rate,
          double beta_1, double beta_2, double epsilon, Index step) {
  check_slot(block, first, "adam");
  check_slot(block, second, "adam");
  if (largest.defined()) check_slot(block, largest, "adam");
  const auto t = static_cast<double>(step);
  const double alpha = rate * std::sqrt(1 - std::pow(beta_2, t)) / (1 - std::pow(beta_1, t));
  dispatch_float(block.values().dtype(), "adam", [&]<class T>() {
    const Runs<T> run(block);
    const T eta = static_cast<T>(alpha);
    const T take_1 = static_cast<T>(1 - beta_1);
    const T take_2 = static_cast<T>(1 - beta_2);
    const T eps = static_cast<T>(epsilon);
    const auto pass = [&]<bool amsgrad>() {
      sweep(run.count, 25, [&](Index begin, Index end) {
        T* __restrict values = run.values;
        const T* __restrict g = run.gradients;
        T* __restrict m = first.data<T>();
        T* __restrict v = second.data<T>();
        T* __restrict top = amsgrad ? largest.data<T>() : nullptr;
        for (Index i = begin; i < end; i += lanes<T>) {
          const Index left = end - i;
          const Vec<T> gradient = load_part(g + i, left);
          Vec<T> mean = load_part(m + i, left);
          mean += (gradient - mean) * take_1;
          store_part(m + i, mean, left);
          Vec<T> square = load_part(v + i, left);
          square += (gradient * gradient - square) * take_2;
          store_part(v + i, square, left);
          if constexpr (amsgrad) {
            square = max<T>(square, load_part(top + i, left));
            store_part(top + i, square, left);
          }
          const Vec<T> delta = math::over_root<T>(mean * eta, square, eps);
          store_part(values + i, load_part(values + i, left) - delta, left);
        }
      });
    };
    if (largest.defined()) pass.template operator()<true>();
    else pass.template operator()<false>();
  });
}

void adamax(const ParameterBlock& block, const Tensor& first, const Tensor& norm, double rate, double beta_1,
            double beta_2, double epsilon, Index step) {
  check_slot(block, first, "adamax");
  check_slot(block, norm, "adamax");
  const double unbiased = rate / (1 - std::pow(beta_1, static_cast<double>(step)));
  dispatch_float(block.values().dtype(), "adamax", [&]<class T>() {
    const Runs<T> run(block);
    const T eta = static_cast<T>(unbiased);
    const T take_1 = static_cast<T>(1 - beta_1);
    const T keep_2 = static_cast<T>(beta_2);
    const T eps = static_cast<T>(epsilon);
    sweep(run.count, 15, [&](Index begin, Index end) {
      T* __restrict values = run.values;
      const T* __restrict g = run.gradients;
      T* __restrict m = first.data<T>();
      T* __restrict u = norm.data<T>();
      for (Index i = begin; i < end; ++i) {
        m[i] += (g[i] - m[i]) * take_1;
        const T faded = keep_2 * u[i];
        const T size = std::abs(g[i]);
        u[i] = faded < size ? size : faded;
        values[i] -= eta * m[i] / (u[i] + eps);
      }
    });
  });
}

void nadam(const ParameterBlock& block, const Tensor& first, const Tensor& second, double rate, double beta_1,
           double beta_2, double epsilon, Index step, double product) {
  check_slot(block, first, "nadam");
  check_slot(block, second, "nadam");
  const auto t = static_cast<double>(step);
  const double now = beta_1 * (1 - 0.5 * std::pow(0.96, t));
  const double next = beta_1 * (1 - 0.5 * std::pow(0.96, t + 1));
  dispatch_float(block.values().dtype(), "nadam", [&]<class T>() {
    const Runs<T> run(block);
    const T eta = static_cast<T>(rate);
    const T take_1 = static_cast<T>(1 - beta_1);
    const T take_2 = static_cast<T>(1 - beta_2);
    const T of_mean = static_cast<T>(next / (1 - product * next));
    const T of_gradient = static_cast<T>((1 - now) / (1 - product));
    const T unbias = static_cast<T>(1 / (1 - std::pow(beta_2, t)));
    const T eps = static_cast<T>(epsilon);
    sweep(run.count, 25, [&](Index begin, Index end) {
      T* __restrict values = run.values;
      const T* __restrict g = run.gradients;
      T* __restrict m = first.data<T>();
      T* __restrict v = second.data<T>();
      for (Index i = begin; i < end; ++i) {
        m[i] += (g[i] - m[i]) * take_1;
        v[i] += (g[i] * g[i] - v[i]) * take_2;
        values[i] -= eta * (of_mean * m[i] + of_gradient * g[i]) / (std::sqrt(v[i] * unbias) + eps);
      }
    });
  });
}

}  // namespace recurra::optim
