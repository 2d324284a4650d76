// Sums over many rows in an order that the shape alone decides: the rows are cut into chunks, each chunk is added up by
// one thread in ascending order, and the chunks are added in ascending order. Any number of threads gives the same
// bits.
#pragma once

#include <algorithm>

#include "recurra/base/buffer.h"
#include "recurra/base/parallel.h"

namespace recurra::ops {

/// Chunks for sums of `sums` numbers over `rows` rows: few where the partial sums would fill the cache.
inline Index reduction_chunks(Index rows, Index sums) {
  constexpr Index smallest = 256, most = 16, partial_numbers = 1 << 22;
  const Index fitting = std::clamp<Index>(partial_numbers / std::max<Index>(sums, 1), 1, most);
  return std::clamp<Index>(rows / smallest, 1, fitting);
}

/// sums (count) = sum over rows; add(begin, end, out) adds what rows [begin, end) contribute to `out`. `operations` is
/// the cost of the whole in floating-point operations.
template <class T, class Add>
void reduce_rows(Index rows, Index count, double operations, T* sums, const Add& add) {
  assert(rows >= 0 && count >= 0);
  if (count == 0) return;
  const Index chunks = reduction_chunks(rows, count);
  if (chunks == 1) {
    std::fill_n(sums, count, T(0));
    const FlushDenormals flush;
    add(Index{0}, rows, sums);
    return;
  }
  const Buffer<T> partial(chunks * count);
  parallel_for(chunks, operations, [&](Index chunk) {
    T* const own = partial.data() + chunk * count;
    std::fill_n(own, count, T(0));
    add(chunk * rows / chunks, (chunk + 1) * rows / chunks, own);
  });
  parallel_blocks(count, 1 << 12, static_cast<double>(chunks * count), [&](Index begin, Index end) {
    std::copy(partial.data() + begin, partial.data() + end, sums + begin);
    for (Index chunk = 1; chunk < chunks; ++chunk) {
      const T* term = partial.data() + chunk * count;
      for (Index i = begin; i < end; ++i) sums[i] += term[i];
    }
  });
}

/// Sum of the rows of a matrix (rows, columns).
template <class T>
void sum_rows(const T* matrix, Index rows, Index columns, T* sums) {
  reduce_rows(rows, columns, static_cast<double>(rows * columns), sums, [&](Index begin, Index end, T* out) {
    for (Index row = begin; row < end; ++row)
      for (Index column = 0; column < columns; ++column) out[column] += matrix[row * columns + column];
  });
}

}  // namespace recurra::ops
