#include "recurra/runtime/cell.h"

#include <algorithm>
#include <map>
#include <span>

#include "recurra/rnn/cell_table.h"
#include "recurra/runtime/cell_weights.h"

namespace recurra::runtime {
namespace {

// Kinds that the engine's table has not: linear in the state, and scanned where a batch runs.
bool is_linear(const std::string& kind) { return kind == "LinearRNN" || kind == "LRU"; }

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
                                                    {"MinGRU", "min_gru"},
                                                    {"MinLSTM", "min_lstm"},
                                                    {"SLSTM", "slstm"},
                                                    {"SRU", "sru"},
                                                    {"EchoState", "leaky_rnn"},
                                                    {"CoRNN", "co_rnn"},
                                                    {"GRUD", "gru_decay"}};
  const std::string kind = cell_kind(cell);
  const bool normal = cell.has("normalization");
  if (kind == "LSTM") return lstm_form(cell, normal);
  if (kind == "QRNN") return "qrnn_" + cell.word("pooling");
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

std::vector<Index> skips_of(const Description& cell) {
  constexpr Index longest = 16'777'216;
  if (!cell.has("skip")) return {};
  std::vector<Index> skips = cell.integers("skip");
  for (const Index skip : skips)
    check(skip >= 2 && skip <= longest, cell.title(), ": a skip must be of at least 2 steps, got ", skip);
  return skips;
}

}  // namespace

std::string cell_kind(const Description& cell) { return cell.class_name().substr(0, cell.class_name().rfind("Cell")); }

bool is_known_cell(const Description& cell) {
  return cell.from("recurra.layers") && (is_linear(cell_kind(cell)) || !engine_cell(cell).empty());
}

void know_cell_settings(const Description& cell) {
  // What one kind of cell has alone.
  static const std::map<std::string, std::vector<std::string_view>> own = {
      {"CoRNN", {"time_step", "frequency", "damping"}},
      {"EchoState", {"leak", "connectivity", "spectral_radius"}},
      {"GRUD", {"mean", "decay_initializer", "decay_regularizer", "decay_constraint"}},
      {"Jordan", {"output_units", "output_activation"}},
      {"LRU", {"state_units"}},
      {"QRNN", {"window", "pooling"}}};
  const auto found = own.find(cell_kind(cell));
  cell.know_settings(
      {"name", "trainable", "dtype", "units", "activation", "recurrent_activation", "use_bias", "reset_after",
       "peephole", "coupled", "forget_gate", "cell_clip", "projection", "zoneout", "skip", "normalization",
       "normalization_steps", "normalization_momentum", "weight_normalization",
       // how weights start, are penalised and projected; what acts in training only
       "kernel_initializer", "recurrent_initializer", "bias_initializer", "kernel_regularizer", "recurrent_regularizer",
       "bias_regularizer", "kernel_constraint", "recurrent_constraint", "bias_constraint", "unit_forget_bias",
       "forget_bias", "dropout", "recurrent_dropout", "dropout_per_step", "recurrent_dropconnect", "seed",
       // those of the layer around it
       "return_sequences", "return_state", "stateful", "unroll", "zero_output_for_mask", "checkpoint",
       "activity_regularizer", "batch_input_shape", "cell"},
      found == own.end() ? std::span<const std::string_view>() : found->second);
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
  if (is_linear(cell_kind(cell)))
    return cell_kind(cell) == "LRU" ? make_lru_cell(build, cell, path) : make_linear_cell(build, cell, path);

  const std::string name = engine_cell(cell);
  const rnn::CellEntry& entry = rnn::find_cell(name);
  const Index features = add_front(build, cell, path), width = entry.shape.projects ? output_width(cell) : units;
  rnn::StepperOptions<T> options;
  options.features = features;
  options.units = units;
  options.width = width;
  options.skips = skips_of(cell);
  const Index depth = (1 + std::ssize(options.skips)) * width;
  check(options.skips.empty() || entry.shape.recurrent_blocks > 0, cell.title(), ": skip needs a recurrent product");
  const CellWeights<T> weights = cell_weights(build, cell, path, entry, {features, units, width, depth});
  options.weights = {weights.kernel.data(),  weights.recurrent_kernel.data(), weights.bias.data(),
                     weights.vectors.data(), weights.projection.data(),       weights.projection_bias.data()};
  Buffer<T> mean, variance;

  const bool counts = cell.has("normalization") && cell.word("normalization") == "batch";
  if (counts) {
    options.statistics_steps = cell.integer("normalization_steps");
    const Shape shape{options.statistics_steps, entry.shape.normal_count() * units};
    check(options.statistics_steps >= 1, cell.title(), ": normalization_steps must be at least 1, got ",
          options.statistics_steps);
    options.mean = (mean = build.weights.template copy<T>(cell, path + "moving_mean", shape)).data();
    options.variance = (variance = build.weights.template copy<T>(cell, path + "moving_variance", shape)).data();
  }
  if (cell.has("cell_clip")) options.clip = static_cast<T>(cell.number("cell_clip"));
  options.zoneout_rate = zoneout_rates<T>(cell, static_cast<std::size_t>(entry.shape.states));
  options.functions = {activation_of(cell, "activation", Activation::linear),
                       name == "jordan" ? activation_of(cell, "output_activation", Activation::linear)
                                        : activation_of(cell, "recurrent_activation", Activation::sigmoid)};
  std::vector<Index> widths(static_cast<std::size_t>(entry.shape.states), units);
  widths[0] = width;
  if (counts) widths.push_back(1);
  const Index products = weights.kernel.size() + weights.recurrent_kernel.size() + weights.projection.size();
  return {rnn::make_stepper<T>(name, options), std::move(widths), 2.0 * static_cast<double>(products)};
}

template Cell<float> make_cell(const Build<float>&, const Description&, const std::string&);
template Cell<double> make_cell(const Build<double>&, const Description&, const std::string&);

}  // namespace recurra::runtime
