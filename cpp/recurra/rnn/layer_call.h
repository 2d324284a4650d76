// One call of a recurrent layer, between the tensors of the caller and the driver.
#pragma once

#include <memory>
#include <vector>

#include "recurra/rnn/inputs.h"
#include "recurra/rnn/packed_weights_cache.h"
#include "recurra/rnn/sequence.h"
#include "recurra/tensor/tape.h"

namespace recurra::rnn {

/// A call as the tape sees it: gradients of its outputs come out, gradients of its inputs go in. It may be one of
/// several calls of a node.
class PartOfNode {
 public:
  PartOfNode(const BackwardPass& pass, int first_input, int first_output)
      : pass_(pass), first_input_(first_input), first_output_(first_output) {}
  const Tensor& output_gradient(int output) const { return pass_.output_gradient(first_output_ + output); }
  bool wants(int input) const { return pass_.wants(first_input_ + input); }
  void add(int input, const Tensor& gradient) const { pass_.add(first_input_ + input, gradient); }
  Tensor accumulator(int input) const { return pass_.accumulator(first_input_ + input); }

 private:
  const BackwardPass& pass_;
  const int first_input_, first_output_;
};

/// A call on its way from the inputs to a node of the tape.
class Call {
 public:
  virtual ~Call() = default;
  virtual Pass forward() = 0;
  /// The backward pass, empty where no gradient has come, and what follows it.
  virtual Pass backward(const PartOfNode& part) = 0;
  virtual void add_gradients(const PartOfNode& part) = 0;

  bool training = false;
  std::vector<Tensor> inputs, outputs;  // of the node; gone when it is made, or it would keep itself alive
};

/// A call with checked inputs, which writes into `out`. Packed weights are found in the cache, or left there.
std::unique_ptr<Call> make_call(const CellEntry& cell, const RecurrentInputs& in, const Units& units,
                                const RecurrentOptions& options, const Functions& functions,
                                const std::shared_ptr<PackedWeightsCache>& cache, const RecurrentOutputs& out,
                                bool training);

}  // namespace recurra::rnn
