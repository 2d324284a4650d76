#include "recurra/ops/activation.h"

#include <cmath>
#include <numbers>

#include "recurra/kernels/activation.h"
#include "recurra/ops/pointwise.h"

namespace recurra::ops {
namespace {

template <class T>
constexpr T gelu_root = static_cast<T>(0.79788456080286535587989211986876);  // sqrt(2 / pi)
template <class T>
constexpr T gelu_cubic = static_cast<T>(0.044715);

// 1 / (1 + exp(-v)) with exp of a number that is never positive, so it cannot overflow.
template <class T>
T logistic(T v) {
  const T e = std::exp(-std::abs(v));
  return (v >= 0 ? T(1) : e) / (T(1) + e);
}

template <class T>
T log_one_plus_exp(T v) {
  return std::max(v, T(0)) + std::log1p(std::exp(-std::abs(v)));
}

// A function of the kernels' table.
template <Activation kind>
Tensor of_table(const char* name, const Tensor& x, double cost) {
  return smooth_vector(
      name, x, cost, slope_needs_input(kind) ? From::input : From::output,
      []<class T>(Vec<T> v) { return activate<T>(kind, v); }, []<class T>(Vec<T> s) { return slope_of<T>(kind, s); });
}

}  // namespace

Tensor relu(const Tensor& x, double negative_slope, double max_value, double threshold) {
  if (negative_slope == 0 && std::isinf(max_value) && threshold == 0)
    return smooth(
        "relu", x, 1, From::output, []<class T>(T v) { return v > 0 || v != v ? v : T(0); },
        []<class T>(T y) { return y > 0 ? T(1) : T(0); });
  return smooth(
      "relu", x, 3, From::input,
      [=]<class T>(T v) {
        if (v >= static_cast<T>(max_value)) return static_cast<T>(max_value);
        return v > static_cast<T>(threshold) ? v : static_cast<T>(negative_slope) * (v - static_cast<T>(threshold));
      },
      [=]<class T>(T v) {
        if (v >= static_cast<T>(max_value)) return T(0);
        return v > static_cast<T>(threshold) ? T(1) : static_cast<T>(negative_slope);
      });
}

Tensor elu(const Tensor& x, double alpha) {
  return smooth(
      "elu", x, 15, From::input, [alpha]<class T>(T v) { return v > 0 ? v : static_cast<T>(alpha) * std::expm1(v); },
      [alpha]<class T>(T v) { return v > 0 ? T(1) : static_cast<T>(alpha) * std::exp(v); });
}

Tensor selu(const Tensor& x) { return of_table<Activation::selu>("selu", x, 15); }

Tensor celu(const Tensor& x, double alpha) {
  check(alpha != 0, "celu: alpha must not be 0");
  return smooth(
      "celu", x, 15, From::input,
      [alpha]<class T>(T v) {
        const auto a = static_cast<T>(alpha);
        return v > 0 ? v : a * std::expm1(v / a);
      },
      [alpha]<class T>(T v) { return v > 0 ? T(1) : std::exp(v / static_cast<T>(alpha)); });
}

Tensor gelu(const Tensor& x, bool approximate) {
  if (approximate) {
    // (1 + tanh u) / 2 is sigmoid(2 u), which does not cancel.
    return smooth_vector(
        "gelu", x, 30, From::input,
        []<class T>(Vec<T> v) { return v * math::sigmoid<T>(T(2) * gelu_root<T> * (v + gelu_cubic<T> * v * v * v)); },
        []<class T>(Vec<T> v) {
          const Vec<T> g = math::sigmoid<T>(T(2) * gelu_root<T> * (v + gelu_cubic<T> * v * v * v));
          const Vec<T> inner = T(2) * gelu_root<T> * (T(1) + T(3) * gelu_cubic<T> * v * v);
          return g + v * g * (T(1) - g) * inner;
        });
  }
  return of_table<Activation::gelu>("gelu", x, 40);
}

Tensor softplus(const Tensor& x) { return of_table<Activation::softplus>("softplus", x, 30); }

Tensor softsign(const Tensor& x) { return of_table<Activation::softsign>("softsign", x, 5); }

Tensor tanh(const Tensor& x) { return of_table<Activation::tanh>("tanh", x, 20); }

Tensor sigmoid(const Tensor& x) { return of_table<Activation::sigmoid>("sigmoid", x, 20); }

Tensor hard_sigmoid(const Tensor& x) { return of_table<Activation::hard_sigmoid>("hard_sigmoid", x, 3); }

Tensor silu(const Tensor& x) { return of_table<Activation::silu>("silu", x, 20); }

Tensor hard_silu(const Tensor& x) { return of_table<Activation::hard_silu>("hard_silu", x, 3); }

Tensor mish(const Tensor& x) { return of_table<Activation::mish>("mish", x, 60); }

Tensor log_sigmoid(const Tensor& x) {
  return smooth(
      "log_sigmoid", x, 30, From::input, [](auto v) { return -log_one_plus_exp(-v); },
      [](auto v) { return logistic(-v); });
}

Tensor tanh_shrink(const Tensor& x) {
  return smooth(
      "tanh_shrink", x, 20, From::input, [](auto v) { return v - std::tanh(v); },
      [](auto v) { return std::tanh(v) * std::tanh(v); });
}

Tensor hard_shrink(const Tensor& x, double threshold) {
  return smooth(
      "hard_shrink", x, 2, From::input,
      [=]<class T>(T v) { return std::abs(v) > static_cast<T>(threshold) ? v : T(0); },
      [=]<class T>(T v) { return std::abs(v) > static_cast<T>(threshold) ? T(1) : T(0); });
}

Tensor soft_shrink(const Tensor& x, double threshold) {
  return smooth(
      "soft_shrink", x, 3, From::input,
      [=]<class T>(T v) {
        const auto t = static_cast<T>(threshold);
        return v > t ? v - t : v < -t ? v + t : T(0);
      },
      [=]<class T>(T v) { return std::abs(v) > static_cast<T>(threshold) ? T(1) : T(0); });
}

Tensor threshold(const Tensor& x, double threshold, double otherwise) {
  return smooth(
      "threshold", x, 2, From::input,
      [=]<class T>(T v) { return v > static_cast<T>(threshold) ? v : static_cast<T>(otherwise); },
      [=]<class T>(T v) { return v > static_cast<T>(threshold) ? T(1) : T(0); });
}

}  // namespace recurra::ops
