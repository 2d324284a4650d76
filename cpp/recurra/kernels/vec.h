// The SIMD vector type: as many numbers as one register of the level the file is compiled for holds. Built on the
// vector extensions of GCC and Clang, so one source serves every level; arithmetic is the ordinary operators, and
// a * b + c becomes one fused multiply-add.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace recurra {

#if defined(__AVX512F__)
inline constexpr int simd_bytes = 64;
inline constexpr int simd_registers = 32;
#elif defined(__AVX__)
inline constexpr int simd_bytes = 32;
inline constexpr int simd_registers = 16;
#elif defined(__aarch64__)
inline constexpr int simd_bytes = 16;
inline constexpr int simd_registers = 32;
#else
inline constexpr int simd_bytes = 16;
inline constexpr int simd_registers = 16;
#endif

#define RECURRA_INLINE inline __attribute__((always_inline))

template <class T>
  requires std::is_arithmetic_v<T>
struct VecOf {
  typedef T type __attribute__((vector_size(simd_bytes)));
  typedef T unaligned __attribute__((vector_size(simd_bytes), aligned(alignof(T)), may_alias));
};

template <class T>
using Vec = typename VecOf<T>::type;

/// Integers as wide as T, and what comparing two Vec<T> gives (-1 where true).
template <class T>
using IntOf = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;

template <class T>
inline constexpr int lanes = simd_bytes / static_cast<int>(sizeof(T));

/// `count` rounded up to whole vectors.
template <class T>
constexpr std::int64_t padded(std::int64_t count) {
  return (count + lanes<T> - 1) / lanes<T> * lanes<T>;
}

template <class T>
RECURRA_INLINE Vec<T> broadcast(T value) {
  return value - Vec<T>{};
}

template <class T>
RECURRA_INLINE Vec<T> load(const T* from) {
  return *reinterpret_cast<const typename VecOf<T>::unaligned*>(from);
}

template <class T>
RECURRA_INLINE void store(T* to, Vec<T> value) {
  *reinterpret_cast<typename VecOf<T>::unaligned*>(to) = value;
}

/// Keeps a value in its register: compilers else prefer to load it again for every use, which costs a load port.
template <class V>
RECURRA_INLINE V in_register(V value) {
#if defined(__x86_64__)
  __asm__("" : "+v"(value));
#elif defined(__aarch64__)
  __asm__("" : "+w"(value));
#endif
  return value;
}

#if defined(__AVX512F__)
/// One bit for each of the first `count` lanes of T.
template <class T>
RECURRA_INLINE auto first_lanes(std::int64_t count) {
  const auto bits = count <= 0 ? 0U : (1U << count) - 1U;
  if constexpr (sizeof(T) == 4) return static_cast<__mmask16>(bits);
  else return static_cast<__mmask8>(bits);
}
#endif

/// The first `count` lanes; zeros behind them. Reads nothing beyond them.
template <class T>
RECURRA_INLINE Vec<T> load_part(const T* from, std::int64_t count) {
  if (count >= lanes<T>) return load(from);
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) return _mm512_maskz_loadu_ps(first_lanes<T>(count), from);
  if constexpr (std::is_same_v<T, double>) return _mm512_maskz_loadu_pd(first_lanes<T>(count), from);
#endif
  Vec<T> out{};
  for (std::int64_t i = 0; i < count; ++i) out[i] = from[i];
  return out;
}

template <class T>
RECURRA_INLINE void store_part(T* to, Vec<T> value, std::int64_t count) {
  if (count >= lanes<T>) {
    store(to, value);
    return;
  }
#if defined(__AVX512F__)
  if constexpr (std::is_same_v<T, float>) return _mm512_mask_storeu_ps(to, first_lanes<T>(count), value);
  if constexpr (std::is_same_v<T, double>) return _mm512_mask_storeu_pd(to, first_lanes<T>(count), value);
#endif
  for (std::int64_t i = 0; i < count; ++i) to[i] = value[i];
}

/// to[i] = from[i] for i < count: for short rows, where a call of memcpy costs more than the copy.
template <class T>
RECURRA_INLINE void copy_row(T* to, const T* from, std::int64_t count) {
  std::int64_t i = 0;
  for (; i + lanes<T> <= count; i += lanes<T>) store(to + i, load(from + i));
  for (; i < count; ++i) to[i] = from[i];
}

/// to[i] += term[i] for i < count.
template <class T>
RECURRA_INLINE void add_row(T* to, const T* term, std::int64_t count) {
  std::int64_t i = 0;
  for (; i + lanes<T> <= count; i += lanes<T>) store(to + i, load(to + i) + load(term + i));
  for (; i < count; ++i) to[i] += term[i];
}

/// Asks for numbers that are needed soon and that the processor does not foresee.
template <class T>
RECURRA_INLINE void prefetch(const T* from, std::int64_t count) {
  for (std::int64_t i = 0; i < count; i += 64 / static_cast<std::int64_t>(sizeof(T))) __builtin_prefetch(from + i);
}

// With AVX-512 compilers make two instructions of a comparison and a choice, where one does both. It is named in
// assembly because GCC 12 fails on its intrinsic function where the operands are constants.

/// The smaller of each pair of lanes; b where one is NaN.
template <class T>
RECURRA_INLINE Vec<T> min(Vec<T> a, Vec<T> b) {
#if defined(__AVX512F__)
  if constexpr (std::is_floating_point_v<T>) {
    Vec<T> out;
    if constexpr (sizeof(T) == 4) __asm__("vminps %2, %1, %0" : "=v"(out) : "v"(a), "v"(b));
    else __asm__("vminpd %2, %1, %0" : "=v"(out) : "v"(a), "v"(b));
    return out;
  }
#endif
  return a < b ? a : b;
}

/// The larger of each pair of lanes; b where one is NaN.
template <class T>
RECURRA_INLINE Vec<T> max(Vec<T> a, Vec<T> b) {
#if defined(__AVX512F__)
  if constexpr (std::is_floating_point_v<T>) {
    Vec<T> out;
    if constexpr (sizeof(T) == 4) __asm__("vmaxps %2, %1, %0" : "=v"(out) : "v"(a), "v"(b));
    else __asm__("vmaxpd %2, %1, %0" : "=v"(out) : "v"(a), "v"(b));
    return out;
  }
#endif
  return a > b ? a : b;
}

/// f(lane) for every lane: for functions that are rare enough to leave to the mathematics library.
template <class T, class F>
RECURRA_INLINE Vec<T> per_lane(Vec<T> x, F&& f) {
  Vec<T> out{};
  for (int i = 0; i < lanes<T>; ++i) out[i] = f(x[i]);
  return out;
}

/// The sum of all lanes, halves upon halves.
template <class T, class V>
RECURRA_INLINE T lane_sum(V x) {
  constexpr int half = static_cast<int>(sizeof(V) / sizeof(T)) / 2;
  if constexpr (half == 1) {
    return x[0] + x[1];
  } else {
    return [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
      return lane_sum<T>(__builtin_shufflevector(x, x, i...) + __builtin_shufflevector(x, x, half + i...));
    }(std::make_integer_sequence<int, half>{});
  }
}

template <class T>
RECURRA_INLINE Vec<T> square_root(Vec<T> x) {
  if constexpr (std::is_same_v<T, float>) {
#if defined(__AVX512F__)
    return _mm512_maskz_sqrt_ps(0xFFFF, x);
#elif defined(__AVX__)
    return _mm256_sqrt_ps(x);
#elif defined(__SSE2__)
    return _mm_sqrt_ps(x);
#endif
  }
  return per_lane<T>(x, [](T v) { return std::sqrt(v); });
}

/// body(0), …, body(count - 1) with the index a compile-time constant, so that arrays it indexes stay in registers.
template <int count, class Body>
RECURRA_INLINE void unroll(Body&& body) {
  [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
    (body(std::integral_constant<int, i>{}), ...);
  }(std::make_integer_sequence<int, count>{});
}

/// Turns rows into columns: afterwards lane j of rows[i] is what lane i of rows[j] was.
template <class T>
RECURRA_INLINE void transpose(Vec<T> (&rows)[lanes<T>]) {
  constexpr int L = lanes<T>;
  // Bit after bit: where row and lane differ in it, the two numbers change places.
  unroll<std::bit_width(static_cast<unsigned>(L)) - 1>([&](auto stage) __attribute__((always_inline)) {
    constexpr int bit = 1 << stage;
    unroll<L>([&](auto row) __attribute__((always_inline)) {
      if constexpr ((row & bit) == 0) {
        const Vec<T> a = rows[row], b = rows[row + bit];
        [&]<int... i>(std::integer_sequence<int, i...>) __attribute__((always_inline)) {
          rows[row] = __builtin_shufflevector(a, b, ((i & bit) ? L + i - bit : i)...);
          rows[row + bit] = __builtin_shufflevector(a, b, ((i & bit) ? L + i : i + bit)...);
        }(std::make_integer_sequence<int, L>{});
      }
    });
  });
}

}  // namespace recurra
