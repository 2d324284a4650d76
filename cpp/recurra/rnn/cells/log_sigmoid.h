// log sigmoid on vectors, for gates whose logarithms are compared.
#pragma once

#include "recurra/kernels/pack.h"

namespace recurra::rnn {

/// log(1 / (1 + e^-x)) = min(x, 0) - log(1 + t), t = e^-|x|. With s = t / (2 + t), which is at most 1/3,
/// log(1 + t) = 2 (s + s^3 / 3 + s^5 / 5 + …); seven terms are exact to the rounding of a float.
template <class T>
RECURRA_INLINE Vec<T> log_sigmoid(Vec<T> x) {
  if constexpr (std::is_same_v<T, float>) {
    const Vec<T> t = math::exp<T>(-math::magnitude(x));
    const Vec<T> s = t / (t + T(2));
    const Vec<T> square = s * s;
    Vec<T> p = square * T(1.0 / 15) + T(1.0 / 13);
    for (const double power : {11.0, 9.0, 7.0, 5.0, 3.0}) p = p * square + static_cast<T>(1 / power);
    return min<T>(Vec<T>{}, x) - T(2) * in_register(s + p * (square * s));
  } else {
    return -softplus<T>(-x);
  }
}

template <class T, int width>
RECURRA_INLINE Pack<T, width> log_sigmoid(const Pack<T, width>& x) {
  return Pack<T, width>::made([&](auto i) __attribute__((always_inline)) { return log_sigmoid<T>(x.part[i]); });
}

/// Its slope, s(-x).
template <class T, int width>
RECURRA_INLINE Pack<T, width> log_sigmoid_slope(const Pack<T, width>& x) {
  return Pack<T, width>::made([&](auto i) __attribute__((always_inline)) { return math::sigmoid<T>(-x.part[i]); });
}

}  // namespace recurra::rnn
