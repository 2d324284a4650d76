// Linear recurrences over time. Letters: B batch, T time, U units.
#pragma once

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// h_t = a_t h_{t-1} + b_t, number by number. a (B, T, U), or (U) for the same in all steps; b (B, T, U); h0 (B, U) or
/// undefined for zeros -> (B, T, U).
Tensor linear_scan(const Tensor& a, const Tensor& b, const Tensor& h0);

/// Whether it goes through blocks of time at once: for few sequences of many steps.
bool scans_in_blocks(Index B, Index T);

}  // namespace recurra::ops
