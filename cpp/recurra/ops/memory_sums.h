// Sums over the rows and over the slots of a small matrix (M, N), such as a memory: all of it stays in the first cache.
#pragma once

#include <algorithm>

#include "recurra/base/shape.h"
#include "recurra/kernels/vec.h"

namespace recurra::ops {

/// A vector of numbers of a row: a whole one, or what is left of it at the end. Whole ones are known at compile time:
/// a branch around each access would keep the loops from their registers.
template <class T>
struct WholeVector {
  RECURRA_INLINE Vec<T> get(const T* from) const { return load(from); }
  RECURRA_INLINE void put(T* to, Vec<T> value) const { store(to, value); }
};
template <class T>
struct PartOfVector {
  Index count;
  RECURRA_INLINE Vec<T> get(const T* from) const { return load_part(from, count); }
  RECURRA_INLINE void put(T* to, Vec<T> value) const { store_part(to, value, count); }
};

/// body(first number, vector) for all vectors of a row.
template <class T, class Body>
RECURRA_INLINE void for_vectors(Index count, Body&& body) {
  Index n = 0;
  for (; n + lanes<T> <= count; n += lanes<T>) body(n, WholeVector<T>{});
  if (n < count) body(n, PartOfVector<T>{count - n});
}

/// body(first number, vectors, vector) for a row in blocks of several vectors, and single ones at the end; `vectors` is
/// a compile-time constant.
template <class T, class Body>
RECURRA_INLINE void for_blocks(Index count, Body&& body) {
  constexpr int block = 4;
  Index n = 0;
  for (; n + block * lanes<T> <= count; n += block * lanes<T>)
    body(n, std::integral_constant<int, block>{}, WholeVector<T>{});
  for (; n + lanes<T> <= count; n += lanes<T>) body(n, std::integral_constant<int, 1>{}, WholeVector<T>{});
  if (n < count) body(n, std::integral_constant<int, 1>{}, PartOfVector<T>{count - n});
}

template <class T>
T row_product(const T* a, const T* b, Index count) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (Index i = 0; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

/// to += factor * term
template <class T>
void add_multiple(T* to, T factor, const T* term, Index count) {
#pragma omp simd
  for (Index i = 0; i < count; ++i) to[i] += factor * term[i];
}

// `vectors` vectors of slots from n on, accessed as `part`.
template <class T, int vectors, bool two, class Part>
RECURRA_INLINE void sum_block_over_rows(Index M, Index N, Index n, Part part, const T* factor, const T* a, const T* b,
                                        T* out) {
  Vec<T> sum[vectors]{};
  for (Index m = 0; m < M; ++m) {
    const Vec<T> f = broadcast(factor ? factor[m] : T(1));
    unroll<vectors>([&](auto v) __attribute__((always_inline)) {
      Vec<T> term = part.get(a + m * N + n + v * lanes<T>);
      if constexpr (two) term *= part.get(b + m * N + n + v * lanes<T>);
      sum[v] += f * term;
    });
  }
  unroll<vectors>([&](auto v) __attribute__((always_inline)) { part.put(out + n + v * lanes<T>, sum[v]); });
}

/// out (N) = sum over m of factor_m a_mn b_mn; factor and b are 1 where they are null.
template <class T, bool two>
void sum_rows_of(Index M, Index N, const T* factor, const T* a, const T* b, T* out) {
  for_blocks<T>(N, [&](Index n, auto vectors, auto part) {
    sum_block_over_rows<T, vectors, two>(M, N, n, part, factor, a, b, out);
  });
}
template <class T>
void sum_over_rows(Index M, Index N, const T* factor, const T* a, const T* b, T* out) {
  if (b) sum_rows_of<T, true>(M, N, factor, a, b, out);
  else sum_rows_of<T, false>(M, N, factor, a, b, out);
}

// Rows [m, m + rows).
template <class T, int rows, bool two>
RECURRA_INLINE void sum_block_over_slots(Index N, Index m, const T* factor, const T* a, const T* b, T* out) {
  Vec<T> sum[rows]{};
  for_vectors<T>(N, [&](Index n, auto part) __attribute__((always_inline)) {
    const Vec<T> f = part.get(factor + n);
    unroll<rows>([&](auto r) __attribute__((always_inline)) {
      Vec<T> term = part.get(a + (m + r) * N + n);
      if constexpr (two) term *= part.get(b + (m + r) * N + n);
      sum[r] += f * term;
    });
  });
  unroll<rows>([&](auto r) __attribute__((always_inline)) { out[m + r] = lane_sum<T>(sum[r]); });
}

/// out (M) = sum over n of factor_n a_mn b_mn; b is 1 where it is null.
template <class T, bool two>
void sum_slots_of(Index M, Index N, const T* factor, const T* a, const T* b, T* out) {
  constexpr int block = 4;
  Index m = 0;
  for (; m + block <= M; m += block) sum_block_over_slots<T, block, two>(N, m, factor, a, b, out);
  for (; m < M; ++m) sum_block_over_slots<T, 1, two>(N, m, factor, a, b, out);
}
template <class T>
void sum_over_slots(Index M, Index N, const T* factor, const T* a, const T* b, T* out) {
  if (b) sum_slots_of<T, true>(M, N, factor, a, b, out);
  else sum_slots_of<T, false>(M, N, factor, a, b, out);
}

}  // namespace recurra::ops
