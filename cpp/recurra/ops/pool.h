// Maximum and mean over sliding windows of channels-last sequences and images. Padding never counts: the maximum and
// the mean are over those inputs of the window that exist.
#pragma once

#include <array>

#include "recurra/ops/window.h"
#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// x (B, T, C) -> (B, T', C). The gradient goes to the first largest element of a window.
Tensor max_pool1d(const Tensor& x, Index size, Index stride, Padding padding);
/// x (B, H, W, C) -> (B, H', W', C).
Tensor max_pool2d(const Tensor& x, std::array<Index, 2> size, std::array<Index, 2> strides, Padding padding);

/// x (B, T, C) -> (B, T', C).
Tensor average_pool1d(const Tensor& x, Index size, Index stride, Padding padding);
/// x (B, H, W, C) -> (B, H', W', C).
Tensor average_pool2d(const Tensor& x, std::array<Index, 2> size, std::array<Index, 2> strides, Padding padding);

}  // namespace recurra::ops
