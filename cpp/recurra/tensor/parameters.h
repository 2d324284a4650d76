// All parameters of a model in one flat run of numbers, their gradients in a parallel one. Each parameter is a view, so
// an optimizer step, clipping or averaging over machines is one loop over one buffer.
#pragma once

#include <vector>

#include "recurra/tensor/tensor.h"

namespace recurra {

class ParameterBlock {
 public:
  /// Moves the elements of `parameters` (all of one floating dtype, none twice) into one block, in order, each aligned
  /// to a cache line, and makes them leaves whose gradients are views of a second block, zero at first.
  explicit ParameterBlock(std::vector<Tensor> parameters);

  const std::vector<Tensor>& parameters() const { return parameters_; }
  /// Where parameter i begins in the flat block, in elements.
  const std::vector<Index>& offsets() const { return offsets_; }
  const Tensor& values() const { return values_; }
  const Tensor& gradients() const { return gradients_; }
  void zero_gradients() const;
  /// Whether every parameter still lives here (another block may have claimed it since).
  bool intact() const;

 private:
  std::vector<Tensor> parameters_;
  std::vector<Index> offsets_;
  Tensor values_;
  Tensor gradients_;
};

}  // namespace recurra
