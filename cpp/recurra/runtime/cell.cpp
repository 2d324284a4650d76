#include "recurra/runtime/cell.h"

#include <algorithm>
#include <map>

#include "recurra/ops/arithmetic.h"
#include "recurra/ops/elementwise.h"
#include "recurra/ops/reduction.h"
#include "recurra/rnn/cell_table.h"
#include "recurra/tensor/tape.h"

namespace recurra::runtime {
namespace {

std::string kind_of(const Description& cell) { return cell.class_name().substr(0, cell.class_name().rfind("Cell")); }

bool is_linear(const std::string& kind) { return kind == "LinearRNN"; }

std::string lstm_form(const Description& cell, bool normal) {
  if (cell.has("peephole") && cell.word("peephole") == "full") return "lstm_full_peephole";
  if (cell.has("projection")) return "lstm_projected";
  if (normal) return "lstm_normalised";
  if (cell.flag("coupled")) return "lstm_coupled";
  return cell.has("forget_gate") && !cell.flag("forget_gate") ? "lstm_no_forget" : "lstm";
}

// The name of a described cell in the engine's table; none for one that is not in it.
std::string engine_cell(const Description& cell) {
  const std::map<std::string, std::string> plain = {{"SimpleRNN", "simple_rnn"},
                                                    {"GatedRNN", "gated_rnn"},
                                                    {"IndRNN", "ind_rnn"},
                                                    {"Jordan", "jordan"},
                                                    {"MGU", "mgu"},
                                                    {"MinGRU", "min_gru"}};
  const std::string kind = kind_of(cell);
  const bool normal = cell.has("normalization");
  if (kind == "LSTM") return lstm_form(cell, normal);
  const auto found = plain.find(kind);
  const std::string name = kind == "GRU"          ? cell.flag("reset_after") ? "gru" : "gru_reset_before"
                           : found == plain.end() ? ""
                                                  : found->second;
  return normal && !name.empty() ? name + "_normalised" : name;
}

Activation activation_of(const Description& cell, const char* key, Activation standard) {
  if (!cell.has(key)) return standard;
  const std::string name = cell.activation(key);
  const auto kind = activation_from_name(name);
  if (!kind) cell.refuse(text("the engine's cells have no ", key, " '", name, "'"));
  return *kind;
}

template <class T>
Buffer<T> joined(const std::vector<Buffer<T>>& parts) {
  Index size = 0;
  for (const Buffer<T>& part : parts) size += part.size();
  Buffer<T> whole(size);
  T* to = whole.data();
  for (const Buffer<T>& part : parts) to = std::copy_n(part.data(), part.size(), to);
  return whole;
}

// A matrix whose columns are brought to the lengths `scale`, by the operations the layer takes.
template <class T>
Buffer<T> with_lengths(Buffer<T> matrix, const Buffer<T>& scale) {
  const NoGradient off;
  const auto tensor = [](const Buffer<T>& numbers, const Shape& shape) {
    Tensor out(shape, dtype_of<T>());
    std::copy_n(numbers.data(), numbers.size(), out.data<T>());
    return out;
  };
  const Index columns = scale.size();
  const Tensor given = tensor(matrix, {matrix.size() / columns, columns});
  const Tensor length = ops::sqrt(ops::sum(ops::multiply(given, given), {0}));
  const Tensor out = ops::multiply(given, ops::divide(tensor(scale, {columns}), length));
  std::copy_n(out.data<T>(), matrix.size(), matrix.data());
  return matrix;
}

std::vector<Index> skips_of(const Description& cell) {
  constexpr Index longest = 16'777'216;
  if (!cell.has("skip")) return {};
  std::vector<Index> skips = cell.integers("skip");
  for (const Index skip : skips)
    check(skip >= 2 && skip <= longest, cell.title(), ": a skip must be of at least 2 steps, got ", skip);
  return skips;
}

// Weights of one number a unit: gains of a normalised cell, what an IndRNN has for a matrix, or peepholes.
template <class T>
Buffer<T> vectors_of(const auto& weight, const Description& cell, const rnn::CellEntry& entry, Index units) {
  if (cell.has("normalization")) {
    std::vector<Buffer<T>> parts;
    parts.push_back(weight("recurrent_gain", {entry.shape.recurrent_blocks * units}));
    if (cell.class_name().starts_with("LSTM"))
      for (const char* name : {"cell_gain", "cell_shift"}) parts.push_back(weight(name, {units}));
    parts.push_back(weight("input_gain", {entry.shape.input_blocks * units}));
    return joined(parts);
  }
  if (entry.shape.needs_vectors) return weight("recurrent_kernel", {units});
  return cell.has("peephole") && entry.shape.vectors > 0 ? weight("peephole_kernel", {entry.shape.vectors, units})
                                                         : Buffer<T>();
}

}  // namespace

bool is_known_cell(const Description& cell) {
  return cell.from("recurra.layers") && (is_linear(kind_of(cell)) || !engine_cell(cell).empty());
}

void know_cell_settings(const Description& cell) {
  cell.know_settings(
      {"name", "trainable", "dtype", "units", "activation", "recurrent_activation", "use_bias", "reset_after",
       "peephole", "coupled", "forget_gate", "cell_clip", "projection", "zoneout", "skip", "normalization",
       "normalization_steps", "normalization_momentum", "weight_normalization", "output_units", "output_activation",
       // how weights start, are penalised and projected; what acts in training only
       "kernel_initializer", "recurrent_initializer", "bias_initializer", "kernel_regularizer", "recurrent_regularizer",
       "bias_regularizer", "kernel_constraint", "recurrent_constraint", "bias_constraint", "unit_forget_bias",
       "forget_bias", "dropout", "recurrent_dropout", "dropout_per_step", "recurrent_dropconnect", "seed",
       // those of the layer around it
       "return_sequences", "return_state", "stateful", "unroll", "zero_output_for_mask", "checkpoint",
       "activity_regularizer", "batch_input_shape", "cell"});
  if (cell.has("normalization") && cell.word("normalization") != "layer" && cell.word("normalization") != "batch")
    cell.refuse(text("its normalization '", cell.word("normalization"), "' is not known to the engine"));
}

Index output_width(const Description& cell) {
  for (const char* key : {"projection", "output_units", "units"}) {
    if (!cell.has(key)) continue;
    const Index width = cell.integer(key);
    check(width >= 1, cell.title(), ": ", key, " must be at least 1, got ", width);
    return width;
  }
  cell.refuse("its configuration has no 'units'");
}

template <class T>
std::vector<T> zoneout_rates(const Description& cell, std::size_t states) {
  if (!cell.has("zoneout")) return {};
  const std::vector<double> rates = cell.numbers("zoneout");
  check(rates.size() == 1 || rates.size() == states, cell.title(), ": zoneout must be one rate, or ", states);
  if (std::ranges::all_of(rates, [](double rate) { return rate == 0; })) return {};
  std::vector<T> out;
  for (std::size_t state = 0; state < states; ++state)
    out.push_back(static_cast<T>(rates[rates.size() == 1 ? 0 : state]));
  return out;
}

template std::vector<float> zoneout_rates(const Description&, std::size_t);
template std::vector<double> zoneout_rates(const Description&, std::size_t);

template <class T>
Cell<T> make_cell(const Build<T>& build, const Description& cell, const std::string& path) {
  if (!is_known_cell(cell)) cell.refuse("its cell is not known to the engine");
  know_cell_settings(cell);
  const Index units = cell.integer("units");
  check(units >= 1, cell.title(), ": units must be at least 1, got ", units);
  if (is_linear(kind_of(cell))) return make_linear_cell(build, cell, path);

  const std::string name = engine_cell(cell);
  const rnn::CellEntry& entry = rnn::find_cell(name);
  const auto weight = [&](const char* named, const Shape& shape) {
    return build.weights.template copy<T>(cell, path + named, shape);
  };
  const Index features = build.flow.features(), width = entry.shape.projects ? output_width(cell) : units;
  const Index input_columns = entry.shape.input_blocks * units,
              recurrent_columns = entry.shape.recurrent_blocks * units;
  rnn::StepperOptions<T> options;
  options.features = features;
  options.units = units;
  options.width = width;
  options.skips = skips_of(cell);
  const Index depth = (1 + std::ssize(options.skips)) * width;
  check(options.skips.empty() || entry.shape.recurrent_blocks > 0, cell.title(), ": skip needs a recurrent product");

  const Buffer<T> kernel = weight("kernel", {features, input_columns});
  Buffer<T> recurrent_kernel, projection, projection_bias, bias, mean, variance;
  if (entry.shape.recurrent_blocks > 0) {
    recurrent_kernel = weight("recurrent_kernel", {depth, recurrent_columns});
    if (cell.flag("weight_normalization"))
      recurrent_kernel = with_lengths(std::move(recurrent_kernel), weight("recurrent_scale", {recurrent_columns}));
  }
  const bool has_bias = cell.flag("use_bias"), jordan = name == "jordan";
  if (has_bias)
    bias =
        weight("bias", entry.shape.bias_rows == 1 ? Shape{input_columns} : Shape{entry.shape.bias_rows, input_columns});
  if (entry.shape.projects) projection = weight(jordan ? "output_kernel" : "projection_kernel", {units, width});
  if (jordan && has_bias) projection_bias = weight("output_bias", {width});
  const Buffer<T> vectors = vectors_of<T>(weight, cell, entry, units);
  options.weights = {kernel.data(),  recurrent_kernel.data(), bias.data(),
                     vectors.data(), projection.data(),       projection_bias.data()};

  const bool counts = cell.has("normalization") && cell.word("normalization") == "batch";
  if (counts) {
    options.statistics_steps = cell.integer("normalization_steps");
    const Shape shape{options.statistics_steps, entry.shape.normal_count() * units};
    check(options.statistics_steps >= 1, cell.title(), ": normalization_steps must be at least 1, got ",
          options.statistics_steps);
    options.mean = (mean = weight("moving_mean", shape)).data();
    options.variance = (variance = weight("moving_variance", shape)).data();
  }
  if (cell.has("cell_clip")) options.clip = static_cast<T>(cell.number("cell_clip"));
  options.zoneout_rate = zoneout_rates<T>(cell, static_cast<std::size_t>(entry.shape.states));
  options.functions = {activation_of(cell, "activation", Activation::linear),
                       jordan ? activation_of(cell, "output_activation", Activation::linear)
                              : activation_of(cell, "recurrent_activation", Activation::sigmoid)};
  std::vector<Index> widths(static_cast<std::size_t>(entry.shape.states), units);
  widths[0] = width;
  if (counts) widths.push_back(1);
  const Index products = kernel.size() + depth * recurrent_columns + projection.size();
  return {rnn::make_stepper<T>(name, options), std::move(widths), 2.0 * static_cast<double>(products)};
}

template Cell<float> make_cell(const Build<float>&, const Description&, const std::string&);
template Cell<double> make_cell(const Build<double>&, const Description&, const std::string&);

}  // namespace recurra::runtime
