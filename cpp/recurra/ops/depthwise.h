// Depthwise convolution: every channel has filters of its own. Channels last; letters: B batch, T time, F channels,
// M filters a channel, K taps, s stride, d dilation, p padding in front.
//
//   y[b, t, f M + m] = sum over k of x[b, t s + k d - p, f] kernel[k, f, m]
#pragma once

#include "recurra/ops/window.h"
#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// x (B, T, F), kernel (K, F, M) -> (B, T', F M).
Tensor depthwise_conv1d(const Tensor& x, const Tensor& kernel, Index stride, Index dilation, Padding padding);

}  // namespace recurra::ops
