// Dropout: each element is set to 0 with probability `rate`, the others are scaled by 1 / (1 - rate). The mask is a
// function of (seed, stream), so the backward pass makes it again instead of keeping it (Srivastava et al., 2014).
#pragma once

#include <optional>

#include "recurra/base/random.h"
#include "recurra/tensor/tensor.h"

namespace recurra::ops {

Tensor dropout(const Tensor& x, double rate, const Philox& numbers);
/// One mask for many elements: `mask_shape` broadcasts to the shape of x.
Tensor dropout(const Tensor& x, double rate, const Philox& numbers, const Shape& mask_shape);
/// The factors themselves: 0 or, by default, 1 / (1 - rate).
Tensor dropout_mask(const Shape& shape, double rate, const Philox& numbers, DType dtype,
                    std::optional<double> kept = {});

}  // namespace recurra::ops
