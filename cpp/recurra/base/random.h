// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
// A number is a pure function of (seed, stream, position), so any thread can make any part of a sequence, and a dropout
// mask (kernels/noise.h) can be made again in the backward pass instead of being stored.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace recurra {

class Philox {
 public:
  Philox(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}

  /// Four independent 32-bit words at `position`.
  std::array<std::uint32_t, 4> words(std::uint64_t position) const {
    std::array<std::uint32_t, 4> c = {static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32),
                                      static_cast<std::uint32_t>(stream_), static_cast<std::uint32_t>(stream_ >> 32)};
    auto k0 = static_cast<std::uint32_t>(seed_);
    auto k1 = static_cast<std::uint32_t>(seed_ >> 32);
    for (int round = 0; round < rounds; ++round, k0 += steps[0], k1 += steps[1]) {
      const std::uint64_t p0 = std::uint64_t{factors[0]} * c[0];
      const std::uint64_t p1 = std::uint64_t{factors[1]} * c[2];
      c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<std::uint32_t>(p1),
           static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<std::uint32_t>(p0)};
    }
    return c;
  }

  std::uint32_t word(std::uint64_t i) const { return words(i / 4)[i % 4]; }

  /// Uniform in [0, 1) with the 24 bits a float can hold; the same number whatever T is.
  template <class T>
  static T unit(std::uint32_t word) {
    return static_cast<T>(word >> 8) * static_cast<T>(0x1p-24);
  }

  /// Element i of a uniform sequence on [0, 1).
  template <class T>
  T uniform(std::uint64_t i) const {
    return unit<T>(word(i));
  }

  /// Element i of a standard normal sequence (Box-Muller on two words of their own).
  template <class T>
  T normal(std::uint64_t i) const {
    const auto w = words(i / 2);
    const std::size_t pair = i % 2 * 2;
    const double u = (static_cast<double>(w[pair]) + 1.0) * 0x1p-32;  // (0, 1]
    const double v = static_cast<double>(w[pair + 1]) * 0x1p-32;
    return static_cast<T>(std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v));
  }

 private:
  friend class PhiloxVectors;
  static constexpr int rounds = 10;
  static constexpr std::uint32_t factors[] = {0xD2511F53U, 0xCD9E8D57U};
  static constexpr std::uint32_t steps[] = {0x9E3779B9U, 0xBB67AE85U};  // of the key, from round to round

  std::uint64_t seed_;
  std::uint64_t stream_;
};

}  // namespace recurra
