// Reductions over axes. An empty axis list means all axes. Sums are taken in fixed chunks whose bounds depend on the
// shape alone and are then added in order, so any number of threads gives the same bits.
#pragma once

#include <vector>

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

using Axes = std::vector<Index>;

Tensor sum(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor mean(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// Mean squared distance from the mean (divided by the count, not by the count - 1).
Tensor var(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor std(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor prod(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// Equal maxima share the gradient equally.
Tensor max(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor min(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
/// log(sum(exp(x))) without overflow.
Tensor logsumexp(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor any(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor all(const Tensor& x, const Axes& axes = {}, bool keepdims = false);

/// Whether no element is NaN or infinite.
bool all_finite(const Tensor& x);

/// Where the first largest / smallest element along an axis is (int32).
Tensor argmax(const Tensor& x, Index axis, bool keepdims = false);
Tensor argmin(const Tensor& x, Index axis, bool keepdims = false);

Tensor cumsum(const Tensor& x, Index axis);
Tensor cumprod(const Tensor& x, Index axis);

/// The adjoint of broadcasting: sums `x` over the axes along which `shape` was stretched. No op on the tape.
Tensor sum_to(const Tensor& x, const Shape& shape);

}  // namespace recurra::ops
