// Products of tall row-major matrices with a packed right-hand side, and their adjoint.
//
// The right-hand side B (K x N) is packed once into panels: groups of up to four vectors of columns, each panel laid
// out [k][vector][lane], so that the inner loop reads it as one stream. A tile of rows meets a panel in registers, K
// inside: every element of the result is one chain over ascending k, whatever the tile, the batch or the number of
// threads.
//
// Letters: M rows of A, K columns of A, N columns of B, L lanes of a vector.
#pragma once

#include <algorithm>
#include <cassert>

#include "recurra/base/parallel.h"
#include "recurra/kernels/vec.h"

namespace recurra::gemm {

inline constexpr int panel_vectors = 4;

/// Accumulators that fit in registers beside one vector of B and a broadcast element of A for each row.
inline constexpr int accumulators = simd_registers == 32 ? 24 : 12;

#ifndef RECURRA_TILE_ROWS
#define RECURRA_TILE_ROWS 6
#endif

/// Rows of a tile that meets `vectors` vectors of columns. Double precision serves to check gradients: it makes do with
/// small tiles, which compile quickly. So do builds with sanitizers, by RECURRA_TILE_ROWS.
template <class T>
constexpr int tile_rows(int vectors) {
  return std::min(accumulators / vectors, std::is_same_v<T, float> ? RECURRA_TILE_ROWS : 2);
}

/// acc[m][first + s] += x(m) * w(s) for s < count: one rank-1 update of a tile. The shorter side is held in registers,
/// the longer streamed.
template <class T, int first, int count, int M, int S, class X, class W>
RECURRA_INLINE void rank_one(Vec<T> (&acc)[M][S], X&& x, W&& w) {
  if constexpr (M <= count) {
    Vec<T> held[M];
    unroll<M>([&](auto m) __attribute__((always_inline)) { held[m] = x(m); });
    unroll<count>([&](auto s) __attribute__((always_inline)) {
      const Vec<T> streamed = in_register(w(s));
      unroll<M>([&](auto m) __attribute__((always_inline)) { acc[m][first + s] += held[m] * streamed; });
    });
  } else {
    Vec<T> held[count];
    unroll<count>([&](auto s) __attribute__((always_inline)) { held[s] = in_register(w(s)); });
    unroll<M>([&](auto m) __attribute__((always_inline)) {
      const Vec<T> streamed = x(m);
      unroll<count>([&](auto s) __attribute__((always_inline)) { acc[m][first + s] += streamed * held[s]; });
    });
  }
}

/// acc[m][first + s] += a[m][k] * panel[k][s] for k in [0, depth), s < count.
template <int first, int count, class T, int M, int S>
RECURRA_INLINE void multiply_add_part(Vec<T> (&acc)[M][S], const T* const (&a)[M], Index depth, const T* panel) {
  // Two by two: the loads of the second hide behind the multiply-adds of the first where a panel comes from afar.
  const auto update = [&](Index k, const T* row) __attribute__((always_inline)) {
    rank_one<T, first, count>(
        acc, [&](auto m) __attribute__((always_inline)) { return broadcast(a[m][k]); },
        [&](auto s) __attribute__((always_inline)) { return load(row + s * lanes<T>); });
  };
  constexpr Index width = count * lanes<T>;
  Index k = 0;
  for (; k + 2 <= depth; k += 2, panel += 2 * width) {
    update(k, panel);
    update(k + 1, panel + width);
  }
  if (k < depth) update(k, panel);
}

/// acc[m][s] += a[m][k] * panel[k][s] for k in [0, depth).
template <class T, int M, int S>
RECURRA_INLINE void multiply_add(Vec<T> (&acc)[M][S], const T* const (&a)[M], Index depth, const T* panel) {
  multiply_add_part<0, S>(acc, a, depth, panel);
}

/// acc[i][s] += sum over r in [0, rows) of a[r][i] * g[r][s]: one tile of A^T G, whose rows begin at a + r * lda.
template <class T, int K, int S>
RECURRA_INLINE void multiply_add_transposed(Vec<T> (&acc)[K][S], const T* a, Index lda, const T* g, Index ldg,
                                            Index rows) {
  for (Index r = 0; r < rows; ++r, a += lda, g += ldg)
    rank_one<T, 0, S>(
        acc, [&](auto i) __attribute__((always_inline)) { return broadcast(a[i]); },
        [&](auto s) __attribute__((always_inline)) { return load(g + s * lanes<T>); });
}

/// The same with rows anywhere: row r of A is a[r] + a_offset, row r of G is g[r] + g_offset.
template <class T, int K, int S>
RECURRA_INLINE void multiply_add_transposed(Vec<T> (&acc)[K][S], const T* const* a, Index a_offset, const T* const* g,
                                            Index g_offset, Index rows) {
  for (Index r = 0; r < rows; ++r) {
    const T* a_row = a[r] + a_offset;
    const T* g_row = g[r] + g_offset;
    rank_one<T, 0, S>(
        acc, [&](auto i) __attribute__((always_inline)) { return broadcast(a_row[i]); },
        [&](auto s) __attribute__((always_inline)) { return load(g_row + s * lanes<T>); });
  }
}

/// Calls body(std::integral_constant<int, n>) for a run-time n in [1, most].
template <int most, class Body>
RECURRA_INLINE void with_constant(int n, Body&& body) {
  if constexpr (most > 0) {
    if (n == most) body(std::integral_constant<int, most>{});
    else with_constant<most - 1>(n, body);
  }
}

/// Covers [0, count) with tiles of at most `most`, as even as can be: body(begin, constant size).
template <int most, class Body>
RECURRA_INLINE void for_tiles(Index count, Body&& body) {
  assert(count >= 0);
  // A division takes as long as some steps of a small cell: none where one tile is enough.
  const Index tiles = (count + most - 1) / most;
  const Index size = tiles <= 1 ? count : count / tiles;
  Index larger = count - tiles * size;  // so many tiles have one more
  Index begin = 0;
  for (Index t = 0; t < tiles; ++t, --larger) {
    const auto this_size = static_cast<int>(larger > 0 ? size + 1 : size);
    with_constant<most>(this_size, [&](auto constant) __attribute__((always_inline)) { body(begin, constant); });
    begin += this_size;
  }
}

/// Calls body(first column, constant number of vectors) for every panel of a share of a matrix of N columns.
template <class T, class Body>
RECURRA_INLINE void for_panels(Index N, Body&& body, Share share = {}) {
  const Index vectors = padded<T>(N) / lanes<T>, panels = (vectors + panel_vectors - 1) / panel_vectors;
  for (Index i = share.begin(panels); i < share.end(panels); ++i) {
    const Index v = share.at_turn(i, panels) * panel_vectors;
    const auto size = static_cast<int>(std::min<Index>(panel_vectors, vectors - v));
    with_constant<panel_vectors>(size, [&](auto S) __attribute__((always_inline)) { body(v * lanes<T>, S); });
  }
}

/// Elements a packed K x N matrix takes.
template <class T>
Index packed_size(Index K, Index N) {
  return K * padded<T>(N);
}

/// Packs B, whose element (k, n) is b[k * row_stride + n * column_stride]; so a transpose is packed with strides
/// swapped.
template <class T>
void pack(const T* b, Index row_stride, Index column_stride, Index K, Index N, T* packed) {
  assert(K >= 0 && N >= 0 && row_stride >= 0 && column_stride >= 0);
  assert((b && packed) || K * N == 0);
  for_panels<T>(N, [&](Index first, auto S) {
    T* out = packed + first * K;
    const Index width = std::min<Index>(S * lanes<T>, N - first);
    for (Index k = 0; k < K; ++k, out += S * lanes<T>) {
      for (Index n = 0; n < width; ++n) out[n] = b[k * row_stride + (first + n) * column_stride];
      std::fill(out + width, out + S * lanes<T>, T(0));
    }
  });
}

/// What the rows of C start from.
enum class Start { zero, bias, present };

/// C = start + A B for M rows: A's rows begin at a + m * lda (they may overlap), C's at c + m * ldc; `bias` has N
/// numbers.
template <class T>
void multiply(const T* a, Index lda, Index M, Index K, const T* packed, Index N, T* c, Index ldc, Start start,
              const T* bias = nullptr) {
  assert(M >= 0 && K >= 0 && N >= 0 && ldc >= N);
  assert(start != Start::bias || bias);
  for_panels<T>(N, [&](Index first, auto S) {
    constexpr int vectors = decltype(S)::value;
    const T* panel = packed + first * K;
    for_tiles<tile_rows<T>(vectors)>(M, [&](Index row, auto rows) __attribute__((always_inline)) {
      constexpr int tile = decltype(rows)::value;
      Vec<T> acc[tile][vectors];
      const T* in[tile];
      unroll<tile>([&](auto m) __attribute__((always_inline)) { in[m] = a + (row + m) * lda; });
      unroll<vectors>([&](auto s) __attribute__((always_inline)) {
        const Index n = first + s * lanes<T>;
        const Vec<T> from = start == Start::bias ? load_part(bias + n, N - n) : Vec<T>{};
        unroll<tile>([&](auto m) __attribute__((always_inline)) {
          acc[m][s] = start == Start::present ? load_part(c + (row + m) * ldc + n, N - n) : from;
        });
      });
      multiply_add(acc, in, K, panel);
      unroll<vectors>([&](auto s) __attribute__((always_inline)) {
        const Index n = first + s * lanes<T>;
        unroll<tile>([&](auto m)
                         __attribute__((always_inline)) { store_part(c + (row + m) * ldc + n, acc[m][s], N - n); });
      });
    });
  });
}

/// The same, bit for bit, with B row-major as it lies: for so few rows that packing B would cost more than the product.
template <class T>
void multiply_unpacked(const T* a, Index lda, Index M, Index K, const T* b, Index N, T* c, Index ldc, Start start,
                       const T* bias = nullptr) {
  assert(M >= 0 && K >= 0 && N >= 0 && ldc >= N);
  assert(start != Start::bias || bias);
  for_panels<T>(N, [&](Index first, auto S) {
    constexpr int vectors = decltype(S)::value;
    for_tiles<tile_rows<T>(vectors)>(M, [&](Index row, auto rows) __attribute__((always_inline)) {
      constexpr int tile = decltype(rows)::value;
      Vec<T> acc[tile][vectors];
      unroll<vectors>([&](auto s) __attribute__((always_inline)) {
        const Index n = first + s * lanes<T>;
        const Vec<T> from = start == Start::bias ? load_part(bias + n, N - n) : Vec<T>{};
        unroll<tile>([&](auto m) __attribute__((always_inline)) {
          acc[m][s] = start == Start::present ? load_part(c + (row + m) * ldc + n, N - n) : from;
        });
      });
      for (Index k = 0; k < K; ++k)
        rank_one<T, 0, vectors>(
            acc, [&](auto m) __attribute__((always_inline)) { return broadcast(a[(row + m) * lda + k]); },
            [&](auto s) __attribute__((always_inline)) {
              const Index n = first + s * lanes<T>;
              return load_part(b + k * N + n, N - n);
            });
      unroll<vectors>([&](auto s) __attribute__((always_inline)) {
        const Index n = first + s * lanes<T>;
        unroll<tile>([&](auto m)
                         __attribute__((always_inline)) { store_part(c + (row + m) * ldc + n, acc[m][s], N - n); });
      });
    });
  });
}

/// C (K x N, rows ldc apart) += A^T G over M rows: the gradient of B, given G = dL/d(A B). Rows are summed in ascending
/// order.
template <class T>
void multiply_transposed(const T* a, Index lda, const T* g, Index ldg, Index M, Index K, Index N, T* c, Index ldc) {
  assert(M >= 0 && K >= 0 && N >= 0 && ldg >= N && ldc >= N);
  // A strip of one panel of G is copied side by side, so that all tiles of C find it in the first cache.
  constexpr Index strip = 96;
  alignas(simd_bytes) T copy[strip * panel_vectors * lanes<T>];
  for (Index begin = 0; begin < M; begin += strip) {
    const Index rows = std::min(strip, M - begin);
    const T* a_strip = a + begin * lda;
    for_panels<T>(N, [&](Index first, auto S) {
      constexpr int vectors = decltype(S)::value;
      constexpr Index width = vectors * lanes<T>;
      for (Index r = 0; r < rows; ++r)
        unroll<vectors>([&](auto s) __attribute__((always_inline)) {
          const Index n = first + s * lanes<T>;
          store(copy + r * width + s * lanes<T>, load_part(g + (begin + r) * ldg + n, N - n));
        });
      for_tiles<tile_rows<T>(vectors)>(K, [&](Index k, auto tile) __attribute__((always_inline)) {
        constexpr int depth = decltype(tile)::value;
        Vec<T> acc[depth][vectors];
        T* out = c + k * ldc + first;
        unroll<depth>([&](auto i) __attribute__((always_inline)) {
          unroll<vectors>([&](auto s) __attribute__((always_inline)) {
            acc[i][s] = load_part(out + i * ldc + s * lanes<T>, N - first - s * lanes<T>);
          });
        });
        multiply_add_transposed(acc, a_strip + k, lda, copy, width, rows);
        unroll<depth>([&](auto i) __attribute__((always_inline)) {
          unroll<vectors>([&](auto s) __attribute__((always_inline)) {
            store_part(out + i * ldc + s * lanes<T>, acc[i][s], N - first - s * lanes<T>);
          });
        });
      });
    });
  }
}

// Compiled in gemm.cpp, for all who multiply.
#define RECURRA_GEMM_PRODUCTS(prefix, T)                                                                     \
  prefix void multiply(const T*, Index, Index, Index, const T*, Index, T*, Index, Start, const T*);          \
  prefix void multiply_unpacked(const T*, Index, Index, Index, const T*, Index, T*, Index, Start, const T*); \
  prefix void multiply_transposed(const T*, Index, const T*, Index, Index, Index, Index, T*, Index);
RECURRA_GEMM_PRODUCTS(extern template, float)
RECURRA_GEMM_PRODUCTS(extern template, double)

}  // namespace recurra::gemm
