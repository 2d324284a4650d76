#include "recurra/rnn/products.h"

#include <algorithm>
#include <cassert>

namespace recurra::rnn {

RECURRA_STEP_PRODUCTS(template, float)
RECURRA_STEP_PRODUCTS(template, double)

namespace {

// acc = the product of a tile of rows with one panel of columns.
template <class T, int M, int vectors>
RECURRA_INLINE void multiply_tile(const GradientProduct<T>& p, Index tile, Index first, Vec<T> (&acc)[M][vectors]) {
  constexpr int L = lanes<T>;
  const T* panel = p.panels + first * p.unit_vectors * p.count * L;
  unroll<M>([&](auto m) __attribute__((always_inline)) {
    unroll<vectors>([&](auto v) __attribute__((always_inline)) { acc[m][v] = Vec<T>{}; });
  });
  const Index width = p.saved_width, group = p.group, J = p.unit_vectors, step = p.capacity * group * width;
  const Index depth = group * p.count * L;
  const T* in[M];
  unroll<M>([&](auto m) __attribute__((always_inline)) { in[m] = p.saved + p.row[tile + m] * group * width; });
  Index j = 0;
  for (; j + group <= J; j += group) {
    gemm::multiply_add(acc, in, depth, panel);
    unroll<M>([&](auto m) __attribute__((always_inline)) { in[m] += step; });
    panel += depth * vectors * L;
  }
  if (j == J) return;
  // The last group is smaller.
  unroll<M>([&](auto m) __attribute__((always_inline)) {
    in[m] = p.saved + (j * p.capacity + p.row[tile + m] * (J - j)) * width;
  });
  gemm::multiply_add(acc, in, (J - j) * p.count * L, panel);
}

// body(rows before the tile, first column, constant number of vectors, acc) for every tile of the product.
template <class T, class Finish>
RECURRA_INLINE void for_products(const GradientProduct<T>& p, Finish&& finish) {
  assert(p.rows >= 0 && p.rows <= p.capacity && p.group >= 1 && p.count >= 1 && p.panels);
  assert(p.count * lanes<T> <= p.saved_width && (p.group == 1 || p.count * lanes<T> == p.saved_width));
  assert(std::all_of(p.row, p.row + p.rows, [&](Index row) { return row >= 0 && row < p.capacity; }));
  gemm::for_panels<T>(
      p.columns,
      [&](Index first, auto S) __attribute__((always_inline)) {
        constexpr int vectors = decltype(S)::value;
        gemm::for_tiles<gemm::tile_rows<T>(vectors)>(p.rows, [&](Index tile, auto size) __attribute__((always_inline)) {
          constexpr int M = decltype(size)::value;
          Vec<T> acc[M][vectors];
          multiply_tile(p, tile, first, acc);
          finish(tile, first, acc);
        });
      },
      p.share);
}

// Rows of the input have any length: their ends are written apart from the products, once for all tiles.
template <class T>
[[gnu::noinline]] void write_rows(const InputGradient<T>& to, const Index* row, Index rows, Index first, Index columns,
                                  const T* sums, Index vectors) {
  constexpr int L = lanes<T>;
  for (Index m = 0; m < rows; ++m) {
    T* out = to.to + row[m] * to.stride;
    const T* scale = to.scale ? to.scale + row[m] * columns : nullptr;
    for (Index v = 0; v < vectors; ++v) {
      const Index at = first + v * L;
      const Vec<T> sum = load(sums + (m * vectors + v) * L);
      store_part(out + at, scale ? sum * load_part(scale + at, columns - at) : sum, columns - at);
    }
  }
}

}  // namespace

template <class T>
void state_gradient(const GradientProduct<T>& p, const StateGradient<T>& gradient) {
  constexpr int L = lanes<T>;
  // Copies: for all the compiler knows, storing numbers may change what `gradient` has.
  const T *const more = gradient.more, *const scale = gradient.scale;
  T* const to = gradient.to;
  const Index stride = gradient.stride;
  const bool add = gradient.add;
  for_products(
      p, [&]<int M, int vectors>(Index tile, Index first, Vec<T>(&acc)[M][vectors]) __attribute__((always_inline)) {
        unroll<M>([&](auto m) __attribute__((always_inline)) {
          const Index place = p.row[tile + m] * stride + first;
          if (more)
            unroll<vectors>([&](auto v)
                                __attribute__((always_inline)) { acc[m][v] = acc[m][v] + load(more + place + v * L); });
          unroll<vectors>([&](auto v) __attribute__((always_inline)) {
            T* out = to + place + v * L;
            if (!add) {
              store(out, acc[m][v]);
            } else {
              const Vec<T> term = scale ? acc[m][v] * load(scale + place + v * L) : acc[m][v];
              store(out, load(out) + term);
            }
          });
        });
      });
}

template <class T>
void input_gradient(const GradientProduct<T>& p, const InputGradient<T>& to) {
  constexpr int L = lanes<T>;
  for_products(p, [&]<int M, int vectors>(Index tile, Index first,
                                          Vec<T>(&acc)[M][vectors]) __attribute__((always_inline)) {
    alignas(simd_bytes) T sums[M * vectors * L];
    unroll<M>([&](auto m) __attribute__((always_inline)) {
      unroll<vectors>([&](auto v) __attribute__((always_inline)) { store(sums + (m * vectors + v) * L, acc[m][v]); });
    });
    write_rows(to, p.row + tile, Index{M}, first, p.columns, sums, Index{vectors});
  });
}

template <class T>
void weight_gradient(int vectors, const T* const* a, Index K, const T* const* g, Index g_offset, Index rows, T* out) {
  constexpr int L = lanes<T>;
  assert(vectors >= 0 && K >= 0 && rows >= 0 && g_offset % L == 0);
  for (int begin = 0; begin < vectors; begin += gemm::panel_vectors)
    gemm::with_constant<gemm::panel_vectors>(
        std::min(gemm::panel_vectors, vectors - begin), [&](auto count) __attribute__((always_inline)) {
          constexpr int S = decltype(count)::value;
          gemm::for_tiles<gemm::tile_rows<T>(S)>(K, [&](Index k, auto size) __attribute__((always_inline)) {
            constexpr int depth = decltype(size)::value;
            Vec<T> acc[depth][S];
            T* place = out + (k * vectors + begin) * L;
            unroll<depth>([&](auto i) __attribute__((always_inline)) {
              unroll<S>([&](auto v)
                            __attribute__((always_inline)) { acc[i][v] = load(place + (i * vectors + v) * L); });
            });
            gemm::multiply_add_transposed(acc, a, k, g, g_offset + begin * L, rows);
            unroll<depth>([&](auto i) __attribute__((always_inline)) {
              unroll<S>([&](auto v)
                            __attribute__((always_inline)) { store(place + (i * vectors + v) * L, acc[i][v]); });
            });
          });
        });
}

template <class T>
void bias_gradient(int vectors, const T* const* g, Index g_offset, Index rows, T* out) {
  constexpr int L = lanes<T>;
  for (int begin = 0; begin < vectors; begin += gemm::panel_vectors)
    gemm::with_constant<gemm::panel_vectors>(
        std::min(gemm::panel_vectors, vectors - begin), [&](auto count) __attribute__((always_inline)) {
          constexpr int S = decltype(count)::value;
          Vec<T> sums[S];
          T* place = out + begin * L;
          unroll<S>([&](auto v) __attribute__((always_inline)) { sums[v] = load(place + v * L); });
          for (Index i = 0; i < rows; ++i) {
            const T* row = g[i] + g_offset + begin * L;
            unroll<S>([&](auto v) __attribute__((always_inline)) { sums[v] += load(row + v * L); });
          }
          unroll<S>([&](auto v) __attribute__((always_inline)) { store(place + v * L, sums[v]); });
        });
}

#define RECURRA_PRODUCTS(T)                                                                      \
  template void state_gradient(const GradientProduct<T>&, const StateGradient<T>&);              \
  template void input_gradient(const GradientProduct<T>&, const InputGradient<T>&);              \
  template void weight_gradient(int, const T* const*, Index, const T* const*, Index, Index, T*); \
  template void bias_gradient(int, const T* const*, Index, Index, T*);
RECURRA_PRODUCTS(float)
RECURRA_PRODUCTS(double)

}  // namespace recurra::rnn
