// A chain of stages with what a stream of it needs: the places of states and workspace, and how a step runs through
// them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "recurra/base/buffer.h"
#include "recurra/runtime/stage.h"

namespace recurra::runtime {

/// The table of an Embedding at the front of a chain.
template <class T>
struct TokenTable {
  Buffer<T> rows;  // (vocabulary, width)
  Index vocabulary, width;
  bool zero_is_padding;
};

/// What changes from step to step, for B sequences.
template <class T>
struct Memory {
  struct Place {
    Index state, scratch;  // first of a stage's numbers
  };

  Index batch = 0;
  std::uint64_t time = 0;
  Buffer<T> numbers;
  std::vector<Place> places;  // of each stage; behind them that of the rows that the table gives
  Buffer<Rows<T>> inputs;     // of each stage at this step
  Buffer<bool> counts;
  Buffer<std::int32_t> tokens;
};

template <class T>
class Network {
 public:
  /// The network that a configuration describes. Throws std::invalid_argument, naming the layer, for what cannot be
  /// run step by step.
  Network(const Json& model, const Arrays& arrays);

  const Flow& input() const noexcept { return input_; }
  const Flow& output() const noexcept { return flow_; }
  /// Numbers of the vocabulary that a chain beginning with an Embedding takes, one a row; 0 for other chains.
  Index vocabulary() const noexcept { return table_ ? table_->vocabulary : 0; }
  double operations() const noexcept { return operations_; }

  Memory<T> memory(Index batch) const;
  void copy(const Memory<T>& from, Memory<T>& to) const noexcept;
  void clear(Memory<T>& memory) const noexcept;
  void clear_row(Memory<T>& memory, Index row) const noexcept;

  /// One step: rows of x begin x_stride apart, rows of y y_stride. The tokens of a chain with a vocabulary stand in
  /// the memory.
  void step(Memory<T>& memory, Rows<T> x, T* y, Index y_stride) const noexcept;

  /// State arrays: their names, and shapes behind the batch.
  struct StateArray {
    std::string layer;
    std::vector<Index> shape;
    std::size_t stage, which;
  };
  const std::vector<StateArray>& states() const noexcept { return states_; }
  void read_state(const Memory<T>& memory, std::size_t index, T* values) const noexcept;
  void write_state(Memory<T>& memory, std::size_t index, const T* values) const noexcept;

 private:
  void add_table(const Description& layer, const Weights& weights);
  Moment<T> moment(const Memory<T>& memory, std::size_t stage) const noexcept;
  Rows<T> look_up(const TokenTable<T>& table, Memory<T>& memory) const noexcept;

  Flow input_, flow_;
  std::optional<TokenTable<T>> table_;
  std::vector<std::unique_ptr<Stage<T>>> stages_;
  std::vector<StateArray> states_;
  double operations_ = 0;
  Index numbers_ = 0;  // of state and workspace for one sequence
};

}  // namespace recurra::runtime
