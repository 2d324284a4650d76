// A recurrent layer, one time step after another: packed weights, and a step that allocates nothing. Many streams may
// share one Stepper.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "recurra/base/shape.h"
#include "recurra/rnn/functions.h"
#include "recurra/rnn/layout.h"

namespace recurra::rnn {

/// What a layer is made of. Weights and statistics are read by the constructor only.
template <class T>
struct StepperOptions {
  Index features = 0, units = 0;
  Index width = 0;           // units of state 0 in a cell that projects, else 0
  std::vector<Index> skips;  // recurrent products read the state 0 so many steps ago too, each at least 2
  WeightPointers<T> weights;
  Functions functions;
  T clip = 0;                   // bound of the cell state, 0 for none
  std::vector<T> zoneout_rate;  // per state, or empty
  // Of a cell that normalises by given statistics: (steps, normalised columns).
  const T* mean = nullptr;
  const T* variance = nullptr;
  Index statistics_steps = 0;
};

/// The states of some rows before the coming step and as many steps back as a Stepper reads: a ring of held() sets of
/// [state][row][padded units], the padding zero.
template <class T>
struct StateRing {
  T* sets;
  Index now;  // the set that stands for the present; the step fills the next one
};

template <class T>
class Stepper {
 public:
  virtual ~Stepper() = default;
  /// States of the cell and, last, if it counts: how many steps a row has made, masked ones too, of one number.
  virtual int states() const noexcept = 0;
  /// Whether steps are counted: where the statistics of a normalised cell depend on it.
  virtual bool counts() const noexcept { return false; }
  /// Sets of states that a step reads or writes, at least 2.
  virtual Index held() const noexcept = 0;
  /// The most units of any state, padded to whole vectors: the distance between rows of a state.
  virtual Index padded_units() const noexcept = 0;
  /// Elements of scratch that step() needs for so many rows.
  virtual Index scratch_size(Index rows) const noexcept = 0;
  /// One step of every row. Row r of x begins at x + r * x_stride. The layer's output is state 0 of the set it fills.
  virtual void step(Index rows, const T* x, Index x_stride, const StateRing<T>& ring, T* scratch) const noexcept = 0;
};

/// Throws std::invalid_argument for an unknown cell.
template <class T>
std::unique_ptr<Stepper<T>> make_stepper(const std::string& cell, const StepperOptions<T>& options);

}  // namespace recurra::rnn
