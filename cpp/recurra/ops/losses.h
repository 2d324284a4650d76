// Losses of single samples, each one node; means over samples, weights and masks are the caller's.
#pragma once

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// mean over the last axis of |target - output|.
Tensor mean_absolute_error(const Tensor& target, const Tensor& output);
/// mean over the last axis of (target - output)^2.
Tensor mean_squared_error(const Tensor& target, const Tensor& output);

/// -t log p - (1 - t) log(1 - p) for each element. Probabilities are first limited to [epsilon, 1 - epsilon], with no
/// gradient outside; from logits z the sum is taken as max(z, 0) - t z + log(1 + exp(-|z|)).
Tensor binary_crossentropy(const Tensor& target, const Tensor& output, bool from_logits, double epsilon);

/// -sum t log p over the last axis. Probabilities are first divided by their sum, then limited to
/// [epsilon, 1 - epsilon]; from logits p = softmax(z).
Tensor categorical_crossentropy(const Tensor& target, const Tensor& output, bool from_logits, double epsilon);

/// The same with t = 1 at the class an integer names: target (…), output (…, C). A negative or too large class is an
/// error.
Tensor sparse_categorical_crossentropy(const Tensor& target, const Tensor& output, bool from_logits, double epsilon);

}  // namespace recurra::ops
