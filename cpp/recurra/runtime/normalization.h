#pragma once

#include "recurra/ops/layer_normalization.h"
#include "recurra/runtime/stage.h"

namespace recurra::runtime {

/// Normalises each of `inner` rows of `columns` numbers in a row, as ops::layer_normalization does; empty gamma and
/// beta are none.
template <class T>
std::unique_ptr<Stage<T>> row_normalization_stage(Buffer<T> gamma, Buffer<T> beta, double epsilon, ops::RowNorm norm,
                                                  Index columns, Index inner);

}  // namespace recurra::runtime
