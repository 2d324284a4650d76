// A recurrent layer one time step after another: its weights, packed once, and a step that allocates nothing. Many
// streams may share one Stepper.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "recurra/base/buffer.h"
#include "recurra/rnn/step.h"

namespace recurra::rnn {

/// What a layer is made of; the weights are borrowed until the Stepper stands.
template <class T>
struct StepperOptions {
  Index features = 0, units = 0;
  Index width = 0;  // units of state 0 in a cell that projects, else 0
  Weights<T> weights;
  Functions functions;
  T clip = 0;                   // bound of the cell state, 0 for none
  std::vector<T> zoneout_rate;  // per state, or empty
};

template <class T>
class Stepper {
 public:
  virtual ~Stepper() = default;
  virtual int states() const noexcept = 0;
  /// The most units of any state, padded to whole vectors: the distance between rows of a state.
  virtual Index padded_units() const noexcept = 0;
  /// Elements of scratch that step() needs for so many rows.
  virtual Index scratch_size(Index rows) const noexcept = 0;
  /// One step of every row. Row r of x begins at x + r * x_stride. States stand as [state][row][padded units], the
  /// padding zero; `before` and `after` may not overlap. The layer's output is state 0 of `after`.
  virtual void step(Index rows, const T* x, Index x_stride, const T* before, T* after, T* scratch) const noexcept = 0;
};

/// Throws std::invalid_argument for an unknown cell.
template <class T>
std::unique_ptr<Stepper<T>> make_stepper(const std::string& cell, const StepperOptions<T>& options);

template <class Cell, class T>
class CellStepper final : public Stepper<T> {
 public:
  explicit CellStepper(const StepperOptions<T>& options)
      : step_(options.features, options.units, options.width > 0 ? options.width : options.units, 1, options.functions,
              options.clip),
        zoneout_rate_(options.zoneout_rate) {
    step_.layout.pack_forward(options.weights);
  }

  int states() const noexcept override { return Cell::states; }
  Index padded_units() const noexcept override { return step_.padded_units(); }
  Index scratch_size(Index rows) const noexcept override {
    return saved_size(rows) + (zoneout_rate_.empty() ? 0 : step_.states_size(rows));
  }

  void step(Index rows, const T* x, Index x_stride, const T* before, T* after, T* scratch) const noexcept override {
    const Index padded = step_.padded_units();
    T* zoneout = zoneout_rate_.empty() ? nullptr : scratch + saved_size(rows);
    for (std::size_t state = 0; state < zoneout_rate_.size(); ++state)
      std::fill_n(zoneout + static_cast<Index>(state) * rows * padded, rows * padded, zoneout_rate_[state]);
    constexpr Index block = 16;
    for (Index first = 0; first < rows; first += block) {
      const Index count = std::min(block, rows - first);
      std::array<Index, block> place;
      std::array<const T*, block> x_rows, h_rows;
      for (Index i = 0; i < count; ++i) {
        const auto at = static_cast<std::size_t>(i);
        place[at] = first + i;
        x_rows[at] = x + (first + i) * x_stride;
        h_rows[at] = before + (first + i) * padded;
      }
      step_.forward({.count = count,
                     .place = place.data(),
                     .x = x_rows.data(),
                     .h = h_rows.data(),
                     .capacity = rows,
                     .before = before,
                     .after = after,
                     .saved = saved_size(rows) > 0 ? scratch : nullptr,
                     .zoneout = zoneout});
    }
  }

 private:
  Index saved_size(Index rows) const { return Step<Cell, T>::Layout::needs_saved ? step_.saved_size(rows) : 0; }

  Step<Cell, T> step_;
  const std::vector<T> zoneout_rate_;
};

}  // namespace recurra::rnn
