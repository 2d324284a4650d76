// Fully connected layers.
#pragma once

#include "recurra/kernels/activation.h"
#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// y = f(x kernel + bias): (…, F) x (F, U) + (U) -> (…, U). `bias` may be undefined. With `transposed` the kernel is
/// (U, F), read as its transpose.
Tensor dense(const Tensor& x, const Tensor& kernel, const Tensor& bias, Activation activation = Activation::linear,
             bool transposed = false);

}  // namespace recurra::ops
