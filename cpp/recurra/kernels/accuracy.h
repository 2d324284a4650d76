// How far a vectorised float function is from the exact one, measured over float32 arguments.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "recurra/kernels/vec.h"

namespace recurra {

inline constexpr std::uint64_t float_patterns = std::uint64_t{1} << 32;

/// Distance from the exact value in units of the last place of a float of that size; infinite if one is NaN and the
/// other is not.
inline double ulps(float got, double exact) {
  if (std::isnan(got) || std::isnan(exact))
    return std::isnan(got) == std::isnan(exact) ? 0 : std::numeric_limits<double>::infinity();
  const int exponent = std::max(std::ilogb(exact), std::numeric_limits<float>::min_exponent - 1);
  return std::abs(static_cast<double>(got) - exact) / std::ldexp(1.0, exponent - 23);
}

/// The largest error of f (vector to vector) against exact (double to double) over every `stride`-th bit pattern from
/// `begin` up to `end`. Counted are the arguments whose exact result is a normal float or NaN.
template <class F, class Exact>
double largest_error(std::uint64_t begin, std::uint64_t end, std::uint64_t stride, const F& f, const Exact& exact) {
  constexpr int L = lanes<float>;
  constexpr double smallest = std::numeric_limits<float>::min();
  constexpr double highest = std::numeric_limits<float>::max();
  double largest = 0;
  float x[L];
  for (std::uint64_t first = begin; first < end; first += stride * L) {
    for (int lane = 0; lane < L; ++lane)
      x[lane] = std::bit_cast<float>(static_cast<std::uint32_t>(first + static_cast<std::uint64_t>(lane) * stride));
    const Vec<float> y = f(load(x));
    for (int lane = 0; lane < L; ++lane) {
      const double e = exact(static_cast<double>(x[lane]));
      if (std::abs(e) < smallest || std::abs(e) > highest) continue;
      largest = std::max(largest, ulps(y[lane], e));
    }
  }
  return largest;
}

}  // namespace recurra
