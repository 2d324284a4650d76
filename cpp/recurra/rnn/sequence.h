// What a recurrent layer is asked to do with a batch: sizes, settings, and pointers to its data.
//
// Letters: B batch, T time, F features, U units, P units of state 0, N rows of a table.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "recurra/ops/embedding.h"
#include "recurra/rnn/functions.h"
#include "recurra/rnn/normal.h"

namespace recurra::rnn {

/// Rows of a table as the input: what is looked up where.
template <class T>
struct TableInput {
  const T* table = nullptr;  // N F
  const ops::Occurrences* found = nullptr;
};

/// One layer's work on one batch: sizes, settings and borrowed memory. nullptr means "not given".
template <class T>
struct Sequence {
  Index B = 0, steps = 0, F = 0, U = 0, P = 0;  // P is U unless the cell projects
  Functions functions;
  T clip = 0;                // bound of the cell state, 0 for none
  std::vector<Index> skips;  // recurrent products read the states so many steps ago too, zeros before the first
  bool go_backwards = false;
  bool return_sequences = false;
  bool zero_output_for_mask = false;
  bool training = false;      // save what backward needs
  Index segment = 0;          // steps between checkpoints; steps keeps everything
  const T* x = nullptr;       // B T F, or nullptr and
  TableInput<T> table_input;  // the rows of a table
  WeightPointers<T> weights;
  std::shared_ptr<const void> packed;       // these weights as another Driver of the same cell packed them; or null
  const bool* mask = nullptr;               // B T, false where a step is padding
  const T* input_dropout = nullptr;         // B F, scale of each input
  const T* recurrent_dropout = nullptr;     // B P, scale of state 0 as the recurrent products see it, or B T P
  bool dropout_per_step = false;            // whether that scale has a time axis
  std::vector<const T*> zoneout;            // per state: B T U or P, the share of the previous state that stays
  std::vector<T> zoneout_rate;              // per state: the same as one number, where there are no masks
  Statistics statistics = Statistics::row;  // of a normalised cell
  const T* mean = nullptr;                  // given statistics: statistics_steps, normalised columns; the last ones are
  const T* variance = nullptr;              // those of all later steps
  Index statistics_steps = 0;
  T* batch_mean = nullptr;  // statistics of the batch: T, normalised columns
  T* batch_variance = nullptr;
  std::vector<const T*> initial;  // per state: B U or P
  T* y = nullptr;                 // B T P or B P
  std::vector<T*> final;          // per state: B U or P

  /// The time that a step of the driver stands for, and whether a row sits it out.
  Index source_time(Index step) const { return go_backwards ? steps - 1 - step : step; }
  bool masked(Index row, Index step) const { return mask && !mask[row * steps + source_time(step)]; }
};

/// Gradients; an output gradient that is nullptr is zero, an input gradient that is nullptr is not wanted.
template <class T>
struct SequenceGradients {
  const T* dy = nullptr;
  std::vector<const T*> dfinal;
  T* dx = nullptr;
  const T* x = nullptr;         // where the input was a table: its rows, if they were made since; then dx is theirs
  bool wants_table = false;     // else whether add_table_gradient will be called
  GradientPointers<T> weights;  // added to what is there
  std::vector<T*> dinitial;
};

/// What is left of a pass that has been prepared: tasks, which may run at the same time, also beside those of another
/// pass, and what follows them.
struct Pass {
  Index tasks = 0;
  double operations = 0;  // of all tasks
  std::function<void(Index)> task;
  std::function<void()> end;
};

}  // namespace recurra::rnn
