// The fastest this processor can multiply and add, measured: the yardstick of the benchmarks.
#pragma once

#include <algorithm>
#include <chrono>

#include "recurra/kernels/vec.h"

namespace recurra {

/// Floating-point operations a second of one thread that does nothing but independent fused multiply-adds of T, for
/// about `seconds`.
template <class T>
double fma_rate(double seconds) {
  constexpr int chains = 12;
  constexpr int rounds = 100'000;
  Vec<T> sum[chains];
  for (int i = 0; i < chains; ++i) sum[i] = broadcast(static_cast<T>(i));
  const Vec<T> factor = broadcast(static_cast<T>(0.999));
  const Vec<T> term = broadcast(static_cast<T>(0.001));
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  double best = 0;
  while (std::chrono::duration<double>(Clock::now() - begin).count() < seconds) {
    const auto start = Clock::now();
    for (int round = 0; round < rounds; ++round)
      unroll<chains>([&](auto i) __attribute__((always_inline)) { sum[i] = in_register(sum[i] * factor + term); });
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::max(best, 2.0 * chains * rounds * lanes<T> / took);
  }
  return best;
}

/// Floating-point operations a second of num_threads() threads together, in float32, measured for about `seconds`.
double fma_peak(double seconds);

}  // namespace recurra
