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
    using I = Vec<std::uint32_t>;  // exponents of NaN overflow
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

/// 2^n, where `shifted` is a whole number n in [-126, 127] plus 1.5 * 2^23. Anything for NaN.
RECURRA_INLINE Vec<float> power_of_two(Vec<float> shifted) {
  return reinterpret_cast<Vec<float>>((reinterpret_cast<Vec<std::uint32_t>>(shifted) << 23) + 0x3F800000U);
}

/// e^x - 1 for x <= 0, accurate relative to its value also where x is small; NaN for NaN, anything for x > 0.
template <class T>
RECURRA_INLINE Vec<T> expm1_of_negative(Vec<T> x) {
  if constexpr (std::is_same_v<T, float>) {
    using V = Vec<float>;
    // x = n ln 2 + r; e^r - 1 = r + r^2 q(r).
    constexpr float round = 12582912.0F;
    const V a = min<float>(max<float>(x, broadcast(-87.33654F)), V{});
    const V shifted = a * 1.44269504F + round;
    const V n = shifted - round;
    const V r = (a - n * 0.693359375F) + n * 2.12194440e-4F;
    V q = r * 1.394649704e-3F + 8.366610626e-3F;
    q = q * r + 4.16662814e-2F;
    q = q * r + 1.666654279e-1F;
    q = q * r + 0.5F;
    const V grown = q * (r * r) + r;
    const V power = power_of_two(shifted);
    const V y = power * grown + (power - 1.0F);
    return x == x ? y : x;
  } else {
    return per_lane<T>(x, [](T v) { return std::expm1(v); });
  }
}

/// n / d for d in [2^-125, 2^125], without a division where an approximate reciprocal and one correction are faster.
RECURRA_INLINE Vec<float> quotient(Vec<float> n, Vec<float> d) {
#if defined(__AVX512F__)
  const Vec<float> r = _mm512_maskz_rcp14_ps(0xFFFF, d);
  const Vec<float> y = n * r;
  return y + r * (n - d * y);
#else
  return n / d;
#endif
}

RECURRA_INLINE Vec<float> magnitude(Vec<float> x) {
  return reinterpret_cast<Vec<float>>(reinterpret_cast<Vec<std::int32_t>>(x) & 0x7FFFFFFF);
}

/// tanh(x) = h / (h + 1) with h = (e^2x - 1) / 2, which keeps its relative accuracy where x is small.
template <class T>
RECURRA_INLINE Vec<T> tanh(Vec<T> x) {
  if constexpr (std::is_same_v<T, float>) {
    using V = Vec<float>;
    using I = Vec<std::int32_t>;
    // 2 |x| = n ln 2 + 2 r; (e^2r - 1) / 2 = r + r^2 q(r), minimax relative to r. Beyond 9.02 tanh rounds to 1.
    constexpr float round = 12582912.0F;
    const V a = min<float>(broadcast(9.02F), magnitude(x));
    const V shifted = a * 2.88539008F + round;
    const V r = a - (shifted - round) * 0.34657359F;
    V q = r * 4.4628790528e-2F + 1.33865770016e-1F;
    q = q * r + 3.333302512e-1F;
    q = q * r + 6.666617116e-1F;
    q = q * r + 1.0F;
    const V grown = q * (r * r) + r;
    const V power = power_of_two(shifted);
    const V h = power * grown + (power * 0.5F - 0.5F);
    const V y = quotient(h, h + 1.0F);
    constexpr auto sign = static_cast<std::int32_t>(0x80000000);
    return reinterpret_cast<V>(reinterpret_cast<I>(y) | (reinterpret_cast<I>(x) & sign));
  } else {
    return per_lane<T>(x, [](T v) { return std::tanh(v); });
  }
}

/// The logistic function 1 / (1 + e^-x), as e^x / (1 + e^x) where x < 0: accurate relative to its value also where it
/// is tiny. Results below the smallest normal number become 0.
template <class T>
RECURRA_INLINE Vec<T> sigmoid(Vec<T> x) {
  if constexpr (std::is_same_v<T, float>) {
    using V = Vec<float>;
    // -|x| = n ln 2 + r; e^r - 1 = r + r^2 q(r).
    constexpr float round = 12582912.0F;
    constexpr float lowest = 87.33654F;
    const V size = magnitude(x);
    const V a = min<float>(broadcast(lowest), size);
    const V shifted = round - a * 1.44269504F;
    const V n = shifted - round;
    const V r = (-a - n * 0.693359375F) + n * 2.12194440e-4F;
    V q = r * 1.394649704e-3F + 8.366610626e-3F;
    q = q * r + 4.16662814e-2F;
    q = q * r + 1.666654279e-1F;
    q = q * r + 0.5F;
    const V grown = q * (r * r) + r;
    const V power = power_of_two(shifted);
    const V e = size > lowest ? V{} : power * grown + power;
    return quotient(x < 0.0F ? e : broadcast(1.0F), 1.0F + e);
  } else {
    return 1 / (1 + exp<T>(-x));
  }
}

/// n / sqrt(x), within 2 units of the last place; 0 for a finite n where x is infinite.
template <class T>
RECURRA_INLINE Vec<T> over_root(Vec<T> n, Vec<T> x) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) {
    // Root and division take five times as long as an approximate inverse root with one step of Newton's method.
    const Vec<float> r = _mm512_maskz_rsqrt14_ps(0xFFFF, x);
    const Vec<float> half = r * 0.5F;
    const Vec<float> y = n * (r + half * (1.0F - (x * r) * r));
    return x == __builtin_inff() ? n * 0.0F : y;
  }
#endif
  return n / square_root<T>(x);
}

/// n / (sqrt(x) + epsilon), likewise, for epsilon > 0.
template <class T>
RECURRA_INLINE Vec<T> over_root(Vec<T> n, Vec<T> x, T epsilon) {
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) {
    const Vec<float> positive = max<float>(broadcast(1e-37F), x);
    const Vec<float> r = _mm512_maskz_rsqrt14_ps(0xFFFF, positive);
    const Vec<float> rough = positive * r;
    const Vec<float> root = rough + (r * 0.5F) * (positive - rough * rough);
    return x == __builtin_inff() ? n * 0.0F : quotient(n, root + epsilon);
  }
#endif
  return n / (square_root<T>(x) + epsilon);
}

}  // namespace recurra::math
