// The same elements in another arrangement. Every op here is a walk over its operand with strides (possibly negative or
// 0), written out row-major; adjoints walk the same way back.
#pragma once

#include <array>
#include <vector>

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// One extent may be -1: what is left over. Shares the elements.
Tensor reshape(const Tensor& x, const std::vector<Index>& shape);
Tensor reshape(const Tensor& x, const Shape& shape);
/// Axis k of the result is axis permutation[k] of x; an empty permutation reverses the axes.
Tensor transpose(const Tensor& x, const std::vector<Index>& permutation = {});
Tensor broadcast_to(const Tensor& x, const Shape& shape);
/// A tensor of copies of the only element of `value`.
Tensor full(const Shape& shape, const Tensor& value);
/// Elements in reverse order along each of `axes`.
Tensor flip(const Tensor& x, const std::vector<Index>& axes);

/// Elements start, start + step, … of one axis, `count` of them.
struct AxisSlice {
  Index start = 0;
  Index step = 1;
  Index count = 0;
};
/// One AxisSlice for each axis, inside the bounds. Whole leading rows share the elements of x.
Tensor slice(const Tensor& x, const std::vector<AxisSlice>& axes);

/// A walk over a row-major array: element (i, j, …) of `shape` is at offset + i stride[0] + j stride[1] + …
struct Walk {
  Shape shape;
  std::array<Index, Shape::max_rank> stride{};
  Index offset = 0;

  /// The whole of a row-major array of this shape.
  explicit Walk(const Shape& shape);
};
/// A new tensor of walk.shape with the elements met on the walk over x. Not on the tape.
Tensor gather(const Tensor& x, const Walk& walk);
/// sum[walk] += terms. No element may be met twice.
void scatter_add(const Tensor& terms, const Walk& walk, const Tensor& sum);
/// target[walk] = values. No element may be met twice.
void scatter(const Tensor& values, const Walk& walk, const Tensor& target);

}  // namespace recurra::ops
