// What layers that end in an activation share: f over rows that were just computed, and the way back through f, which
// adds up the bias gradient in the same pass.
#pragma once

#include <algorithm>

#include "recurra/kernels/activation.h"
#include "recurra/kernels/gemm.h"
#include "recurra/ops/row_reduction.h"
#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// y = f(y), one after another. What the slope will be found from is left in `kept`, which may be y itself.
template <class T>
void activate_run(Activation kind, T* y, T* kept, Index count) {
  with_activation(kind, [&](auto f) __attribute__((always_inline)) {
    for (Index i = 0; i < count; i += lanes<T>) {
      const Vec<T> z = load_part(y + i, count - i);
      store_part(y + i, activate<T>(f, z), count - i);
      if (kept != y) store_part(kept + i, z, count - i);
    }
  });
}

/// The same for `columns` numbers of each of some rows, `distance` apart.
template <class T>
void activate_rows(Activation kind, T* y, T* kept, Index rows, Index columns, Index distance) {
  if (columns == distance) return activate_run(kind, y, kept, rows * columns);
  for (Index row = 0; row < rows; ++row) activate_run(kind, y + row * distance, kept + row * distance, columns);
}

/// dz = dy f'(z) over a matrix whose columns are the last axis; db = sum of the rows of dz unless it is undefined.
/// Where f is linear, dz is dy.
template <class T>
void through_activation(Activation kind, const Tensor& dy, const Tensor& kept, const Tensor& dz, const Tensor& db) {
  const Index columns = dy.shape().back();
  const Index rows = dy.size() / std::max<Index>(columns, 1);
  const T* from = dy.data<T>();
  const T* saved = kind == Activation::linear ? nullptr : kept.data<T>();
  T* to = saved ? dz.data<T>() : nullptr;
  const auto over = [&](Index begin, Index end, T* sums, auto f) {
    gemm::for_panels<T>(columns, [&](Index first, auto S) {
      constexpr int vectors = decltype(S)::value;
      Vec<T> sum[vectors];
      for (Vec<T>& s : sum) s = Vec<T>{};
      for (Index row = begin; row < end; ++row) {
        unroll<vectors>([&](auto s) __attribute__((always_inline)) {
          const Index column = first + s * lanes<T>;
          const Index at = row * columns + column;
          Vec<T> d = load_part(from + at, columns - column);
          if (saved) {
            d *= slope_of<T>(f, load_part(saved + at, columns - column));
            store_part(to + at, d, columns - column);
          }
          sum[s] += d;
        });
      }
      if (sums) {
        unroll<vectors>([&](auto s) __attribute__((always_inline)) {
          const Index column = first + s * lanes<T>;
          store_part(sums + column, load_part(sums + column, columns - column) + sum[s], columns - column);
        });
      }
    });
  };
  const auto pass_through = [&](Index begin, Index end, T* sums) {
    with_activation(kind, [&](auto f) { over(begin, end, sums, f); });
  };
  const double operations = (saved ? 8.0 : 1.0) * static_cast<double>(dy.size());
  if (db.defined()) {
    reduce_rows(rows, columns, operations, db.data<T>(), pass_through);
  } else if (saved) {
    parallel_blocks(rows, 1 + (1 << 14) / (columns + 1), operations,
                    [&](Index begin, Index end) { pass_through(begin, end, static_cast<T*>(nullptr)); });
  }
}

}  // namespace recurra::ops
