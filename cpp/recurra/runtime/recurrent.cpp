// Recurrent layers: rnn::Stepper with the states of before and after a step, which change places at every step.
//
// A row whose step is padding keeps its states; its output is the one before, and zero before its first step that
// counts (or always, if the layer says so), as in the sequence driver.
#include <algorithm>

#include "recurra/kernels/activation.h"
#include "recurra/rnn/register.h"
#include "recurra/runtime/stage.h"

namespace recurra::runtime {
namespace {

template <class T>
class Recurrent final : public Stage<T> {
 public:
  /// widths: units of each state; the first one is the output.
  Recurrent(std::unique_ptr<rnn::Stepper<T>> stepper, std::vector<Index> widths, double operations, bool masked,
            bool zero_output)
      : stepper_(std::move(stepper)),
        widths_(std::move(widths)),
        units_(widths_[0]),
        padded_(stepper_->padded_units()),
        operations_(operations),
        masked_(masked),
        zero_output_(zero_output) {}

  // Two sets of states, and with a mask for each row whether a step has counted.
  Index state_size(Index batch) const noexcept override { return 2 * set_size(batch) + (masked_ ? batch : 0); }
  Index scratch_size(Index batch) const noexcept override {
    return stepper_->scratch_size(batch) + (masked_ ? batch * units_ : 0);
  }
  double operations() const noexcept override { return operations_; }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    const Index batch = moment.batch;
    const T* before = set(moment, 0);
    T* after = set(moment, 1);
    stepper_->step(batch, in.data, in.stride, before, after, moment.scratch);
    return masked_ ? held(moment, before, after) : Rows<T>{after, padded_};
  }

  std::vector<std::vector<Index>> state_shapes() const override {
    std::vector<std::vector<Index>> shapes;
    for (const Index width : widths_) shapes.push_back({width});
    if (masked_) shapes.emplace_back();
    return shapes;
  }
  void read_state(const Moment<T>& moment, std::size_t which, T* values) const noexcept override {
    if (is_started(which)) {
      std::copy_n(started(moment), moment.batch, values);
      return;
    }
    for (Index row = 0; row < moment.batch; ++row)
      values = std::copy_n(state(moment, which) + row * padded_, widths_[which], values);
  }
  void write_state(const Moment<T>& moment, std::size_t which, const T* values) const noexcept override {
    if (is_started(which)) {
      for (Index row = 0; row < moment.batch; ++row) started(moment)[row] = values[row] != 0 ? T(1) : T(0);
      return;
    }
    for (Index row = 0; row < moment.batch; ++row)
      std::copy_n(values + row * widths_[which], widths_[which], state(moment, which) + row * padded_);
  }
  void clear_row(const Moment<T>& moment, Index row) const noexcept override {
    for (Index which = 0; which < stepper_->states(); ++which)
      std::fill_n(state(moment, static_cast<std::size_t>(which)) + row * padded_, padded_, T(0));
    if (masked_) started(moment)[row] = 0;
  }

 private:
  Index set_size(Index batch) const { return stepper_->states() * batch * padded_; }
  // The states that this step finds (0) and those it makes (1).
  T* set(const Moment<T>& moment, std::uint64_t made) const {
    return moment.state + ((moment.time + made) % 2 ? set_size(moment.batch) : 0);
  }
  T* state(const Moment<T>& moment, std::size_t which) const {
    return set(moment, 0) + static_cast<Index>(which) * moment.batch * padded_;
  }
  bool is_started(std::size_t which) const { return which == static_cast<std::size_t>(stepper_->states()); }
  T* started(const Moment<T>& moment) const { return moment.state + 2 * set_size(moment.batch); }

  Rows<T> held(const Moment<T>& moment, const T* before, T* after) const noexcept {
    const Index batch = moment.batch;
    T* output = moment.scratch + stepper_->scratch_size(batch);
    T* begun = started(moment);
    for (Index row = 0; row < batch; ++row) {
      if (moment.counts[row]) begun[row] = 1;
      else
        for (Index which = 0; which < stepper_->states(); ++which) {
          const Index place = (which * batch + row) * padded_;
          std::copy_n(before + place, padded_, after + place);
        }
      const bool silent = begun[row] == 0 || (zero_output_ && !moment.counts[row]);
      if (silent) std::fill_n(output + row * units_, units_, T(0));
      else std::copy_n(after + row * padded_, units_, output + row * units_);
    }
    return {output, units_};
  }

  const std::unique_ptr<rnn::Stepper<T>> stepper_;
  const std::vector<Index> widths_;
  const Index units_, padded_;  // of the output; from row to row of a state
  const double operations_;
  const bool masked_, zero_output_;
};

// Which cell of the engine a described cell, or the layer around it, is.
std::string engine_cell(const Description& cell) {
  const std::string kind = cell.class_name().substr(0, cell.class_name().rfind("Cell"));
  if (kind == "SimpleRNN") return "simple_rnn";
  if (kind == "GRU") return cell.flag("reset_after") ? "gru" : "gru_reset_before";
  if (kind == "GatedRNN") return "gated_rnn";
  if (kind == "IndRNN") return "ind_rnn";
  if (kind != "LSTM") return "";
  if (cell.has("peephole") && cell.word("peephole") == "full") return "lstm_full_peephole";
  if (cell.flag("coupled")) return "lstm_coupled";
  return cell.has("forget_gate") && !cell.flag("forget_gate") ? "lstm_no_forget" : "lstm";
}

// What changes what a cell computes, and what does not.
void know_settings(const Description& cell) {
  cell.know_settings({"name", "trainable", "dtype", "units", "activation", "recurrent_activation", "use_bias",
                      "reset_after", "peephole", "coupled", "forget_gate", "cell_clip", "zoneout",
                      // how weights start, are penalised and projected; what acts in training only
                      "kernel_initializer", "recurrent_initializer", "bias_initializer", "kernel_regularizer",
                      "recurrent_regularizer", "bias_regularizer", "kernel_constraint", "recurrent_constraint",
                      "bias_constraint", "unit_forget_bias", "forget_bias", "dropout", "recurrent_dropout",
                      "dropout_per_step", "seed",
                      // those of the layer around it
                      "return_sequences", "return_state", "stateful", "unroll", "zero_output_for_mask", "checkpoint",
                      "activity_regularizer", "batch_input_shape", "cell"});
}

Activation activation_of(const Description& cell, const char* key, Activation standard) {
  if (!cell.has(key)) return standard;
  const std::string name = cell.activation(key);
  const auto kind = activation_from_name(name);
  if (!kind) cell.refuse(text("the engine's cells have no ", key, " '", name, "'"));
  return *kind;
}

// One floor: `cell` has the settings, `path` leads to its weights.
template <class T>
void add_cell(const Build<T>& build, const Description& cell, const std::string& path, bool zero_output) {
  const std::string name = cell.from("recurra.layers") ? engine_cell(cell) : "";
  if (name.empty()) cell.refuse("its cell is not known to the engine");
  know_settings(cell);
  const rnn::CellEntry& entry = rnn::find_cell(name);
  rnn::StepperOptions<T> options;
  const Index units = cell.integer("units"), features = build.flow.features();
  check(units >= 1, cell.title(), ": units must be at least 1, got ", units);
  const auto weight = [&](const char* named, const Shape& shape) {
    return build.weights.template copy<T>(cell, path + named, shape);
  };
  const Index input_columns = entry.input_blocks * units, recurrent_columns = entry.recurrent_blocks * units;
  const Buffer<T> kernel = weight("kernel", {features, input_columns});
  const Buffer<T> recurrent_kernel =
      recurrent_columns > 0 ? weight("recurrent_kernel", {units, recurrent_columns}) : Buffer<T>();
  Buffer<T> vectors;  // weights of one number a unit
  if (name == "ind_rnn") vectors = weight("recurrent_kernel", {units});
  else if (cell.has("peephole") && entry.vectors > 0) vectors = weight("peephole_kernel", {entry.vectors, units});
  const Buffer<T> bias = !cell.flag("use_bias") ? Buffer<T>()
                         : entry.bias_rows == 1 ? weight("bias", {input_columns})
                                                : weight("bias", {entry.bias_rows, input_columns});
  options.features = features;
  options.units = units;
  options.weights.kernel = kernel.data();
  options.weights.recurrent_kernel = recurrent_kernel.data();
  options.weights.bias = bias.data();
  options.weights.vectors = vectors.data();
  if (cell.has("cell_clip")) options.clip = static_cast<T>(cell.number("cell_clip"));
  if (cell.has("zoneout")) {
    const std::vector<double> rates = cell.numbers("zoneout");
    const auto states = static_cast<std::size_t>(entry.states);
    check(rates.size() == 1 || rates.size() == states, cell.title(), ": zoneout must be one rate, or ", states);
    if (std::ranges::any_of(rates, [](double rate) { return rate != 0; }))
      for (std::size_t state = 0; state < states; ++state)
        options.zoneout_rate.push_back(static_cast<T>(rates[rates.size() == 1 ? 0 : state]));
  }
  options.functions = {activation_of(cell, "activation", Activation::linear),
                       activation_of(cell, "recurrent_activation", Activation::sigmoid)};
  const std::vector<Index> widths(static_cast<std::size_t>(entry.states), units);
  const double operations = 2.0 * static_cast<double>(features * input_columns + units * recurrent_columns);
  build.add(std::make_unique<Recurrent<T>>(rnn::make_stepper<T>(name, options), widths, operations, build.flow.masked,
                                           zero_output));
  build.flow.shape = {widths[0]};
}

// The cell that a layer of the class RNN is given, floor by floor if there are several.
template <class T>
void add_given_cells(const Build<T>& build, bool zero_output) {
  const Description& layer = build.layer;
  std::vector<std::string> in_layer, in_stack;
  const auto inside = [&](const Json& described, const Description& outer, const std::string& path,
                          std::vector<std::string>& taken) {
    const Description unnamed(&described, outer.title() + ": its cell", "");
    const std::string name = unnamed.has("name") ? unnamed.word("name") : "";
    return Description(&described, text(outer.title(), ": its cell '", name, "' (", unnamed.class_name(), ")"),
                       path + path_step(name, unnamed.class_name(), taken) + "/");
  };
  const Description cell = inside(layer.value("cell"), layer, layer.path(), in_layer);
  if (!cell.from("recurra.layers") || cell.class_name() != "StackedRNNCells")
    return add_cell(build, cell, cell.path(), zero_output);
  for (const Json* described : cell.list("cells")) {
    const Description floor = inside(*described, cell, cell.path(), in_stack);
    add_cell(build, floor, floor.path(), zero_output);
  }
}

}  // namespace

template <class T>
bool build_recurrent(const Build<T>& build) {
  const Description& layer = build.layer;
  if (!layer.from("recurra.layers")) return false;
  const bool around_cell = layer.class_name() == "RNN";
  if (layer.class_name() == "Bidirectional") layer.refuse("its backward half begins at the end of the sequence");
  if (!around_cell && (layer.class_name().ends_with("Cell") || engine_cell(layer).empty())) return false;
  if (!build.flow.sequence || build.flow.shape.size() != 1)
    layer.refuse("it needs a sequence of (batch, time, features)");
  if (layer.flag("go_backwards")) layer.refuse("it begins at the end of the sequence (go_backwards=True)");
  know_settings(layer);
  const bool zero_output = layer.flag("zero_output_for_mask");
  if (around_cell) {
    add_given_cells(build, zero_output);
  } else {
    std::vector<std::string> taken;
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
