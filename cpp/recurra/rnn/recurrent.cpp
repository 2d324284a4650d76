#include "recurra/rnn/recurrent.h"

#include <cmath>
#include <optional>
#include <utility>

#include "recurra/base/parallel.h"
#include "recurra/ops/embedding.h"
#include "recurra/rnn/driver.h"
#include "recurra/rnn/packed_weights_cache.h"
#include "recurra/tensor/tape.h"

namespace recurra::rnn {
namespace {

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
  check(in.projection.defined() == cell.shape.projects, "rnn: ", cell.shape.name,
        cell.shape.projects ? " needs its projection" : " has no projection");
  if (cell.shape.recurrent_blocks > 0) {
    check_rank(in.recurrent_kernel, 2, "rnn", "recurrent_kernel");
    const Index U = in.recurrent_kernel.shape(1) / cell.shape.recurrent_blocks;
    return {U, cell.shape.projects ? in.recurrent_kernel.shape(0) / taps : U};
  }
  check(!in.recurrent_kernel.defined(), "rnn: ", cell.shape.name, " has no recurrent kernel");
  check_rank(in.kernel, 2, "rnn", "kernel");
  const Index U = in.kernel.shape(1) / cell.shape.input_blocks;
  return {U, U};
}

Units check_inputs(const CellEntry& cell, const RecurrentInputs& in, const RecurrentOptions& options) {
  check_rank(in.x, 3, "rnn", "x");
  check(is_floating(in.x.dtype()), "rnn: x must be float32 or float64, got ", name_of(in.x.dtype()));
  const Index B = in.x.shape(0), T = in.x.shape(1), F = in.x.shape(2);
  check(T >= 1, "rnn: x has no time steps; its shape is ", in.x.shape());
  const Index taps = 1 + std::ssize(options.skips);
  check(taps == 1 || (cell.shape.recurrent_blocks > 0 && !options.checkpoint),
        "rnn: skips need a cell with a recurrent product, and no checkpoints");
  for (const Index skip : options.skips)
    check(skip >= 2 && skip < T, "rnn: a skip must be of at least 2 steps, and less than the ", T,
          " of the sequences, got ", skip);
  const Units units = units_of(cell, in, taps);
  const auto [U, P] = units;
  const Index columns = cell.shape.input_blocks * U;
  const DType dtype = in.x.dtype();
  check_shape(in.recurrent_kernel, {taps * P, cell.shape.recurrent_blocks * U}, dtype, "recurrent_kernel");
  check(in.kernel.defined(), "rnn: ", cell.shape.name, " needs its kernel");
  check_shape(in.kernel, {F, columns}, dtype, "kernel");
  check_shape(in.projection, {U, P}, dtype, "projection");
  check_shape(in.projection_bias, {P}, dtype, "projection_bias");
  if (in.bias.defined())
    check(in.bias.size() == cell.shape.bias_rows * columns && in.bias.shape().back() == columns &&
              in.bias.dtype() == dtype,
          "rnn: bias must be ", name_of(dtype), Shape{cell.shape.bias_rows, columns}, ", got ",
          name_of(in.bias.dtype()), in.bias.shape());
  check(cell.shape.vectors > 0 || !in.vectors.defined(), "rnn: ", cell.shape.name, " has no weight vectors");
  check(in.vectors.defined() || !cell.shape.needs_vectors, "rnn: ", cell.shape.name, " needs its weight vectors");
  check_shape(in.vectors, {cell.shape.vectors, U}, dtype, "vectors");
  check(in.initial.empty() || in.initial.size() == static_cast<std::size_t>(cell.shape.states),
        "rnn: ", cell.shape.name, " has ", cell.shape.states, " states, got ", in.initial.size());
  for (int state = 0; const Tensor& initial : in.initial)
    check_shape(initial, {B, units.of_state(state++)}, dtype, "an initial state");
  check_shape(in.mask, {B, T}, DType::boolean, "mask");
  check_shape(in.input_dropout, {B, F}, dtype, "input_dropout");
  const bool per_step = in.recurrent_dropout.defined() && in.recurrent_dropout.rank() == 3;
  check_shape(in.recurrent_dropout, per_step ? Shape{B, T, P} : Shape{B, P}, dtype, "recurrent_dropout");
  check(in.zoneout.empty() || in.zoneout.size() == static_cast<std::size_t>(cell.shape.states),
        "rnn: ", cell.shape.name, " has ", cell.shape.states, " states, got zoneout for ", in.zoneout.size());
  check(in.mean.defined() == in.variance.defined(), "rnn: mean and variance go together");
  check(cell.shape.normal_count() > 0 || !(in.mean.defined() || options.batch_statistics), "rnn: ", cell.shape.name,
        " normalises nothing");
  check(!in.mean.defined() || !options.batch_statistics, "rnn: statistics are given, or the batch's, not both");
  if (in.mean.defined()) {
    check_rank(in.mean, 2, "rnn", "mean");
    check(in.mean.shape(0) > 0, "rnn: mean has no steps");
    for (const Tensor* each : {&in.mean, &in.variance})
      check_shape(*each, {in.mean.shape(0), cell.shape.normal_count() * U}, dtype, "mean and variance");
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
  if (!source || cell.shape.normal_count() > 0 || in.input_dropout.defined() || options.checkpoint) return std::nullopt;
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
  s.clip = static_cast<T>(options.clip);
  s.skips = options.skips;
  s.go_backwards = options.go_backwards;
  s.return_sequences = options.return_sequences;
  s.zero_output_for_mask = options.zero_output_for_mask;
  s.training = training;
  // What a normalised cell keeps of a step is soon more than a cache holds: making it again takes less time.
  const bool checkpoint = options.checkpoint || (cell.shape.normal_count() > 0 && options.skips.empty());
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
  /// `table` and `memory` are what the driver borrows.
  GradientThroughTable(Table table, std::shared_ptr<const Driver<T>> driver, std::vector<Tensor> memory)
      : GradientOfRows(table.rows), table_(std::move(table)), driver_(std::move(driver)), memory_(std::move(memory)) {}
  void make(std::byte* elements) const override { driver_->input_gradient(reinterpret_cast<T*>(elements)); }
  void add_to(const Tensor& table_gradient) const override { driver_->add_table_gradient(table_gradient.data<T>()); }

 private:
  Table table_;
  std::shared_ptr<const Driver<T>> driver_;
  std::vector<Tensor> memory_;
};

// A call of a layer as the tape sees it: gradients of its outputs come out, gradients of its inputs go in. It may be
// one of several calls of a node.
class PartOfNode {
 public:
  PartOfNode(const BackwardPass& pass, int first_input, int first_output)
      : pass_(pass), first_input_(first_input), first_output_(first_output) {}
  const Tensor& output_gradient(int output) const { return pass_.output_gradient(first_output_ + output); }
  bool wants(int input) const { return pass_.wants(first_input_ + input); }
  void add(int input, const Tensor& gradient) const { pass_.add(first_input_ + input, gradient); }
  Tensor accumulator(int input) const { return pass_.accumulator(first_input_ + input); }

 private:
  const BackwardPass& pass_;
  const int first_input_, first_output_;
};

// Runs passes side by side.
void finish(const std::vector<Pass>& passes) {
  Index tasks = 0;
  double operations = 0;
  for (const Pass& pass : passes) {
    tasks += pass.tasks;
    operations += pass.operations;
  }
  parallel_for(tasks, operations, [&](Index task) {
    const Pass* pass = passes.data();
    for (; task >= pass->tasks; ++pass) task -= pass->tasks;
    pass->task(task);
  });
  for (const Pass& pass : passes)
    if (pass.end) pass.end();
}

}  // namespace

// One call of a layer on its way from the inputs to a node of the tape.
class Call {
 public:
  virtual ~Call() = default;
  virtual Pass forward() = 0;
  // The backward pass, empty where no gradient has come, and what follows it.
  virtual Pass backward(const PartOfNode& part) = 0;
  virtual void add_gradients(const PartOfNode& part) = 0;

  bool training = false;
  std::vector<Tensor> inputs, outputs;  // of the node; gone when it is made, or it would keep itself alive
};

namespace {

template <class T>
class LayerCall final : public Call {
 public:
  LayerCall(const CellEntry& cell, const RecurrentInputs& in, const Sequence<T>& sequence,
            const std::optional<Table>& table, std::shared_ptr<PackedWeightsCache> kept,
            const std::optional<PackedWeightsCache::Key>& key)
      : in_(in),
        table_(table),
        driver_(std::make_shared<Driver<T>>(cell, sequence)),
        states_(cell.shape.states),
        final_states_(static_cast<int>(sequence.final.size())),
        kept_(std::move(kept)),
        key_(key),
        packs_(!sequence.packed) {}

  Pass forward() override {
    if (training) {
      const Tensor saved({driver_->saved_size()}, in_.x.dtype()), states({driver_->states_size()}, in_.x.dtype());
      driver_->use(saved.data<T>(), states.data<T>());
      memory_ = {saved, states, in_.mask};
    }
    Pass pass = driver_->forward();
    if (packs_ && !training) kept_->offer(key_, driver_->packed_weights());
    return pass;
  }

  Pass backward(const PartOfNode& part) override {
    bool any = part.output_gradient(0).defined();
    gradients_ = {};
    gradients_.dy = data_or_null<T>(part.output_gradient(0));
    for (int state = 0; state < final_states_; ++state) {
      any = any || part.output_gradient(1 + state).defined();
      gradients_.dfinal.push_back(data_or_null<T>(part.output_gradient(1 + state)));
    }
    if (!any) return {};
    // Once somebody has read the rows, they are what the outputs were made from; the table may have changed.
    const bool by_table = table_ && in_.x.recipe();
    if (table_ && !by_table) gradients_.x = in_.x.data<T>();
    if (by_table) {
      gradients_.wants_table = part.wants(x_input);
    } else if (part.wants(x_input)) {
      dx_ = Tensor::empty_like(in_.x);
      gradients_.dx = dx_.data<T>();
    }
    dinitial_.resize(static_cast<std::size_t>(states_));
    for (int state = 0; state < states_; ++state) {
      Tensor& d = dinitial_[static_cast<std::size_t>(state)];
      if (!in_.initial.empty() && part.wants(first_state_input + state))
        d = Tensor::empty_like(in_.initial[static_cast<std::size_t>(state)]);
      gradients_.dinitial.push_back(d.defined() ? d.data<T>() : nullptr);
    }
    const auto sum = [&](int input) {
      return part.wants(input) ? part.accumulator(input).template data<T>() : nullptr;
    };
    gradients_.weights = {sum(kernel_input),  sum(recurrent_kernel_input), sum(bias_input),
                          sum(vectors_input), sum(projection_input),       sum(projection_bias_input)};
    return driver_->backward(gradients_);
  }

  void add_gradients(const PartOfNode& part) override {
    if (dx_.defined()) part.add(x_input, dx_);
    if (gradients_.wants_table)
      part.add(x_input,
               {in_.x.shape(), in_.x.dtype(), std::make_unique<GradientThroughTable<T>>(*table_, driver_, memory_)});
    for (int state = 0; const Tensor& d : dinitial_) {
      if (d.defined()) part.add(first_state_input + state, d);
      ++state;
    }
    dx_ = {};
    dinitial_.clear();
  }

 private:
  const RecurrentInputs in_;
  const std::optional<Table> table_;
  const std::shared_ptr<Driver<T>> driver_;
  const int states_, final_states_;  // of the cell, and among the outputs
  const std::shared_ptr<PackedWeightsCache> kept_;
  const std::optional<PackedWeightsCache::Key> key_;
  const bool packs_;
  std::vector<Tensor> memory_;  // what the driver borrows and its gradients may need when the node is gone
  // From backward() to add_gradients():
  SequenceGradients<T> gradients_;
  Tensor dx_;
  std::vector<Tensor> dinitial_;
};

// Runs calls side by side and puts those that train on the tape as one node.
void run(std::vector<std::unique_ptr<Call>> calls) {
  std::vector<Pass> passes;
  for (const auto& call : calls) passes.push_back(call->forward());
  finish(passes);
  std::erase_if(calls, [](const auto& call) { return !call->training; });
  if (calls.empty()) return;

  struct Placed {
    std::shared_ptr<Call> call;
    int first_input, first_output;
  };
  std::vector<Placed> parts;
  std::vector<Tensor> inputs, outputs;
  for (auto& call : calls) {
    const int first_input = static_cast<int>(inputs.size()), first_output = static_cast<int>(outputs.size());
    inputs.insert(inputs.end(), call->inputs.begin(), call->inputs.end());
    outputs.insert(outputs.end(), call->outputs.begin(), call->outputs.end());
    call->inputs.clear();
    call->outputs.clear();
    parts.push_back({std::move(call), first_input, first_output});
  }
  record("rnn", std::move(inputs), outputs, [parts](const BackwardPass& pass) {
    std::vector<Pass> backward;
    for (const Placed& part : parts)
      backward.push_back(part.call->backward({pass, part.first_input, part.first_output}));
    finish(backward);
    for (const Placed& part : parts) part.call->add_gradients({pass, part.first_input, part.first_output});
  });
}

// What collects the calls of this thread, if somebody does.
thread_local std::vector<std::unique_ptr<Call>>* collector = nullptr;

}  // namespace

RecurrentLayer::RecurrentLayer(const std::string& cell, RecurrentOptions options)
    : cell_(find_cell(cell)),
      options_(std::move(options)),
      activation_(activation_named(options_.activation, "rnn")),
      recurrent_activation_(activation_named(options_.recurrent_activation, "rnn")),
      kept_(std::make_shared<PackedWeightsCache>()) {}

RecurrentOutputs RecurrentLayer::operator()(const RecurrentInputs& in) const {
  const Units units = check_inputs(cell_, in, options_);
  const Index B = in.x.shape(0), steps = in.x.shape(1);
  const DType dtype = in.x.dtype();
  std::vector<Tensor> inputs{in.x,       in.kernel,     in.recurrent_kernel, in.bias,
                             in.vectors, in.projection, in.projection_bias};
  inputs.insert(inputs.end(), in.initial.begin(), in.initial.end());
  const bool training = needs_recording(inputs);

  RecurrentOutputs out;
  out.output = Tensor(options_.return_sequences ? Shape{B, steps, units.P} : Shape{B, units.P}, dtype);
  if (options_.return_states)
    for (int state = 0; state < cell_.shape.states; ++state)
      out.states.emplace_back(Shape{B, units.of_state(state)}, dtype);
  if (options_.batch_statistics)
    for (Tensor* each : {&out.mean, &out.variance})
      *each = Tensor({steps, cell_.shape.normal_count() * units.U}, dtype);
  std::optional<PackedWeightsCache::Key> key;
  if (!training)
    key = PackedWeightsCache::key_of({&in.kernel, &in.recurrent_kernel, &in.projection},
                                     {in.x.shape(2), units.U, units.P});
  std::unique_ptr<Call> call = dispatch_float(dtype, "rnn", [&]<class T>() -> std::unique_ptr<Call> {
    const RecurrentInputs kept = training ? detached(in) : in;
    const std::optional<Table> table = table_of(cell_, kept, options_);
    Sequence<T> sequence = sequence_of<T>(cell_, kept, units, options_, table, training);
    sequence.functions = {activation_, recurrent_activation_};
    sequence.packed = kept_->find(key);
    sequence.y = out.output.data<T>();
    for (const Tensor& state : out.states) sequence.final.push_back(state.data<T>());
    if (options_.batch_statistics) {
      sequence.batch_mean = out.mean.data<T>();
      sequence.batch_variance = out.variance.data<T>();
    }
    return std::make_unique<LayerCall<T>>(cell_, kept, sequence, table, kept_, key);
  });
  call->training = training;
  call->inputs = std::move(inputs);
  call->outputs = {out.output};
  call->outputs.insert(call->outputs.end(), out.states.begin(), out.states.end());
  if (collector) {
    collector->push_back(std::move(call));
  } else {
    std::vector<std::unique_ptr<Call>> alone;
    alone.push_back(std::move(call));
    run(std::move(alone));
  }
  return out;
}

SideBySide::SideBySide() = default;
SideBySide::~SideBySide() = default;

void SideBySide::begin() { outer_ = std::exchange(collector, &calls_); }

void SideBySide::end(bool run) {
  collector = outer_;
  auto calls = std::exchange(calls_, {});
  if (run) rnn::run(std::move(calls));
}

}  // namespace recurra::rnn
