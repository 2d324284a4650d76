// Normalisation of every row by its own statistics. Letters: N rows (all axes but the last), D numbers in a row.
//
//   layer (Ba, Kiros & Hinton, 2016):      y = gamma (x - mean(x)) / sqrt(variance(x) + epsilon) + beta
//   root mean square (Zhang & Sennrich, 2019):  y = gamma x / sqrt(mean(x^2) + epsilon) + beta
//   variance (Keras's rms_scaling):        y = gamma x / sqrt(variance(x) + epsilon) + beta
#pragma once

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

enum class RowNorm { layer, root_mean_square, variance };

/// x (..., D); gamma, beta (D) or undefined -> (..., D).
Tensor layer_normalization(const Tensor& x, const Tensor& gamma, const Tensor& beta, double epsilon, RowNorm norm);

/// The same for one row of D numbers; gamma and beta may be nullptr. Allocates nothing.
template <class T>
void normalize_row(const T* x, Index D, const T* gamma, const T* beta, T epsilon, RowNorm norm, T* y) noexcept;

}  // namespace recurra::ops
