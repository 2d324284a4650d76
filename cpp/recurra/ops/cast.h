// Element types of results.
#pragma once

#include <utility>

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// bool < int32 < int64 < float32 < float64: the smallest type that both fit in by Keras's rule, where any floating
/// type outranks any integer type.
DType promoted(DType a, DType b);
/// float32 for what is not floating already.
DType floating(DType dtype);

/// The same numbers with another element type (to bool: whether not 0). Differentiable between floating types.
Tensor cast(const Tensor& x, DType dtype);

/// Both operands in their promoted type.
std::pair<Tensor, Tensor> promoted(const Tensor& a, const Tensor& b);

}  // namespace recurra::ops
