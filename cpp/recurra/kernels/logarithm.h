// The natural logarithm on vectors, without branches or tables.
#pragma once

#include <cmath>

#include "recurra/kernels/vec.h"

namespace recurra::math {

/// ln x of positive normal numbers, within 2^-23 times the larger of 1 and the result. Anything for other numbers.
template <class T>
RECURRA_INLINE Vec<T> log(Vec<T> x) {
  if constexpr (std::is_same_v<T, float>) {
    using V = Vec<float>;
    using I = Vec<std::int32_t>;
    // x = 2^e (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2); ln(1 + f) = f - f^2 / 2 + f^3 p(f), p minimax.
    constexpr std::int32_t root_of_half = 0x3F3504F3;
    const I bits = reinterpret_cast<I>(x);
    const I exponent = (bits - root_of_half) >> 23;
    const V f = reinterpret_cast<V>(bits - (exponent << 23)) - 1.0F;
    const V e = __builtin_convertvector(exponent, V);
    V p = f * 8.700355142e-2F - 1.426742822e-1F;
    p = p * f + 1.491477191e-1F;
    p = p * f - 1.657759249e-1F;
    p = p * f + 1.996306479e-1F;
    p = p * f - 2.500133812e-1F;
    p = p * f + 3.333390951e-1F;
    const V square = f * f;
    const V small = e * -2.12194440e-4F + (p * f - 0.5F) * square;
    return e * 0.693359375F + (f + small);
  } else {
    return per_lane<T>(x, [](T v) { return std::log(v); });
  }
}

}  // namespace recurra::math
