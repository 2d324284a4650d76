#include "recurra/rnn/layer_call.h"

#include <cmath>
#include <optional>
#include <utility>

#include "recurra/ops/embedding.h"
#include "recurra/rnn/driver.h"

namespace recurra::rnn {
namespace {

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

template <class T>
class LayerCall final : public Call {
 public:
  LayerCall(const CellEntry& cell, const RecurrentInputs& in, const Sequence<T>& sequence,
            const std::optional<Table>& table, std::shared_ptr<PackedWeightsCache> cache,
            const std::optional<PackedWeightsCache::Key>& key)
      : in_(in),
        table_(table),
        driver_(std::make_shared<Driver<T>>(cell, sequence)),
        states_(cell.shape.states),
        final_states_(static_cast<int>(sequence.final.size())),
        cache_(std::move(cache)),
        key_(key),
        packs_(!sequence.packed) {}

  Pass forward() override {
    if (training) {
      const Tensor saved({driver_->saved_size()}, in_.x.dtype()), states({driver_->states_size()}, in_.x.dtype());
      driver_->use(saved.data<T>(), states.data<T>());
      memory_ = {saved, states, in_.mask};
    }
    Pass pass = driver_->forward();
    if (packs_) cache_->offer(key_, driver_->packed_weights());
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
    if (gradients_.wants_table && table_)
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
  const std::shared_ptr<PackedWeightsCache> cache_;
  const std::optional<PackedWeightsCache::Key> key_;
  const bool packs_;
  std::vector<Tensor> memory_;  // what the driver borrows and its gradients may need when the node is gone
  // From backward() to add_gradients():
  SequenceGradients<T> gradients_;
  Tensor dx_;
  std::vector<Tensor> dinitial_;
};

}  // namespace

std::unique_ptr<Call> make_call(const CellEntry& cell, const RecurrentInputs& in, const Units& units,
                                const RecurrentOptions& options, const Functions& functions,
                                const std::shared_ptr<PackedWeightsCache>& cache, const RecurrentOutputs& out,
                                bool training) {
  // In training, too: a layer that takes the steps of a sequence one by one meets the same weights in all of them.
  const std::optional<PackedWeightsCache::Key> key =
      PackedWeightsCache::key_of({&in.kernel, &in.recurrent_kernel, &in.projection}, {in.x.shape(2), units.U, units.P});
  std::unique_ptr<Call> call = dispatch_float(in.x.dtype(), "rnn", [&]<class T>() -> std::unique_ptr<Call> {
    const RecurrentInputs inputs = training ? detached(in) : in;
    const std::optional<Table> table = table_of(cell, inputs, options);
    Sequence<T> sequence = sequence_of<T>(cell, inputs, units, options, table, training);
    sequence.functions = functions;
    sequence.packed = cache->find(key);
    sequence.y = out.output.data<T>();
    for (const Tensor& state : out.states) sequence.final.push_back(state.data<T>());
    if (options.batch_statistics) {
      sequence.batch_mean = out.mean.data<T>();
      sequence.batch_variance = out.variance.data<T>();
    }
    return std::make_unique<LayerCall<T>>(cell, inputs, sequence, table, cache, key);
  });
  call->training = training;
  call->inputs = {in.x, in.kernel, in.recurrent_kernel, in.bias, in.vectors, in.projection, in.projection_bias};
  call->inputs.insert(call->inputs.end(), in.initial.begin(), in.initial.end());
  call->outputs = {out.output};
  call->outputs.insert(call->outputs.end(), out.states.begin(), out.states.end());
  return call;
}

}  // namespace recurra::rnn
