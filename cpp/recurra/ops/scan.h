// Linear recurrences over time. Letters: B batch, T time, U units.
#pragma once

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// h_t = a_t h_{t-1} + b_t, number by number. a (B, T, U), or (U) for the same in all steps; b (B, T, U); h0 (B, U) or
/// undefined for zeros -> (B, T, U).
Tensor linear_scan(const Tensor& a, const Tensor& b, const Tensor& h0);

/// The same of complex numbers, U real parts and then U imaginary parts: a (B, T, 2U), or (2U) for the same in all
/// steps; b (B, T, 2U); h0 (B, 2U) or undefined for zeros -> (B, T, 2U). Gradients are those of the parts.
Tensor complex_scan(const Tensor& a, const Tensor& b, const Tensor& h0);

/// A step of complex_scan: after = a before + b, for `count` of the U numbers of a row, from the pointers on.
template <class T>
void complex_step(const T* a, const T* before, const T* b, T* after, Index count, Index U);

/// Whether they go through blocks of time at once: for few sequences of many steps.
bool scans_in_blocks(Index B, Index T);

}  // namespace recurra::ops
