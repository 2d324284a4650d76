// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011).
// A number is a pure function of (seed, stream, position), so any thread can make any part of a sequence, and a dropout
// mask can be made again in the backward pass instead of being stored.
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
    for (int round = 0; round < 10; ++round, k0 += 0x9E3779B9U, k1 += 0xBB67AE85U) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53U} * c[0];
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57U} * c[2];
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
  std::uint64_t seed_;
  std::uint64_t stream_;
};

/// One dropout mask: element i is 0 with probability `rate`, else 1 / (1 - rate).
template <class T>
class DropoutMask {
 public:
  DropoutMask(Philox numbers, double rate)
      : numbers_(numbers),
        threshold_(static_cast<std::uint64_t>(std::ldexp(rate, 32))),
        scale_(static_cast<T>(rate < 1 ? 1 / (1 - rate) : 0)) {}

  T operator[](std::uint64_t i) const { return numbers_.word(i) < threshold_ ? T(0) : scale_; }

  /// Elements [first, first + count) into `out`.
  void fill(std::uint64_t first, std::uint64_t count, T* out) const {
    for (std::uint64_t i = 0; i < count;) {
      const auto w = numbers_.words((first + i) / 4);
      for (std::size_t lane = (first + i) % 4; lane < 4 && i < count; ++lane, ++i)
        out[i] = w[lane] < threshold_ ? T(0) : scale_;
    }
  }

 private:
  Philox numbers_;
  std::uint64_t threshold_;
  T scale_;
};

}  // namespace recurra
