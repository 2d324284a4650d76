// Arithmetic of two operands with broadcasting. Operands of different element types are promoted (cast.h).
#pragma once

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

Tensor add(const Tensor& a, const Tensor& b);
Tensor subtract(const Tensor& a, const Tensor& b);
Tensor multiply(const Tensor& a, const Tensor& b);
/// True division: integers become float32.
Tensor divide(const Tensor& a, const Tensor& b);
/// a / b, and 0 (also in the gradient) where b is 0.
Tensor divide_no_nan(const Tensor& a, const Tensor& b);
/// Rounded towards minus infinity; its gradient is 0.
Tensor floor_divide(const Tensor& a, const Tensor& b);
/// a - floor(a / b) b: the sign of b, as in Python.
Tensor mod(const Tensor& a, const Tensor& b);
Tensor power(const Tensor& a, const Tensor& b);
/// The larger; where both are equal each gets half of the gradient.
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);
/// The angle of the point (x = b, y = a).
Tensor arctan2(const Tensor& a, const Tensor& b);
/// log(exp(a) + exp(b)) without overflow.
Tensor logaddexp(const Tensor& a, const Tensor& b);

}  // namespace recurra::ops
