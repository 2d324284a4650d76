#include "recurra/rnn/recurrent.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "recurra/ops/embedding.h"
#include "recurra/rnn/register.h"
#include "recurra/tensor/tape.h"

namespace recurra::rnn {
namespace {

std::vector<CellEntry>& cells() {
  static std::vector<CellEntry> entries;
  return entries;
}

void check_shape(const Tensor& tensor, const Shape& expected, DType dtype, const char* what) {
  if (!tensor.defined()) return;
  check(tensor.shape() == expected && tensor.dtype() == dtype, "rnn: ", what, " must be ", name_of(dtype), expected,
        ", got ", name_of(tensor.dtype()), tensor.shape());
}

// Units of the layer, and of its state 0, from the shapes of its weights.
struct Units {
  Index U, P;
  Index of_state(int state) const { return state == 0 ? P : U; }
};

Units units_of(const CellEntry& cell, const RecurrentInputs& in, Index taps) {
  check(in.projection.defined() == cell.projects, "rnn: ", cell.name,
        cell.projects ? " needs its projection" : " has no projection");
  if (cell.recurrent_blocks > 0) {
    check_rank(in.recurrent_kernel, 2, "rnn", "recurrent_kernel");
    const Index U = in.recurrent_kernel.shape(1) / cell.recurrent_blocks;
    return {U, cell.projects ? in.recurrent_kernel.shape(0) / taps : U};
  }
  check(!in.recurrent_kernel.defined(), "rnn: ", cell.name, " has no recurrent kernel");
  check_rank(in.kernel, 2, "rnn", "kernel");
  const Index U = in.kernel.shape(1) / cell.input_blocks;
  return {U, U};
}

Units check_inputs(const CellEntry& cell, const RecurrentInputs& in, const RecurrentOptions& options) {
  check_rank(in.x, 3, "rnn", "x");
  check(is_floating(in.x.dtype()), "rnn: x must be float32 or float64, got ", name_of(in.x.dtype()));
  const Index B = in.x.shape(0), T = in.x.shape(1), F = in.x.shape(2);
  check(T >= 1, "rnn: x has no time steps; its shape is ", in.x.shape());
  const Index taps = 1 + std::ssize(options.skips);
  check(taps == 1 || (cell.recurrent_blocks > 0 && !options.checkpoint),
        "rnn: skips need a cell with a recurrent product, and no checkpoints");
  for (const Index skip : options.skips)
    check(skip >= 2 && skip < T, "rnn: a skip must be of at least 2 steps, and less than the ", T,
          " of the sequences, got ", skip);
  const Units units = units_of(cell, in, taps);
  const auto [U, P] = units;
  const Index columns = cell.input_blocks * U;
  const DType dtype = in.x.dtype();
  check_shape(in.recurrent_kernel, {taps * P, cell.recurrent_blocks * U}, dtype, "recurrent_kernel");
  check(in.kernel.defined(), "rnn: ", cell.name, " needs its kernel");
  check_shape(in.kernel, {F, columns}, dtype, "kernel");
  check_shape(in.projection, {U, P}, dtype, "projection");
  check_shape(in.projection_bias, {P}, dtype, "projection_bias");
  if (in.bias.defined())
    check(in.bias.size() == cell.bias_rows * columns && in.bias.shape().back() == columns && in.bias.dtype() == dtype,
          "rnn: bias must be ", name_of(dtype), Shape{cell.bias_rows, columns}, ", got ", name_of(in.bias.dtype()),
          in.bias.shape());
  check(cell.vectors > 0 || !in.vectors.defined(), "rnn: ", cell.name, " has no weight vectors");
  check(in.vectors.defined() || !cell.needs_vectors, "rnn: ", cell.name, " needs its weight vectors");
  check_shape(in.vectors, {cell.vectors, U}, dtype, "vectors");
  check(in.initial.empty() || in.initial.size() == static_cast<std::size_t>(cell.states), "rnn: ", cell.name, " has ",
        cell.states, " states, got ", in.initial.size());
  for (int state = 0; const Tensor& initial : in.initial)
    check_shape(initial, {B, units.of_state(state++)}, dtype, "an initial state");
  check_shape(in.mask, {B, T}, DType::boolean, "mask");
  check_shape(in.input_dropout, {B, F}, dtype, "input_dropout");
  const bool per_step = in.recurrent_dropout.defined() && in.recurrent_dropout.rank() == 3;
  check_shape(in.recurrent_dropout, per_step ? Shape{B, T, P} : Shape{B, P}, dtype, "recurrent_dropout");
  check(in.zoneout.empty() || in.zoneout.size() == static_cast<std::size_t>(cell.states), "rnn: ", cell.name, " has ",
        cell.states, " states, got zoneout for ", in.zoneout.size());
  check(in.mean.defined() == in.variance.defined(), "rnn: mean and variance go together");
  check(cell.normal_blocks > 0 || !(in.mean.defined() || options.batch_statistics), "rnn: ", cell.name,
        " normalises nothing");
  check(!in.mean.defined() || !options.batch_statistics, "rnn: statistics are given, or the batch's, not both");
  if (in.mean.defined()) {
    check_rank(in.mean, 2, "rnn", "mean");
    check(in.mean.shape(0) > 0, "rnn: mean has no steps");
    for (const Tensor* each : {&in.mean, &in.variance})
      check_shape(*each, {in.mean.shape(0), cell.normal_blocks * U}, dtype, "mean and variance");
  }
  for (int state = 0; const Tensor& share : in.zoneout)
    check_shape(share, {B, T, units.of_state(state++)}, dtype, "zoneout");
  return units;
}

template <class T>
const T* data_or_null(const Tensor& tensor) {
  return tensor.defined() ? tensor.data<T>() : nullptr;
}

// The input as rows of a table, where that is less work than a product for each of the B T places.
struct Table {
  Tensor rows, table;
  std::shared_ptr<const ops::Occurrences> found;
};

std::optional<Table> table_of(const CellEntry& cell, const RecurrentInputs& in, const RecurrentOptions& options) {
  const ops::RowsOfTable* source = ops::rows_of_table(in.x);
  if (!source || cell.normal_blocks > 0 || in.input_dropout.defined() || options.checkpoint) return std::nullopt;
  const Index places = source->rows.size(), size = source->table.shape(0);
  if (!ops::Occurrences::worth_counting(places, size)) return std::nullopt;
  Table out{source->rows, source->table, std::make_shared<const ops::Occurrences>(source->rows, size)};
  // Looking a row of sums up costs about half as much as making it from a short row of the table.
  if (2 * out.found->used > places) return std::nullopt;
  return out;
}

template <class T>
Sequence<T> sequence_of(const CellEntry& cell, const RecurrentInputs& in, const Units& units,
                        const RecurrentOptions& options, const std::optional<Table>& table, bool training) {
  Sequence<T> s;
  s.B = in.x.shape(0);
  s.steps = in.x.shape(1);
  s.F = in.x.shape(2);
  s.U = units.U;
  s.P = units.P;
  s.functions = {activation_named(options.activation, "rnn"), activation_named(options.recurrent_activation, "rnn")};
  s.clip = static_cast<T>(options.clip);
  s.skips = options.skips;
  s.go_backwards = options.go_backwards;
  s.return_sequences = options.return_sequences;
  s.zero_output_for_mask = options.zero_output_for_mask;
  s.training = training;
  // What a normalised cell keeps of a step is soon more than a cache holds: making it again takes less time.
  const bool checkpoint = options.checkpoint || (cell.normal_blocks > 0 && options.skips.empty());
  s.segment = checkpoint ? static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(s.steps)))) : s.steps;
  if (table) s.table_input = {table->table.data<T>(), table->found.get()};
  else s.x = in.x.data<T>();
  s.weights = {data_or_null<T>(in.kernel),  data_or_null<T>(in.recurrent_kernel), data_or_null<T>(in.bias),
               data_or_null<T>(in.vectors), data_or_null<T>(in.projection),       data_or_null<T>(in.projection_bias)};
  s.mask = data_or_null<bool>(in.mask);
  s.input_dropout = data_or_null<T>(in.input_dropout);
  s.recurrent_dropout = data_or_null<T>(in.recurrent_dropout);
  s.dropout_per_step = in.recurrent_dropout.defined() && in.recurrent_dropout.rank() == 3;
  for (const Tensor& share : in.zoneout) s.zoneout.push_back(data_or_null<T>(share));
  for (const double rate : options.zoneout_rate) s.zoneout_rate.push_back(static_cast<T>(rate));
  for (const Tensor& state : in.initial) s.initial.push_back(data_or_null<T>(state));
  s.mean = data_or_null<T>(in.mean);
  s.variance = data_or_null<T>(in.variance);
  s.statistics_steps = in.mean.defined() ? in.mean.shape(0) : 0;
  s.statistics = options.batch_statistics ? Statistics::batch : in.mean.defined() ? Statistics::given : Statistics::row;
  return s;
}

RecurrentInputs detached(const RecurrentInputs& in) {
  const auto off = [](const Tensor& t) { return t.defined() ? t.detach() : t; };
  RecurrentInputs out = in;
  for (Tensor* each :
       {&out.x, &out.kernel, &out.recurrent_kernel, &out.bias, &out.vectors, &out.projection, &out.projection_bias})
    *each = off(*each);
  for (Tensor& state : out.initial) state = off(state);
  return out;
}

// Places of the inputs in the node; the initial states follow.
enum Input {
  x_input,
  kernel_input,
  recurrent_kernel_input,
  bias_input,
  vectors_input,
  projection_input,
  projection_bias_input,
  first_state_input
};

// The gradient of rows of a table that went through a layer: its own elements, or the way to the table.
template <class T>
class GradientThroughTable final : public ops::GradientOfRows {
 public:
  /// `table` and `memory` are what the runner borrows.
  GradientThroughTable(Table table, std::shared_ptr<const Runner<T>> runner, std::vector<Tensor> memory)
      : GradientOfRows(table.rows), table_(std::move(table)), runner_(std::move(runner)), memory_(std::move(memory)) {}
  void make(std::byte* elements) const override { runner_->input_gradient(reinterpret_cast<T*>(elements)); }
  void add_to(const Tensor& table_gradient) const override { runner_->add_table_gradient(table_gradient.data<T>()); }

 private:
  Table table_;
  std::shared_ptr<const Runner<T>> runner_;
  std::vector<Tensor> memory_;
};

template <class T>
void run_backward(const BackwardPass& pass, const std::shared_ptr<Runner<T>>& runner, const RecurrentInputs& in,
                  const std::optional<Table>& table, const std::vector<Tensor>& memory, int states) {
  SequenceGradients<T> g;
  bool any = pass.output_gradient(0).defined();
  g.dy = data_or_null<T>(pass.output_gradient(0));
  for (int state = 0; state < states; ++state) {
    any = any || pass.output_gradient(1 + state).defined();
    g.dfinal.push_back(data_or_null<T>(pass.output_gradient(1 + state)));
  }
  if (!any) return;
  // Once somebody has read the rows, they are what the outputs were made from; the table may have changed.
  const bool by_table = table && in.x.recipe();
  if (table && !by_table) g.x = in.x.data<T>();
  Tensor dx;
  if (by_table) {
    g.wants_table = pass.wants(x_input);
  } else if (pass.wants(x_input)) {
    dx = Tensor::empty_like(in.x);
    g.dx = dx.data<T>();
  }
  std::vector<Tensor> dinitial(static_cast<std::size_t>(states));
  for (int state = 0; state < states; ++state) {
    Tensor& d = dinitial[static_cast<std::size_t>(state)];
    if (!in.initial.empty() && pass.wants(first_state_input + state))
      d = Tensor::empty_like(in.initial[static_cast<std::size_t>(state)]);
    g.dinitial.push_back(d.defined() ? d.data<T>() : nullptr);
  }
  const auto sum = [&](int input) { return pass.wants(input) ? pass.accumulator(input).data<T>() : nullptr; };
  g.weights = {sum(kernel_input),  sum(recurrent_kernel_input), sum(bias_input),
               sum(vectors_input), sum(projection_input),       sum(projection_bias_input)};
  runner->backward(g);
  if (dx.defined()) pass.add(x_input, dx);
  if (g.wants_table)
    pass.add(x_input, {in.x.shape(), in.x.dtype(), std::make_unique<GradientThroughTable<T>>(*table, runner, memory)});
  for (int state = 0; state < states; ++state)
    if (dinitial[static_cast<std::size_t>(state)].defined())
      pass.add(first_state_input + state, dinitial[static_cast<std::size_t>(state)]);
}

}  // namespace

void add_cell(const CellEntry& entry) { cells().push_back(entry); }

const CellEntry& find_cell(const std::string& name) {
  for (const CellEntry& entry : cells())
    if (name == entry.name) return entry;
  std::string known;
  for (const std::string& each : cell_names()) known += (known.empty() ? "" : ", ") + each;
  throw std::invalid_argument(text("rnn: cell '", name, "' is not one of ", known));
}

std::vector<std::string> cell_names() {
  std::vector<std::string> names;
  for (const CellEntry& entry : cells()) names.emplace_back(entry.name);
  std::ranges::sort(names);
  return names;
}

template <class T>
std::unique_ptr<Stepper<T>> make_stepper(const std::string& cell, const StepperOptions<T>& options) {
  return find_cell(cell).makers<T>().stepper(options);
}

template std::unique_ptr<Stepper<float>> make_stepper(const std::string&, const StepperOptions<float>&);
template std::unique_ptr<Stepper<double>> make_stepper(const std::string&, const StepperOptions<double>&);

RecurrentOutputs recurrent(const std::string& name, const RecurrentInputs& in, const RecurrentOptions& options) {
  const CellEntry& cell = find_cell(name);
  const Units units = check_inputs(cell, in, options);
  const Index B = in.x.shape(0), steps = in.x.shape(1);
  const DType dtype = in.x.dtype();
  std::vector<Tensor> inputs{in.x,       in.kernel,     in.recurrent_kernel, in.bias,
                             in.vectors, in.projection, in.projection_bias};
  inputs.insert(inputs.end(), in.initial.begin(), in.initial.end());
  const bool training = needs_recording(inputs);

  RecurrentOutputs out;
  out.output = Tensor(options.return_sequences ? Shape{B, steps, units.P} : Shape{B, units.P}, dtype);
  for (int state = 0; state < cell.states; ++state) out.states.emplace_back(Shape{B, units.of_state(state)}, dtype);
  if (options.batch_statistics)
    for (Tensor* each : {&out.mean, &out.variance}) *each = Tensor({steps, cell.normal_blocks * units.U}, dtype);
  dispatch_float(dtype, "rnn", [&]<class T>() {
    const RecurrentInputs kept = training ? detached(in) : in;
    const std::optional<Table> table = table_of(cell, kept, options);
    Sequence<T> sequence = sequence_of<T>(cell, kept, units, options, table, training);
    sequence.y = out.output.data<T>();
    for (const Tensor& state : out.states) sequence.final.push_back(state.data<T>());
    if (options.batch_statistics) {
      sequence.batch_mean = out.mean.data<T>();
      sequence.batch_variance = out.variance.data<T>();
    }
    const std::shared_ptr<Runner<T>> runner = cell.makers<T>().runner(sequence);
    Tensor saved, states;
    if (training) {
      saved = Tensor({runner->saved_size()}, dtype);
      states = Tensor({runner->states_size()}, dtype);
      runner->use(saved.data<T>(), states.data<T>());
    }
    runner->forward();
    if (!training) return;
    std::vector<Tensor> outputs{out.output};
    outputs.insert(outputs.end(), out.states.begin(), out.states.end());
    // All that the runner borrows and that its gradients may need when this node is gone.
    const std::vector<Tensor> memory{saved, states, kept.mask};
    record("rnn", inputs, outputs, [runner, kept, table, memory, count = cell.states](const BackwardPass& pass) {
      run_backward<T>(pass, runner, kept, table, memory, count);
    });
  });
  return out;
}

}  // namespace recurra::rnn
