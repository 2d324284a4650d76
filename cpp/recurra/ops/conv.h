// Convolution in one and two dimensions, and its transpose. Channels last; letters: B batch, T time, H, W height and
// width, F input channels, O filters, K taps, G groups, s stride, d dilation, p padding in front.
//
//   conv:       y[b, t, o] = act(bias[o] + sum over k, f of x[b, t s + k d - p, f] kernel[k, f, o])
//   transpose:  y[b, u, o] = bias[o] + sum over t, k, f with t s + k d - p = u of x[b, t, f] kernel[k, o, f]
//
// With groups, filters [g O/G, (g+1) O/G) see the channels [g F/G, (g+1) F/G) only. Zeros are read outside the input.
#pragma once

#include <array>

#include "recurra/kernels/activation.h"
#include "recurra/ops/window.h"
#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// x (B, T, F), kernel (K, F/G, O), bias (O) or undefined -> (B, T', O). Where x is an embedding that nobody has read,
/// the table may be multiplied in its place (embedding_conv.h).
Tensor conv1d(const Tensor& x, const Tensor& kernel, const Tensor& bias, Index stride, Index dilation, Index groups,
              Padding padding, Activation activation = Activation::linear);

/// x (B, H, W, F), kernel (K, L, F/G, O), bias (O) or undefined -> (B, H', W', O). `padding` is valid or same.
Tensor conv2d(const Tensor& x, const Tensor& kernel, const Tensor& bias, std::array<Index, 2> strides,
              std::array<Index, 2> dilations, Index groups, Padding padding,
              Activation activation = Activation::linear);

/// x (B, T, F), kernel (K, O, F), bias (O) or undefined -> (B, T', O) with the given T' and p = before.
Tensor conv1d_transpose(const Tensor& x, const Tensor& kernel, const Tensor& bias, Index stride, Index dilation,
                        Index before, Index output);

}  // namespace recurra::ops
