// The update rules: each moves all parameters of a block one step along their gradients, as one flat loop.
//
// θ parameter, g its gradient, η learning rate, t the number of this step counted from 1. A slot is a flat run parallel
// to the block's values that the rule keeps between steps; its file says the equation.
#pragma once

#include "recurra/tensor/parameters.h"

namespace recurra::optim {

/// Gradient descent; `velocity` is undefined when momentum is 0. See sgd.cpp.
void sgd(const ParameterBlock& block, const Tensor& velocity, double rate, double momentum, bool nesterov);

/// `momenta` is undefined when momentum is 0, `mean` when not centered. See rmsprop.cpp.
void rmsprop(const ParameterBlock& block, const Tensor& square, const Tensor& momenta, const Tensor& mean, double rate,
             double rho, double momentum, double epsilon);

/// `largest` is undefined without AMSGrad. See adam.cpp.
void adam(const ParameterBlock& block, const Tensor& first, const Tensor& second, const Tensor& largest, double rate,
          double beta_1, double beta_2, double epsilon, Index step);
void adamax(const ParameterBlock& block, const Tensor& first, const Tensor& norm, double rate, double beta_1,
            double beta_2, double epsilon, Index step);
/// `product` is the product of the momentum schedule u up to and with this step.
void nadam(const ParameterBlock& block, const Tensor& first, const Tensor& second, double rate, double beta_1,
           double beta_2, double epsilon, Index step, double product);

/// See adagrad.cpp.
void adagrad(const ParameterBlock& block, const Tensor& accumulator, double rate, double epsilon);
void adadelta(const ParameterBlock& block, const Tensor& gradients, const Tensor& updates, double rate, double rho,
              double epsilon);

/// See ftrl.cpp.
void ftrl(const ParameterBlock& block, const Tensor& accumulator, const Tensor& linear, double rate, double power,
          double l1, double l2, double shrinkage, double beta);

/// See lion.cpp.
void lion(const ParameterBlock& block, const Tensor& momenta, double rate, double beta_1, double beta_2);

}  // namespace recurra::optim
