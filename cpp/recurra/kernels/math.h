// exp, tanh and the logistic function on vectors, without branches or tables.
//
// float: measured over all 2^32 arguments (tests/cpp/test_math.cpp states and checks the bounds). double: the
// mathematics library, lane by lane, since double serves to check gradients.
#pragma once

#include <cmath>

#include "recurra/kernels/vec.h"

namespace recurra::math {

/// e^x. Results below the smallest normal number become 0. exp(-inf) = 0, exp(inf) = inf, exp(NaN) = NaN.
template <class T>
RECURRA_INLINE Vec<T> exp(Vec<T> x) {
  if constexpr (std::is_same_v<T, float>) {
    using V = Vec<float>;
    using I = Vec<std::int32_t>;
    // x = n ln 2 + r with |r| <= ln 2 / 2: e^x = 2^n e^r. Adding 1.5 * 2^23 rounds to a whole number in place.
    constexpr float round = 12582912.0F;
    constexpr float highest = 88.72283F;
    constexpr float lowest = -87.33654F;
    const V clamped = min<float>(max<float>(x, broadcast(lowest)), broadcast(highest));
    const V shifted = clamped * 1.44269504F + round;
    const V n = shifted - round;
    V r = clamped - n * 0.693359375F;
    r = r + n * 2.12194440e-4F;
    V p = r * 1.38131446e-3F + 8.36941886e-3F;
    p = p * r + 4.16684568e-2F;
    p = p * r + 1.66665148e-1F;
    p = p * r + 4.99999931e-1F;
    p = p * (r * r) + (r + 1.0F);
    const I bits = reinterpret_cast<I>(p) + (reinterpret_cast<I>(shifted) << 23);
    const V scaled = reinterpret_cast<V>(bits);
    const V low = x < lowest ? V{} : scaled;
    const V high = x > highest ? broadcast(__builtin_inff()) : low;
    return x == x ? high : x;
  } else {
    return per_lane<T>(x, [](T v) { return std::exp(v); });
  }
}

/// tanh(x), as x P(x^2) / Q(x^2) with P, Q of degree 4 (relative minimax on |x| <= 9.02, beyond which tanh rounds to
/// 1).
template <class T>
RECURRA_INLINE Vec<T> tanh(Vec<T> x) {
  if constexpr (std::is_same_v<T, float>) {
    using V = Vec<float>;
    constexpr float edge = 9.02F;
    V c = x > edge ? broadcast(edge) : x;
    c = c < -edge ? broadcast(-edge) : c;
    const V u = c * c;
    V p = u * 1.3319090178e-8F + 2.0583497184e-5F;
    p = p * u + 3.4940356334e-3F;
    p = p * u + 1.3379718874e-1F;
    p = p * u + 1.0F;
    V q = u * 7.7620277435e-7F + 3.2830935245e-4F;
    q = q * u + 2.5871077382e-2F;
    q = q * u + 4.6713034114e-1F;
    q = q * u + 1.0F;
    V y = c * p / q;
    y = y > 1.0F ? broadcast(1.0F) : y;
    return y < -1.0F ? broadcast(-1.0F) : y;
  } else {
    return per_lane<T>(x, [](T v) { return std::tanh(v); });
  }
}

/// The logistic function 1 / (1 + e^-x); accurate relative to its value also where it is tiny.
template <class T>
RECURRA_INLINE Vec<T> sigmoid(Vec<T> x) {
  return 1 / (1 + exp<T>(-x));
}

}  // namespace recurra::math
