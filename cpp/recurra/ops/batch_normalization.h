// Batch normalisation with the statistics of the batch (Ioffe & Szegedy, 2015). Channels last; letters: N rows (all
// axes but the last), C channels, w 1 where the mask holds, else 0.
//
//   n = sum of w         mean = sum of w x / n         variance = sum of w (x - mean)^2 / n
//   y = gamma (x - mean) / sqrt(variance + epsilon) + beta
//
// Without a mask n = N. With one, Keras's 1e-7 is added to n, so that an all-masked batch divides by no zero; masked
// rows are normalised like the others but do not count in the statistics.
#pragma once

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

struct BatchNormalized {
  Tensor y;
  Tensor mean, variance;  ///< (C), off the tape
};

/// x (..., C); gamma, beta (C) or undefined; mask bool of shape x.shape[:-1] or x.shape, or undefined.
BatchNormalized batch_normalization(const Tensor& x, const Tensor& gamma, const Tensor& beta, const Tensor& mask,
                                    double epsilon);

}  // namespace recurra::ops
