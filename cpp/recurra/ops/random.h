// Random tensors as pure functions of (seed, stream): see base/random.h.
#pragma once

#include "recurra/base/random.h"
#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// Uniform numbers in [low, high).
Tensor random_uniform(const Shape& shape, const Philox& numbers, double low, double high, DType dtype);
Tensor random_normal(const Shape& shape, const Philox& numbers, double mean, double stddev, DType dtype);
/// Normal numbers, drawn again where they are more than two standard deviations from the mean.
Tensor random_truncated_normal(const Shape& shape, const Philox& numbers, double mean, double stddev, DType dtype);

}  // namespace recurra::ops
