// A recurrent layer over a whole batch of sequences, as one operation on the tape.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "recurra/kernels/activation.h"
#include "recurra/tensor/tensor.h"

namespace recurra::rnn {

struct RecurrentOptions {
  std::string activation = "tanh";
  std::string recurrent_activation = "sigmoid";
  bool go_backwards = false;          // last time step first; a returned sequence is in the order it was made
  bool return_sequences = false;      // (B, T, P) instead of the last output (B, P)
  bool zero_output_for_mask = false;  // output 0 at masked steps instead of the output before
  double clip = 0;                    // bound of the cell state (LSTM), 0 for none
  std::vector<double> zoneout_rate;   // per state the share of the previous state that stays; empty for none
  std::vector<Index> skips;           // the recurrent products also read the states so many steps ago, each at least 2
  bool batch_statistics = false;      // normalise by the statistics of this batch, in a cell that normalises
  bool return_states = true;          // give the final states
  bool checkpoint = false;            // keep the states of every sqrt(T)-th step only and compute the rest again
};

/// Inputs of a layer; undefined tensors are "not given". P is U unless the cell projects.
struct RecurrentInputs {
  Tensor x;                 // (B, T, F)
  Tensor kernel;            // (F, input blocks U)
  Tensor recurrent_kernel;  // (taps P, recurrent blocks U), taps 1 + the skips; undefined for a cell without recurrent
                            // product
  Tensor bias;              // (bias_rows, input blocks U), or (input blocks U)
  Tensor vectors;           // (vectors, U): the cell's weights of one number a unit
  Tensor projection;        // (U, P) of a cell that projects: state 0 and the output have P units, not U
  Tensor projection_bias;   // (P)
  std::vector<Tensor> initial;  // (B, U or P) for each state; zeros where undefined
  Tensor mask;                  // (B, T) bool; at a masked step the states stay as they are
  Tensor input_dropout;         // (B, F) scale of the input, the same for all steps
  Tensor recurrent_dropout;     // scale of the state in the recurrent products: (B, P) for all steps, or (B, T, P)
  Tensor mean, variance;  // (steps, normalised columns) of a cell that normalises: statistics to go by, instead of
                          // each row's own; those of the last step serve all later ones
  std::vector<Tensor> zoneout;  // (B, T, U or P) for each state: the share of the previous state that stays
};

struct RecurrentOutputs {
  Tensor output;
  std::vector<Tensor> states;  // (B, U or P) each, after the last step; none without return_states
  Tensor mean, variance;       // (T, normalised columns), with batch_statistics: recurrent blocks, input blocks
};

struct CellEntry;
class Call;
class PackedWeightsCache;

/// A cell with its settings, to be run over batches. Packed weights are cached across inference calls while unchanged.
/// Safe to use from several threads.
class RecurrentLayer {
 public:
  /// Throws std::invalid_argument for an unknown cell or activation.
  RecurrentLayer(const std::string& cell, RecurrentOptions options);

  /// Differentiable with respect to x, the weights and the initial states.
  RecurrentOutputs operator()(const RecurrentInputs& in) const;

 private:
  const CellEntry& cell_;
  const RecurrentOptions options_;
  const Activation activation_, recurrent_activation_;
  const std::shared_ptr<PackedWeightsCache> cache_;
};

/// Defers the layers that this thread calls between begin() and end(); end() runs them at the same time, as one node of
/// the tape. Their outputs must not be read or used before.
class SideBySide {
 public:
  SideBySide();
  ~SideBySide();
  SideBySide(const SideBySide&) = delete;
  SideBySide& operator=(const SideBySide&) = delete;

  void begin();
  /// Without `run` the calls are given up.
  void end(bool run = true);

 private:
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<std::unique_ptr<Call>>* outer_ = nullptr;
};

}  // namespace recurra::rnn
