// Fully connected layers and table lookups.
#pragma once

#include "recurra/kernels/activation.h"
#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// y = f(x kernel + bias): (…, F) x (F, U) + (U) -> (…, U). `bias` may be undefined.
Tensor dense(const Tensor& x, const Tensor& kernel, const Tensor& bias, Activation activation = Activation::linear);

/// Rows of a table: integer indices of any shape (…), table (N, D) -> (…, D). The gradient adds only to rows in use.
Tensor embedding(const Tensor& indices, const Tensor& table);

}  // namespace recurra::ops
