// Activation functions, element by element, and softmax along an axis.
#pragma once

#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// max(x, 0); with a slope below `threshold`, and a ceiling: see keras.layers.ReLU.
///   x >= max_value: max_value;  threshold <= x < max_value: x;  else negative_slope (x - threshold)
Tensor relu(const Tensor& x, double negative_slope = 0, double max_value = 1.0 / 0.0, double threshold = 0);
/// x where x > 0, else alpha (exp(x) - 1).
Tensor elu(const Tensor& x, double alpha = 1);
/// 1.0507… times elu with alpha = 1.6732… (Klambauer et al., 2017).
Tensor selu(const Tensor& x);
/// x where x > 0, else alpha (exp(x / alpha) - 1).
Tensor celu(const Tensor& x, double alpha = 1);
/// x Phi(x) with the normal distribution function Phi, or its tanh approximation (Hendrycks & Gimpel, 2016).
Tensor gelu(const Tensor& x, bool approximate = true);
/// log(1 + exp(x)).
Tensor softplus(const Tensor& x);
/// x / (1 + |x|).
Tensor softsign(const Tensor& x);
Tensor tanh(const Tensor& x);
/// 1 / (1 + exp(-x)).
Tensor sigmoid(const Tensor& x);
/// x / 6 + 1/2, limited to [0, 1].
Tensor hard_sigmoid(const Tensor& x);
/// x sigmoid(x).
Tensor silu(const Tensor& x);
/// x hard_sigmoid(x).
Tensor hard_silu(const Tensor& x);
/// x tanh(softplus(x)) (Misra, 2019).
Tensor mish(const Tensor& x);
/// -softplus(-x).
Tensor log_sigmoid(const Tensor& x);
/// x - tanh(x).
Tensor tanh_shrink(const Tensor& x);
/// x where |x| > threshold, else 0.
Tensor hard_shrink(const Tensor& x, double threshold = 0.5);
/// x moved towards 0 by the threshold, 0 where |x| is less.
Tensor soft_shrink(const Tensor& x, double threshold = 0.5);
/// x where x > threshold, else `otherwise`.
Tensor threshold(const Tensor& x, double threshold, double otherwise);

/// exp(x) / sum(exp(x)) along an axis.
Tensor softmax(const Tensor& x, Index axis = -1);
/// x - log(sum(exp(x))) along an axis.
Tensor log_softmax(const Tensor& x, Index axis = -1);

}  // namespace recurra::ops
