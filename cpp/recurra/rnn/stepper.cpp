#include "recurra/rnn/stepper.h"

#include <array>

#include "recurra/rnn/statistics.h"
#include "recurra/rnn/step.h"

namespace recurra::rnn {
namespace {

template <class T>
class CellStepper final : public Stepper<T> {
 public:
  CellStepper(const CellEntry& cell, const StepperOptions<T>& options)
      : step_(cell, {.features = options.features,
                     .units = options.units,
                     .width = options.width > 0 ? options.width : options.units,
                     .taps = 1 + std::ssize(options.skips),
                     .functions = options.functions,
                     .clip = options.clip}),
        zoneout_rate_(options.zoneout_rate),
        skips_(options.skips),
        held_(1 + (skips_.empty() ? 1 : std::ranges::max(skips_))),
        statistics_(step_.normal, options.statistics_steps) {
    step_.layout.pack_forward(options.weights);
    statistics_.pack(step_.normal, options.mean, options.variance);
  }

  int states() const noexcept override { return step_.layout.shape.states + (counts() ? 1 : 0); }
  bool counts() const noexcept override { return statistics_.steps() > 0; }
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
    const Index block = counts() ? 1 : rows_together;
    for (Index first = 0; first < rows; first += block) {
      const Index count = std::min(block, rows - first);
      std::array<Index, rows_together> place;
      std::array<const T*, rows_together> x_rows, h_rows;
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
                     .mean = statistics_.mean(step_.normal, made),
                     .variance = statistics_.variance(step_.normal, made)});
    }
  }

 private:
  // The statistics' step that a row is at; counts it, no further than there are statistics.
  Index count_step(Index rows, Index row, const T* before, T* after) const {
    const Index place = (step_.layout.shape.states * rows + row) * step_.padded_units();
    const T last = static_cast<T>(statistics_.steps() - 1), given = before[place];
    const T made = given >= 0 && given <= last ? given : last;  // a state may be set to anything, NaN too
    after[place] = std::min(made + 1, last);
    return static_cast<Index>(made);
  }

  static constexpr Index rows_together = 16;  // that take a step together

  Index saved_size(Index rows) const { return step_.layout.shape.needs_saved() ? step_.saved_size(rows) : 0; }
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

  Step<T> step_;
  const std::vector<T> zoneout_rate_;
  const std::vector<Index> skips_;
  const Index held_;
  const StepStatistics<T> statistics_;
};

}  // namespace

template <class T>
std::unique_ptr<Stepper<T>> make_stepper(const std::string& cell, const StepperOptions<T>& options) {
  return std::make_unique<CellStepper<T>>(find_cell(cell), options);
}

template std::unique_ptr<Stepper<float>> make_stepper(const std::string&, const StepperOptions<float>&);
template std::unique_ptr<Stepper<double>> make_stepper(const std::string&, const StepperOptions<double>&);

}  // namespace recurra::rnn
