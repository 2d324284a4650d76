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

/// The largest number of a row of at least one.
template <class T>
RECURRA_INLINE T largest(const T* x, Index count) {
  Vec<T> tops = broadcast(x[0]);
  Index i = 0;
  for (; i + lanes<T> <= count; i += lanes<T>) {
    const Vec<T> here = load(x + i);
    tops = max<T>(here, tops);
  }
  T top = tops[0];
  for (int k = 1; k < lanes<T>; ++k) top = std::max(top, tops[k]);
  for (; i < count; ++i) top = std::max(top, x[i]);
  return top;
}

/// log sum e^x of a row of at least one number.
template <class T>
RECURRA_INLINE T log_sum_of_exponentials(const T* x, Index count) {
  const T top = largest(x, count);
  return top + std::log(sum_of_exponentials(x, top, count, [](Index, Index, const Vec<T>&) {}));
}

/// y = softmax(x) of a row of at least one number; y may be x.
template <class T>
void softmax_row(const T* x, Index count, T* y) {
  const T top = largest(x, count);
  const T total =
      sum_of_exponentials(x, top, count, [&](Index i, Index part, const Vec<T>& e) { store_part(y + i, e, part); });
  const T scale = T(1) / total;
  for (Index i = 0; i < count; ++i) y[i] *= scale;
}

/// y = log softmax(x), likewise.
template <class T>
void log_softmax_row(const T* x, Index count, T* y) {
  const T shift = log_sum_of_exponentials(x, count);
  for (Index i = 0; i < count; ++i) y[i] = x[i] - shift;
}

}  // namespace recurra
