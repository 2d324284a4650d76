// Random numbers and dropout masks, a vector at a time; the same numbers as base/random.h gives one by one.
#pragma once

#include <algorithm>
#include <array>

#include "recurra/base/random.h"
#include "recurra/kernels/vec.h"

namespace recurra {

/// Philox with one block of four words in each 64-bit lane.
class PhiloxVectors {
  using Words = Vec<std::uint64_t>;  // a word in the lower half of each lane, anything in the upper

 public:
  static constexpr int blocks = lanes<std::uint64_t>;
  static constexpr int count = 4 * blocks;

  explicit PhiloxVectors(const Philox& numbers) : numbers_(numbers) {}

  /// The words of `blocks` blocks from `position` on, in order, in two vectors.
  RECURRA_INLINE std::array<Vec<std::uint32_t>, 2> words(std::uint64_t position) const {
    Words c0 = broadcast(position) + first_lanes_;
    Words c1 = c0 >> 32;
    Words c2 = broadcast(numbers_.stream_);
    Words c3 = c2 >> 32;
    auto k0 = static_cast<std::uint32_t>(numbers_.seed_);
    auto k1 = static_cast<std::uint32_t>(numbers_.seed_ >> 32);
    for (int round = 0; round < Philox::rounds; ++round, k0 += Philox::steps[0], k1 += Philox::steps[1]) {
      const Words p0 = product(c0, Philox::factors[0]);
      const Words p1 = product(c2, Philox::factors[1]);
      c0 = (p1 >> 32) ^ c1 ^ std::uint64_t{k0};
      c2 = (p0 >> 32) ^ c3 ^ std::uint64_t{k1};
      c1 = p1;
      c3 = p0;
    }
    const Words a = joined(c0, c1), b = joined(c2, c3);
    return [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
      const Words front = __builtin_shufflevector(a, b, (i / 2 + i % 2 * blocks)...);
      const Words back = __builtin_shufflevector(a, b, ((i + blocks) / 2 + i % 2 * blocks)...);
      return std::array{reinterpret_cast<Vec<std::uint32_t>>(front), reinterpret_cast<Vec<std::uint32_t>>(back)};
    }(std::make_integer_sequence<int, blocks>{});
  }

 private:
  RECURRA_INLINE static Words product(Words a, std::uint32_t factor) {
#if defined(__AVX512F__)
    return reinterpret_cast<Words>(
        _mm512_maskz_mul_epu32(0xFF, reinterpret_cast<__m512i>(a), _mm512_set1_epi64(factor)));
#elif defined(__AVX2__)
    return reinterpret_cast<Words>(_mm256_mul_epu32(reinterpret_cast<__m256i>(a), _mm256_set1_epi64x(factor)));
#elif defined(__SSE2__)
    return reinterpret_cast<Words>(_mm_mul_epu32(reinterpret_cast<__m128i>(a), _mm_set1_epi64x(factor)));
#else
    return (a & 0xFFFFFFFFU) * std::uint64_t{factor};
#endif
  }
  RECURRA_INLINE static Words joined(Words low, Words high) { return (low & 0xFFFFFFFFU) | (high << 32); }

  Philox numbers_;
  Words first_lanes_ = [] {
    Words out{};
    for (int i = 0; i < blocks; ++i) out[i] = static_cast<std::uint64_t>(i);
    return out;
  }();
};

/// One dropout mask: element i is 0 with probability `rate`, else `kept`.
template <class T>
class DropoutMask {
 public:
  DropoutMask(const Philox& numbers, double rate, T kept)
      : numbers_(numbers),
        vectors_(numbers),
        threshold_(static_cast<std::uint32_t>(std::ldexp(rate, 32))),
        kept_(kept) {}
  /// Kept elements are 1 / (1 - rate), for a rate in [0, 1).
  DropoutMask(const Philox& numbers, double rate) : DropoutMask(numbers, rate, static_cast<T>(1 / (1 - rate))) {}

  T operator[](std::uint64_t i) const { return of(numbers_.word(i)); }

  /// Elements [first, first + count) into `out`.
  void fill(std::uint64_t first, std::uint64_t count, T* out) const {
    std::uint64_t i = 0;
    for (; i < count && (first + i) % 4 != 0; ++i) out[i] = (*this)[first + i];
    constexpr std::uint64_t step = PhiloxVectors::count;
    for (; i + step <= count; i += step) fill_whole((first + i) / 4, out + i);
    if (i == count) return;
    std::array<T, step> rest;
    fill_whole((first + i) / 4, rest.data());
    std::copy_n(rest.data(), count - i, out + i);
  }

 private:
  T of(std::uint32_t word) const { return word < threshold_ ? T(0) : kept_; }

  RECURRA_INLINE void fill_whole(std::uint64_t position, T* out) const {
    for (const Vec<std::uint32_t> words : vectors_.words(position)) {
      if constexpr (std::is_same_v<T, float>) {
        store(out, words < threshold_ ? Vec<T>{} : broadcast(kept_));
      } else {
        for (int lane = 0; lane < lanes<std::uint32_t>; ++lane) out[lane] = of(words[lane]);
      }
      out += lanes<std::uint32_t>;
    }
  }

  Philox numbers_;
  PhiloxVectors vectors_;
  std::uint32_t threshold_;
  T kept_;
};

}  // namespace recurra
