// One time step of a layer, forward: products and the cell's pointwise step for a few rows. The driver runs it over
// whole sequences, a stream one step after another.
//
// The weights meet the rows in panels of one vector of units x all its slots (gemm.h), and the cell's pointwise step
// runs on the sums while they are in the first cache. A row's numbers do not depend on the rows beside it.
//
// Letters: F features, U units, L lanes, J vectors of units.
#pragma once

#include "recurra/rnn/cell_table.h"
#include "recurra/rnn/layout.h"
#include "recurra/rnn/normal.h"

namespace recurra::rnn {

/// The rows of a step and pointers to their data. States lie as [state][row][padded units], what is saved as CellLayout
/// says, for `capacity` rows each.
template <class T>
struct StepRows {
  Index count = 0;                 // rows that take part
  const Index* place = nullptr;    // where each stands among the rows
  const T* const* x = nullptr;     // for each what the input product reads
  const T* const* sums = nullptr;  // or, in place of x, what input_sums() made of it
  const T* const* h = nullptr;     // and the recurrent product of the first stage
  Index capacity = 0;
  const T* before = nullptr;  // states
  T* after = nullptr;
  T* saved = nullptr;                       // nullptr where nothing is saved, in a cell that does not need it
  const T* recurrent_dropout = nullptr;     // scale of state 0, laid out like one state
  const T* zoneout = nullptr;               // share of each state that stays, laid out like the states
  Share share = {};                         // of the units: with others, all threads of a team take the step together
  Statistics statistics = Statistics::row;  // of a normalised cell; see NormalRows
  T* mean = nullptr;
  T* variance = nullptr;
};

/// Rows that a step takes through its products and its pointwise part together: their sums fit in the first cache.
inline constexpr Index rows_of_block = 24;

/// The sizes of a layer and its settings.
template <class T>
struct StepOptions {
  Index features = 0, units = 0, width = 0;  // width: units of state 0
  Index taps = 1;                            // states that the recurrent product reads
  Functions functions;
  T clip = 0;
};

template <class T>
class Step {
  static constexpr int L = lanes<T>;

 public:
  Step(const CellEntry& cell, const StepOptions<T>& options);
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  CellLayout<T> layout;
  Normal<T> normal;

  Index padded_units() const { return layout.stride; }
  /// Elements of the states, and of what is saved, of so many rows.
  Index states_size(Index rows) const { return layout.shape.states * rows * padded_units(); }
  Index saved_size(Index rows) const { return layout.saved_size(rows); }

  void forward(const StepRows<T>& rows) const {
    for (int stage = 0; stage < layout.shape.stages; ++stage) {
      if (layout.shape.normalised) forward_normalised(stage, rows);
      else forward_stage(stage, rows);
      if (rows.share.parts > 1) wait_for_team();
    }
  }
  /// The adjoint of a stage's pointwise part, for rows that backward_rows() has begun; it changes what depends on the
  /// vector of units.
  void backward_units(int stage, BackwardRows<T>& rows, const Share& share) const;
  BackwardRows<T> backward_rows() const;

  /// Bias and input products of `count` rows, one row of sums behind the other: [unit vector][slot][lane].
  void input_sums(Index count, const T* const* x, T* sums) const;

 private:
  // Sums of a block of rows, as many as any group of units has.
  struct Sums {
    alignas(simd_bytes) T numbers[rows_of_block * CellShape::most_slots * L];
  };
  using Rows = std::array<const T*, static_cast<std::size_t>(rows_of_block)>;

  void forward_stage(int stage, const StepRows<T>& rows) const;
  void forward_normalised(int stage, const StepRows<T>& rows) const;
  void normalise(int stage, const StepRows<T>& rows) const;
  void save_input_sums(int stage, const StepRows<T>& rows) const;
  void save_recurrent_sums(int stage, const StepRows<T>& rows) const;
  void save_sums(const StepRows<T>& rows, Index first, const StepProduct<T>& product, Index j, int place,
                 int count) const;
  void add_normalised(int stage, const StepRows<T>& rows, Index first, Index count, Index j, T* sums) const;
  void set_recurrent_rows(StepProduct<T>& product, int stage, const StepRows<T>& rows, Index first,
                          Rows& operands) const;
  StepProduct<T> stage_product(int stage, const StepRows<T>& rows, T* sums) const;
  ForwardRows<T> forward_rows(const StepRows<T>& rows) const;
  T* saved_of(const StepRows<T>& rows, Index j, Index row) const {
    return rows.saved + layout.saved_place(rows.capacity, j, rows.place[row]);
  }
  const CellShape::StageShape& stage_shape(int stage) const { return layout.shape.stage[CellShape::at(stage)]; }
  const StageKernels<T>& kernels(int stage) const { return kernels_[CellShape::at(stage)]; }

  const StepKernels<T>& kernels_;
  const Functions functions_;
  const std::size_t form_;  // of the compiled functions
  const T clip_;
};

}  // namespace recurra::rnn
