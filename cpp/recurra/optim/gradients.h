// What happens to a block of gradients before a step (clipping, accumulation) and to its values beside it (decay,
// moving average).
#pragma once

#include <vector>

#include "recurra/tensor/parameters.h"

namespace recurra::optim {

/// Euclidean norm of all gradients together; the same bits for any number of threads.
double global_norm(const ParameterBlock& block);

/// g ← min(max(g, −limit), limit); a NaN stays a NaN.
void clip_by_value(const ParameterBlock& block, double limit);
/// Per parameter: g ← g · limit / max(‖g‖, limit).
void clip_by_norm(const ParameterBlock& block, double limit);
/// g ← g · limit / max(‖g‖, limit) with the norm of all gradients together (Pascanu, Mikolov and Bengio, ICML 2013).
/// A norm that is not finite makes every gradient NaN, as in Keras, so that the failure is seen.
void clip_by_global_norm(const ParameterBlock& block, double limit);

/// θ ← θ − rate·θ for the parameters with these numbers (Loshchilov and Hutter, "Decoupled weight decay", ICLR 2019).
void decay(const ParameterBlock& block, const std::vector<Index>& parameters, double rate);

/// sum ← sum + g.
void accumulate(const ParameterBlock& block, const Tensor& sum);
/// g ← (sum + g) / count, sum ← 0.
void release_accumulated(const ParameterBlock& block, const Tensor& sum, double count);

/// average ← momentum·average + (1 − momentum)·θ (Polyak and Juditsky, 1992, in the exponential form).
void track_average(const ParameterBlock& block, const Tensor& average, double momentum);

}  // namespace recurra::optim
