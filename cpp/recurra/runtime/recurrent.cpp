// Recurrent layers: a Stepper with a ring of the states before and after a step, and of earlier ones where it reads
// them.
//
// A row whose step is padding keeps its states; its output is the one before, and zero before its first step that
// counts (or always, if the layer says so), as in the sequence driver.
#include <algorithm>

#include "recurra/runtime/cell.h"

namespace recurra::runtime {
namespace {

template <class T>
class Recurrent final : public Stage<T> {
 public:
  Recurrent(Cell<T> cell, bool masked, bool zero_output)
      : stepper_(std::move(cell.stepper)),
        widths_(std::move(cell.widths)),
        states_(stepper_->states()),
        held_(stepper_->held()),
        padded_(stepper_->padded_units()),
        operations_(cell.operations),
        masked_(masked),
        zero_output_(zero_output) {}

  // Sets of states, and with a mask for each row whether a step has counted.
  Index state_size(Index batch) const noexcept override { return held_ * set_size(batch) + (masked_ ? batch : 0); }
  Index scratch_size(Index batch) const noexcept override {
    return stepper_->scratch_size(batch) + (masked_ ? batch * widths_[0] : 0);
  }
  double operations() const noexcept override { return operations_; }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    const Index now = place(moment);
    stepper_->step(moment.batch, in.data, in.stride, {moment.state, now}, moment.scratch);
    T* after = set(moment, now + 1 == held_ ? 0 : now + 1);
    return masked_ ? held(moment, set(moment, now), after) : Rows<T>{after, padded_};
  }

  // Each state; the outputs of the steps before the last one, oldest first, if the layer reads them; whether a step has
  // counted, if there is a mask.
  std::vector<std::vector<Index>> state_shapes() const override {
    std::vector<std::vector<Index>> shapes;
    for (const Index width : widths_) shapes.push_back({width});
    if (earlier() > 0) shapes.push_back({earlier(), widths_[0]});
    if (masked_) shapes.emplace_back();
    return shapes;
  }
  void read_state(const Moment<T>& moment, std::size_t which, T* values) const noexcept override {
    if (is_started(which)) {
      std::copy_n(started(moment), moment.batch, values);
      return;
    }
    for_numbers(moment, which, [&](T* numbers, Index count) { values = std::copy_n(numbers, count, values); });
  }
  void write_state(const Moment<T>& moment, std::size_t which, const T* values) const noexcept override {
    if (is_started(which)) {
      for (Index row = 0; row < moment.batch; ++row) started(moment)[row] = values[row] != 0 ? T(1) : T(0);
      return;
    }
    for_numbers(moment, which, [&](T* numbers, Index count) {
      std::copy_n(values, count, numbers);
      values += count;
    });
  }
  void clear_row(const Moment<T>& moment, Index row) const noexcept override {
    for (Index number = 0; number < held_; ++number)
      for (Index state = 0; state < states_; ++state)
        std::fill_n(set(moment, number) + (state * moment.batch + row) * padded_, padded_, T(0));
    if (masked_) started(moment)[row] = 0;
  }

 private:
  Index set_size(Index batch) const { return states_ * batch * padded_; }
  T* set(const Moment<T>& moment, Index number) const { return moment.state + number * set_size(moment.batch); }
  // Which set the coming step finds.
  Index place(const Moment<T>& moment) const {
    return static_cast<Index>(moment.time % static_cast<std::uint64_t>(held_));
  }
  // How many outputs before the last one are read.
  Index earlier() const { return held_ - 2; }
  bool is_started(std::size_t which) const {
    return which == static_cast<std::size_t>(states_) + (earlier() > 0 ? 1 : 0);
  }
  T* started(const Moment<T>& moment) const { return set(moment, held_); }

  // body(numbers, count) for each row of a state, or for each earlier output of each row.
  template <class Body>
  void for_numbers(const Moment<T>& moment, std::size_t which, const Body& body) const {
    const Index now = place(moment), state = static_cast<Index>(which);
    for (Index row = 0; row < moment.batch; ++row) {
      if (state < states_) {
        body(set(moment, now) + (state * moment.batch + row) * padded_, widths_[which]);
      } else {
        for (Index back = earlier(); back >= 1; --back)
          body(set(moment, (now + held_ - back) % held_) + row * padded_, widths_[0]);
      }
    }
  }

  Rows<T> held(const Moment<T>& moment, const T* before, T* after) const noexcept {
    const Index batch = moment.batch, units = widths_[0], kept = states_ - (stepper_->counts() ? 1 : 0);
    T* output = moment.scratch + stepper_->scratch_size(batch);
    T* begun = started(moment);
    for (Index row = 0; row < batch; ++row) {
      if (moment.counts[row]) begun[row] = 1;
      else
        for (Index state = 0; state < kept; ++state) {
          const Index place = (state * batch + row) * padded_;
          std::copy_n(before + place, padded_, after + place);
        }
      const bool silent = begun[row] == 0 || (zero_output_ && !moment.counts[row]);
      if (silent) std::fill_n(output + row * units, units, T(0));
      else std::copy_n(after + row * padded_, units, output + row * units);
    }
    return {output, units};
  }

  const std::unique_ptr<rnn::Stepper<T>> stepper_;
  const std::vector<Index> widths_;  // of each state; the first one is the output
  const Index states_, held_, padded_;
  const double operations_;
  const bool masked_, zero_output_;
};

// One layer of a stack: `cell` has the settings, `path` leads to its weights.
template <class T>
void add_cell(const Build<T>& build, const Description& cell, const std::string& path, bool zero_output) {
  Cell<T> made = make_cell(build, cell, path);
  build.flow.shape = {made.widths[0]};
  build.add(std::make_unique<Recurrent<T>>(std::move(made), build.flow.masked, zero_output));
}

// The cell that a layer of the class RNN is given, one after another if there are several.
template <class T>
void add_given_cells(const Build<T>& build, bool zero_output) {
  const Description& layer = build.layer;
  Names in_layer, in_stack;
  const auto inside = [&](const Json& described, const Description& outer, const std::string& path, Names& taken) {
    const Description unnamed(&described, outer.title() + ": its cell", "");
    const std::string name = unnamed.has("name") ? unnamed.word("name") : "";
    return Description(&described, text(outer.title(), ": its cell '", name, "' (", unnamed.class_name(), ")"),
                       path + path_step(name, unnamed.class_name(), taken) + "/");
  };
  const Description cell = inside(layer.value("cell"), layer, layer.path(), in_layer);
  if (!cell.from("recurra.layers") || cell.class_name() != "StackedRNNCells")
    return add_cell(build, cell, cell.path(), zero_output);
  for (const Json* described : cell.list("cells")) {
    const Description layer = inside(*described, cell, cell.path(), in_stack);
    add_cell(build, layer, layer.path(), zero_output);
  }
}

}  // namespace

template <class T>
bool build_recurrent(const Build<T>& build) {
  const Description& layer = build.layer;
  if (!layer.from("recurra.layers")) return false;
  const bool around_cell = layer.class_name() == "RNN";
  if (layer.class_name() == "Bidirectional") layer.refuse("its backward half begins at the end of the sequence");
  if (!around_cell && (layer.class_name().ends_with("Cell") || !is_known_cell(layer))) return false;
  if (!build.flow.sequence || build.flow.shape.size() != 1)
    layer.refuse("it needs a sequence of (batch, time, features)");
  if (layer.flag("go_backwards")) layer.refuse("it begins at the end of the sequence (go_backwards=True)");
  know_cell_settings(layer);
  const bool zero_output = layer.flag("zero_output_for_mask");
  if (around_cell) {
    add_given_cells(build, zero_output);
  } else {
    Names taken;
    const std::string kind = layer.class_name() + "Cell";
    add_cell(build, layer, layer.path() + path_step(snake_case(kind), kind, taken) + "/", zero_output);
  }
  if (!layer.flag("return_sequences")) {
    build.flow.sequence = false;
    build.flow.masked = false;
  }
  return true;
}

template bool build_recurrent(const Build<float>&);
template bool build_recurrent(const Build<double>&);

}  // namespace recurra::runtime
