// The activation functions a layer can name: value and slope, on vectors. One table for layers, cells, ops and streams.
//
// A forward pass saves one number per element for the backward pass. For most functions the slope follows from the
// value y; where it does not (`slope_needs_input`), the argument x is saved instead and the value computed again.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>
#include <string_view>

#include "recurra/base/check.h"
#include "recurra/kernels/math.h"

namespace recurra {

enum class Activation : std::uint8_t {
  linear,
  relu,        // max(x, 0)
  relu6,       // min(max(x, 0), 6)
  leaky_relu,  // x > 0 ? x : x / 5
  elu,         // x > 0 ? x : e^x - 1                                       Clevert et al. 2015
  selu,        // scale * (x > 0 ? x : alpha (e^x - 1))                     Klambauer et al. 2017
  softplus,    // log(1 + e^x)
  softsign,    // x / (1 + |x|)
  tanh,
  sigmoid,       // 1 / (1 + e^-x)
  hard_sigmoid,  // relu6(x + 3) / 6
  hard_tanh,     // min(max(x, -1), 1)
  exponential,   // e^x
  silu,          // x sigmoid(x)                                              Elfwing et al. 2017, "swish"
  hard_silu,     // x hard_sigmoid(x)
  gelu,          // x Phi(x), Phi the normal distribution function            Hendrycks & Gimpel 2016
  mish,          // x tanh(softplus(x))                                       Misra 2019
};

struct ActivationName {
  std::string_view name;
  Activation kind;
};

inline constexpr ActivationName activation_names[] = {
    {"linear", Activation::linear},
    {"relu", Activation::relu},
    {"relu6", Activation::relu6},
    {"leaky_relu", Activation::leaky_relu},
    {"elu", Activation::elu},
    {"selu", Activation::selu},
    {"softplus", Activation::softplus},
    {"softsign", Activation::softsign},
    {"tanh", Activation::tanh},
    {"sigmoid", Activation::sigmoid},
    {"hard_sigmoid", Activation::hard_sigmoid},
    {"hard_tanh", Activation::hard_tanh},
    {"exponential", Activation::exponential},
    {"silu", Activation::silu},
    {"swish", Activation::silu},
    {"hard_silu", Activation::hard_silu},
    {"hard_swish", Activation::hard_silu},
    {"gelu", Activation::gelu},
    {"mish", Activation::mish},
};

inline std::optional<Activation> activation_from_name(std::string_view name) {
  for (const ActivationName& row : activation_names)
    if (row.name == name) return row.kind;
  return std::nullopt;
}

/// The same; throws for a name that is not in the table.
inline Activation activation_named(std::string_view name, const char* who) {
  const std::optional<Activation> kind = activation_from_name(name);
  if (kind) return *kind;
  std::string known;
  for (const ActivationName& row : activation_names) known += (known.empty() ? "" : ", ") + std::string(row.name);
  throw std::invalid_argument(text(who, ": there is no activation '", name, "' in the engine; it has ", known));
}

namespace selu_constants {
inline constexpr double alpha = 1.6732632423543772848170429916717;
inline constexpr double scale = 1.0507009873554804934193349852946;
}  // namespace selu_constants

template <class T>
RECURRA_INLINE Vec<T> softplus(Vec<T> x) {
  return per_lane<T>(x, [](T v) { return (v > 0 ? v : T(0)) + std::log1p(std::exp(v > 0 ? -v : v)); });
}

/// Phi(v), by erfc, which is accurate relative to its value where 1 + erf would cancel.
template <class T>
T normal_distribution(T v) {
  return T(0.5) * std::erfc(-v * (std::numbers::sqrt2_v<T> / T(2)));
}

template <class T>
RECURRA_INLINE Vec<T> hard_sigmoid(Vec<T> x) {
  return min<T>(max<T>(x * T(1.0 / 6) + T(0.5), Vec<T>{}), broadcast(T(1)));
}

/// Whether the slope needs the argument rather than the value: where the value rounds away what the slope is made of.
constexpr bool slope_needs_input(Activation kind) {
  return kind == Activation::elu || kind == Activation::selu || kind == Activation::silu ||
         kind == Activation::hard_silu || kind == Activation::gelu || kind == Activation::mish;
}

template <class T>
RECURRA_INLINE Vec<T> activate(Activation kind, Vec<T> x) {
  const Vec<T> zero{};
  switch (kind) {
    case Activation::linear: return x;
    case Activation::tanh: return math::tanh<T>(x);
    case Activation::sigmoid: return math::sigmoid<T>(x);
    case Activation::relu: return max<T>(zero, x);  // NaN stays NaN
    case Activation::relu6: return min<T>(max<T>(x, zero), broadcast(T(6)));
    case Activation::leaky_relu: return x > zero ? x : x * T(0.2);
    case Activation::elu: return x > zero ? x : math::expm1_of_negative<T>(x);
    case Activation::selu:
      return T(selu_constants::scale) * (x > zero ? x : T(selu_constants::alpha) * math::expm1_of_negative<T>(x));
    case Activation::softplus: return softplus<T>(x);
    case Activation::softsign: return x / (1 + (x > zero ? x : -x));
    case Activation::hard_sigmoid: return hard_sigmoid<T>(x);
    case Activation::hard_tanh: return min<T>(max<T>(x, broadcast(T(-1))), broadcast(T(1)));
    case Activation::exponential: return math::exp<T>(x);
    case Activation::silu: return x * math::sigmoid<T>(x);
    case Activation::hard_silu: return x * hard_sigmoid<T>(x);
    case Activation::gelu: return per_lane<T>(x, [](T v) { return v * normal_distribution(v); });
    case Activation::mish: return x * math::tanh<T>(softplus<T>(x));
  }
  return x;
}

/// Calls body(kind), with the kind a compile-time constant where it is the one that costs less than choosing it.
template <class Body>
RECURRA_INLINE void with_activation(Activation kind, const Body& body) {
  if (kind == Activation::relu) body(std::integral_constant<Activation, Activation::relu>{});
  else body(kind);
}

/// What a forward pass saves of one element.
template <class T>
RECURRA_INLINE Vec<T> to_save(Activation kind, Vec<T> x, Vec<T> y) {
  return slope_needs_input(kind) ? x : y;
}

/// The value, from what was saved.
template <class T>
RECURRA_INLINE Vec<T> value_of(Activation kind, Vec<T> saved) {
  return slope_needs_input(kind) ? activate<T>(kind, saved) : saved;
}

/// dy/dx, from what was saved: the value y, or the argument x where slope_needs_input(kind).
template <class T>
RECURRA_INLINE Vec<T> slope_of(Activation kind, Vec<T> s) {
  const Vec<T> zero{};
  const Vec<T> one = broadcast(T(1));
  switch (kind) {
    case Activation::linear: return one;
    case Activation::tanh: return 1 - s * s;
    case Activation::sigmoid: return s * (1 - s);
    case Activation::relu: return s > zero ? one : zero;
    case Activation::relu6: return ((s > zero) & (s < T(6))) ? one : zero;
    case Activation::leaky_relu: return s > zero ? one : broadcast(T(0.2));
    case Activation::elu: return s > zero ? one : math::exp<T>(s);
    case Activation::selu:
      return T(selu_constants::scale) * (s > zero ? one : T(selu_constants::alpha) * math::exp<T>(s));
    case Activation::softplus: return per_lane<T>(s, [](T y) { return -std::expm1(-y); });
    case Activation::softsign: {
      const Vec<T> t = 1 - (s > zero ? s : -s);
      return t * t;
    }
    case Activation::hard_sigmoid: return ((s > zero) & (s < T(1))) ? broadcast(T(1.0 / 6)) : zero;
    case Activation::hard_tanh: return ((s > T(-1)) & (s < T(1))) ? one : zero;
    case Activation::exponential: return s;
    case Activation::silu: {
      const Vec<T> g = math::sigmoid<T>(s);
      return g * (1 + s * (1 - g));
    }
    case Activation::hard_silu: return s > T(3) ? one : (s < T(-3) ? zero : s * T(1.0 / 3) + T(0.5));
    case Activation::gelu:
      return per_lane<T>(s, [](T x) {
        const T density = std::exp(-x * x / 2) * T(std::numbers::inv_sqrtpi / std::numbers::sqrt2);
        return normal_distribution(x) + x * density;
      });
    case Activation::mish: {
      const Vec<T> t = math::tanh<T>(softplus<T>(s));
      return t + s * (1 - t * t) * math::sigmoid<T>(s);
    }
  }
  return one;
}

}  // namespace recurra
