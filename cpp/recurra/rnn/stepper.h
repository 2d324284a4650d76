// A recurrent layer one time step after another: its weights, packed once, and a step that allocates nothing. Many
// streams may share one Stepper.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "recurra/base/buffer.h"
#include "recurra/rnn/step.h"

namespace recurra::rnn {

/// What a layer is made of; weights and statistics are borrowed until the Stepper stands.
template <class T>
struct StepperOptions {
  Index features = 0, units = 0;
  Index width = 0;           // units of state 0 in a cell that projects, else 0
  std::vector<Index> skips;  // recurrent products read the state 0 so many steps ago too, each at least 2
  Weights<T> weights;
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

template <class Cell, class T>
class CellStepper final : public Stepper<T> {
 public:
  explicit CellStepper(const StepperOptions<T>& options)
      : step_(options.features, options.units, options.width > 0 ? options.width : options.units,
              1 + std::ssize(options.skips), options.functions, options.clip),
        zoneout_rate_(options.zoneout_rate),
        skips_(options.skips),
        held_(1 + (skips_.empty() ? 1 : std::ranges::max(skips_))),
        statistics_steps_(options.statistics_steps),
        statistics_(2 * statistics_steps_ * step_.normal.size(), T(0)) {
    step_.layout.pack_forward(options.weights);
    for (Index step = 0; step < statistics_steps_; ++step) {
      step_.normal.pack(options.mean + step * step_.normal.columns(), statistics_of(step));
      step_.normal.pack(options.variance + step * step_.normal.columns(), statistics_of(step, 1));
    }
  }

  int states() const noexcept override { return Cell::states + (counts() ? 1 : 0); }
  bool counts() const noexcept override { return statistics_steps_ > 0; }
  Index held() const noexcept override { return held_; }
  Index padded_units() const noexcept override { return step_.padded_units(); }
  Index scratch_size(Index rows) const noexcept override {
    return saved_size(rows) + zoneout_size(rows) + operand_size(rows);
  }

  void step(Index rows, const T* x, Index x_stride, const StateRing<T>& ring, T* scratch) const noexcept override {
    const Index padded = step_.padded_units();
    const auto set = [&](Index back) {
      const Index place = ring.now - back;
      return ring.sets + (place < 0 ? place + held_ : place < held_ ? place : 0) * states() * rows * padded;
    };
    const T* before = set(0);
    T* zoneout = zoneout_rate_.empty() ? nullptr : scratch + saved_size(rows);
    for (std::size_t state = 0; state < zoneout_rate_.size(); ++state)
      std::fill_n(zoneout + static_cast<Index>(state) * rows * padded, rows * padded, zoneout_rate_[state]);
    T* operands = nullptr;
    if (!skips_.empty()) {
      operands = scratch + saved_size(rows) + zoneout_size(rows);
      lay_operands(rows, set, operands);
    }
    constexpr Index most = 16;
    const Index block = counts() ? 1 : most;  // rows of one step
    for (Index first = 0; first < rows; first += block) {
      const Index count = std::min(block, rows - first);
      std::array<Index, most> place;
      std::array<const T*, most> x_rows, h_rows;
      for (Index i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        place[at] = first + i;
        x_rows[at] = x + (first + i) * x_stride;
        h_rows[at] = operands ? operands + (first + i) * step_.layout.depth(0) : before + (first + i) * padded;
      }
      const Index made = counts() ? count_step(rows, first, before, set(-1)) : 0;
      step_.forward({.count = count,
                     .place = place.data(),
                     .x = x_rows.data(),
                     .h = h_rows.data(),
                     .capacity = rows,
                     .before = before,
                     .after = set(-1),
                     .saved = saved_size(rows) > 0 ? scratch : nullptr,
                     .zoneout = zoneout,
                     .share = Share{}.turned((ring.now + first / block) % 2 != 0),
                     .statistics = counts() ? Statistics::given : Statistics::row,
                     .mean = statistics_of(made),
                     .variance = statistics_of(made, 1)});
    }
  }

 private:
  T* statistics_of(Index step, int which = 0) const {
    return counts() ? statistics_.data() + (2 * step + which) * step_.normal.size() : nullptr;
  }
  // The statistics' step that a row is at; counts it, no further than there are statistics.
  Index count_step(Index rows, Index row, const T* before, T* after) const {
    const Index place = (Cell::states * rows + row) * step_.padded_units();
    const T last = static_cast<T>(statistics_steps_ - 1), given = before[place];
    const T made = given >= 0 && given <= last ? given : last;  // a state may be set to anything, NaN too
    after[place] = std::min(made + 1, last);
    return static_cast<Index>(made);
  }

  Index saved_size(Index rows) const { return Step<Cell, T>::Layout::needs_saved ? step_.saved_size(rows) : 0; }
  Index zoneout_size(Index rows) const { return zoneout_rate_.empty() ? 0 : step_.states_size(rows); }
  Index operand_size(Index rows) const { return skips_.empty() ? 0 : rows * step_.layout.depth(0); }

  // For each row the state before this step, and behind it those that the skips name. set(back): so many steps ago.
  template <class Set>
  void lay_operands(Index rows, const Set& set, T* operands) const {
    const Index width = step_.layout.P, padded = step_.padded_units();
    for (Index row = 0; row < rows; ++row) {
      operands = std::copy_n(set(0) + row * padded, width, operands);
      for (const Index skip : skips_) operands = std::copy_n(set(skip - 1) + row * padded, width, operands);
    }
  }

  Step<Cell, T> step_;
  const std::vector<T> zoneout_rate_;
  const std::vector<Index> skips_;
  const Index held_;
  const Index statistics_steps_;
  const Buffer<T> statistics_;  // of each step the mean, then the variance
};

}  // namespace recurra::rnn
