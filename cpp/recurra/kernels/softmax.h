// Softmax of a row and its logarithm.
#pragma once

#include <algorithm>
#include <cmath>

#include "recurra/base/shape.h"
#include "recurra/kernels/math.h"

namespace recurra {

/// Calls body(first number, how many of a vector, their e^(x - top)) for all numbers of a row; returns the sum of the
/// latter, taken in lanes and then in order.
template <class T, class Body>
RECURRA_INLINE T sum_of_exponentials(const T* x, T top, Index count, Body&& body) {
  Vec<T> sums{};
  for (Index i = 0; i < count; i += lanes<T>) {
    const Index part = std::min<Index>(lanes<T>, count - i);
    alignas(simd_bytes) T e[lanes<T>];
    store(e, math::exp<T>(load_part(x + i, part) - top));
    const Vec<T> inside = load_part(e, part);  // without the lanes behind the end
    body(i, part, inside);
    sums += inside;
  }
  T total = 0;
  for (int k = 0; k < lanes<T>; ++k) total += sums[k];
  return total;
}

/// y = softmax(x) of a row of at least one number; y may be x.
template <class T>
void softmax_row(const T* x, Index count, T* y) {
  const T top = *std::max_element(x, x + count);
  const T total =
      sum_of_exponentials(x, top, count, [&](Index i, Index part, const Vec<T>& e) { store_part(y + i, e, part); });
  const T scale = T(1) / total;
  for (Index i = 0; i < count; ++i) y[i] *= scale;
}

/// y = log softmax(x), likewise.
template <class T>
void log_softmax_row(const T* x, Index count, T* y) {
  const T top = *std::max_element(x, x + count);
  const T shift = top + std::log(sum_of_exponentials(x, top, count, [](Index, Index, const Vec<T>&) {}));
  for (Index i = 0; i < count; ++i) y[i] = x[i] - shift;
}

}  // namespace recurra
