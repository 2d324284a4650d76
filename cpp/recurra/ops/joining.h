// Putting tensors together and repeating their elements.
#pragma once

#include <utility>
#include <vector>

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// Along an existing axis; element types are promoted.
Tensor concatenate(const std::vector<Tensor>& parts, Index axis);
/// Along a new axis.
Tensor stack(const std::vector<Tensor>& parts, Index axis);
/// Each element of an axis `count` times in a row.
Tensor repeat(const Tensor& x, Index count, Index axis);
/// The whole tensor repeated; missing leading entries of `counts` or axes of x count as 1.
Tensor tile(const Tensor& x, const std::vector<Index>& counts);
/// Elements moved `shift` places along an axis, round the end.
Tensor roll(const Tensor& x, Index shift, Index axis);

enum class PadMode { constant, reflect, symmetric, edge };
/// `widths` = elements (before, after) for each axis; `value` is one number of the type of x, used by `constant`.
Tensor pad(const Tensor& x, const std::vector<std::pair<Index, Index>>& widths, PadMode mode, const Tensor& value);

}  // namespace recurra::ops
