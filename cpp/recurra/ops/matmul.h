// Matrix products.
#pragma once

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// The product of the last two axes, (…, M, K) x (…, K, N) -> (…, M, N); leading axes broadcast. A vector on the left
/// counts as a row, on the right as a column, and the axis it lent is dropped again.
Tensor matmul(const Tensor& a, const Tensor& b);

/// A row-major matrix, or its transpose.
template <class T>
struct Matrix {
  const T* data;
  bool transposed = false;
};
/// c (M, N) = a (M, K) x b (K, N), added to c if `accumulate`. Rows of c are made in fixed blocks; a long K over a
/// small c is cut into fixed pieces that are added in order. Either way the bits do not depend on the threads.
template <class T>
void product(Index m, Index n, Index k, Matrix<T> a, Matrix<T> b, T* c, bool accumulate = false);

}  // namespace recurra::ops
