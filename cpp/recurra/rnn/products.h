// The matrix products of a layer on packed weights. Sums stay in registers from the first number to the last, and
// every sum is one chain over ascending k, so that a row's numbers do not depend on the rows beside it.
//
// What the compiler must know is how many vectors of sums a row has, and which of them a product feeds. Few numbers
// occur, so the products are compiled once, in products.cpp, for all cells.
//
// Letters: L lanes of a vector, K depth of a product.
#pragma once

#include "recurra/kernels/gemm.h"

namespace recurra::rnn {

/// The sums of a group of units, for some rows of a step.
template <class T>
struct StepProduct {
  Index rows = 0;
  const T* bias = nullptr;      // what all rows start from, or nullptr where
  const T* const* sums;         // each row starts from sums of its own,
  Index sums_offset = 0;        // from here on
  const T* const* x = nullptr;  // rows of the input product; nullptr without
  Index x_depth = 0;
  const T* x_panel = nullptr;
  const T* const* h = nullptr;  // rows of the recurrent product; nullptr without
  Index h_depth = 0;
  Index piece = 0;         // h is in pieces of so many numbers,
  Index piece_stride = 0;  // so far from each other
  const T* h_panel = nullptr;
  T* out = nullptr;  // the sums, row behind row
};

template <class T>
using StepProductFunction = void (*)(const StepProduct<T>&);

/// Computes `vectors` vectors of sums a row; x feeds x_count of them from x_first on, h so many from h_first on.
template <class T, int vectors, int x_first, int x_count, int h_first, int h_count>
void step_product(const StepProduct<T>& p) {
  constexpr int L = lanes<T>;
  // Copies: for all the compiler knows, storing sums may change what p has.
  const T *const bias = p.bias, *const x_panel = p.x_panel, *const h_panel = p.h_panel;
  const T *const *const sums = p.sums, *const *const x = p.x, *const *const h = p.h;
  const Index sums_offset = p.sums_offset, x_depth = p.x_depth, h_depth = p.h_depth;
  const Index piece = p.piece, piece_stride = p.piece_stride;
  T* out = p.out;
  gemm::for_tiles<gemm::tile_rows<T>(vectors)>(p.rows, [&](Index tile, auto size) __attribute__((always_inline)) {
    constexpr int M = decltype(size)::value;
    Vec<T> acc[M][vectors];
    if (bias) {
      unroll<vectors>([&](auto v) __attribute__((always_inline)) {
        const Vec<T> start = load(bias + v * L);
        unroll<M>([&](auto m) __attribute__((always_inline)) { acc[m][v] = start; });
      });
    } else {
      unroll<M>([&](auto m) __attribute__((always_inline)) {
        const T* start = sums[tile + m] + sums_offset;
        unroll<vectors>([&](auto v) __attribute__((always_inline)) { acc[m][v] = load(start + v * L); });
      });
    }
    const T* in[M];
    if (x) {
      unroll<M>([&](auto m) __attribute__((always_inline)) { in[m] = x[tile + m]; });
      gemm::multiply_add_part<x_first, x_count>(acc, in, x_depth, x_panel);
    }
    if (h) {
      unroll<M>([&](auto m) __attribute__((always_inline)) { in[m] = h[tile + m]; });
      const T* panel = h_panel;
      for (Index left = h_depth; left > 0; left -= piece) {
        gemm::multiply_add_part<h_first, h_count>(acc, in, std::min(left, piece), panel);
        unroll<M>([&](auto m) __attribute__((always_inline)) { in[m] += piece_stride; });
        panel += piece * h_count * L;
      }
    }
    unroll<M>([&](auto m) __attribute__((always_inline)) {
      unroll<vectors>([&](auto v) __attribute__((always_inline)) { store(out + (m * vectors + v) * L, acc[m][v]); });
    });
    out += M * vectors * L;
  });
}

/// Products of the gradients of sums with transposed weights, for rows anywhere among those that were saved: gradients
/// of what the forward products read.
template <class T>
struct GradientProduct {
  Index rows = 0;
  const Index* row = nullptr;  // where each stands among `capacity` rows
  Index capacity = 0;
  const T* saved = nullptr;  // the first gradient: [group][row][unit vector][saved vector][lane]
  Index saved_width = 0;     // numbers for each vector of units
  int group = 1;             // vectors of units that stand together
  Index unit_vectors = 0;    // of all units
  int count = 0;             // neighbouring gradients that a vector of units gives
  const T* panels = nullptr;
  Index columns = 0;  // of the result
  Share share = {};   // of the panels of columns
};

/// Where the result goes, as gradient of a state.
template <class T>
struct StateGradient {
  T* to = nullptr;           // rows of the state, `stride` apart
  Index stride = 0;          // of all three
  bool add = false;          // to what is there, after
  const T* more = nullptr;   // more of the gradient, or nullptr, and
  const T* scale = nullptr;  // a scale of it, or nullptr
};

template <class T>
void state_gradient(const GradientProduct<T>& p, const StateGradient<T>& to);

/// Where the result goes, as gradient of the input.
template <class T>
struct InputGradient {
  T* to = nullptr;  // rows of the input, `stride` apart
  Index stride = 0;
  const T* scale = nullptr;  // rows of scales, as many as there are columns; or nullptr
};

template <class T>
void input_gradient(const GradientProduct<T>& p, const InputGradient<T>& to);

/// out (K, vectors) += A^T G: row i of A is a[i], `vectors` vectors of row i of G begin at g[i] + g_offset.
template <class T>
void weight_gradient(int vectors, const T* const* a, Index K, const T* const* g, Index g_offset, Index rows, T* out);

/// out (vectors) += the sum over all rows of the same vectors of G.
template <class T>
void bias_gradient(int vectors, const T* const* g, Index g_offset, Index rows, T* out);

// Compiled in products.cpp: whatever x and h feed whole, and the GRU's, which feed the first and the last three of
// four.
#define RECURRA_STEP_PRODUCTS(prefix, T)                             \
  prefix void step_product<T, 1, 0, 1, 0, 1>(const StepProduct<T>&); \
  prefix void step_product<T, 2, 0, 2, 0, 2>(const StepProduct<T>&); \
  prefix void step_product<T, 3, 0, 3, 0, 3>(const StepProduct<T>&); \
  prefix void step_product<T, 4, 0, 4, 0, 4>(const StepProduct<T>&); \
  prefix void step_product<T, 4, 0, 3, 1, 3>(const StepProduct<T>&);
RECURRA_STEP_PRODUCTS(extern template, float)
RECURRA_STEP_PRODUCTS(extern template, double)

}  // namespace recurra::rnn
