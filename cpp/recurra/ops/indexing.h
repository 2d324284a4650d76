// Elements picked by integer indices. A negative index counts from the end; one outside the axis is an error. The
// adjoint adds in place, so a lookup in a large table costs only the rows looked up.
#pragma once

#include <vector>

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// Indices as int64 in [0, extent), always in memory of their own. Throws for one outside an axis of `extent`.
Tensor checked_indices(const Tensor& indices, Index extent, const char* who);

/// x[…, indices, …] along one axis: the axis is replaced by the axes of `indices`.
Tensor take(const Tensor& x, const Tensor& indices, Index axis);
/// out[…, i, …] = x[…, indices[…, i, …], …]; both have the same axes and broadcast in all but `axis`.
Tensor take_along_axis(const Tensor& x, const Tensor& indices, Index axis);
/// Where the true elements of a mask are: one vector of positions (int64) for each axis.
std::vector<Tensor> true_positions(const Tensor& mask);
/// x indexed by arrays of integers along several axes at once, which broadcast, as in NumPy. Their axes stand where the
/// first indexed axis stood, or in front where `apart` says that something stands between the indexed axes. Throws
/// std::out_of_range for an index outside its axis.
Tensor take_points(const Tensor& x, const std::vector<Tensor>& indices, const std::vector<int>& axes, bool apart);
/// A copy of x with x[…, indices, …] += values along axis 0, or = values if `overwrite` (the last one wins).
Tensor put_rows(const Tensor& x, const Tensor& indices, const Tensor& values, bool overwrite);
/// 1 at the position an index names, else 0, along a new axis; an index outside the axis gives a row of zeros.
Tensor one_hot(const Tensor& indices, Index classes, Index axis, DType dtype);

}  // namespace recurra::ops
