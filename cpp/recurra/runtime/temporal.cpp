// TemporalBlock and TCN: the stages of their convolutions, of the paths around them and of what is returned.
//
// A block is described to the builders of the layers that it is made of, with the paths of their weights. At steps that
// are padding its convolutions take zeros, as the layers do for masked steps.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "recurra/kernels/vec.h"
#include "recurra/runtime/function.h"
#include "recurra/runtime/stage.h"

namespace recurra::runtime {
namespace {

// Zeros in the rows whose step is padding.
template <class T>
class ZeroPadding final : public Stage<T> {
 public:
  explicit ZeroPadding(Index size) : size_(size) {}

  Index scratch_size(Index batch) const noexcept override { return batch * size_; }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    for (Index row = 0; row < moment.batch; ++row) {
      T* out = moment.scratch + row * size_;
      if (moment.counts[row]) std::copy_n(in[row], size_, out);
      else std::fill_n(out, size_, T(0));
    }
    return {moment.scratch, size_};
  }

 private:
  const Index size_;
};

// The output of the last step that was not padding.
template <class T>
class LastStep final : public Stage<T> {
 public:
  explicit LastStep(Index size) : size_(size) {}

  Index state_size(Index batch) const noexcept override { return batch * size_; }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    for (Index row = 0; row < moment.batch; ++row)
      if (moment.counts[row]) std::copy_n(in[row], size_, moment.state + row * size_);
    return {moment.state, size_};
  }

  std::vector<std::vector<Index>> state_shapes() const override { return {{size_}}; }
  void read_state(const Moment<T>& moment, std::size_t, T* values) const noexcept override {
    std::copy_n(moment.state, moment.batch * size_, values);
  }
  void write_state(const Moment<T>& moment, std::size_t, const T* values) const noexcept override {
    std::copy_n(values, moment.batch * size_, moment.state);
  }
  void clear_row(const Moment<T>& moment, Index row) const noexcept override {
    std::fill_n(moment.state + row * size_, size_, T(0));
  }

 private:
  const Index size_;
};

// y = a sigmoid(b) of rows [a, b].
template <class T>
class Gate final : public Stage<T> {
 public:
  explicit Gate(Index size) : sigmoid_(Function<T>::sigmoid()), size_(size) {}

  Index scratch_size(Index batch) const noexcept override { return batch * size_; }
  double operations() const noexcept override { return 10.0 * static_cast<double>(size_); }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    T* gates = moment.scratch;
    for (Index row = 0; row < moment.batch; ++row) std::copy_n(in[row] + size_, size_, gates + row * size_);
    sigmoid_(gates, moment.batch, size_);
    for (Index row = 0; row < moment.batch; ++row)
      for (Index i = 0; i < size_; ++i) gates[row * size_ + i] *= in[row][i];
    return {gates, size_};
  }

 private:
  const Function<T> sigmoid_;
  const Index size_;
};

// y = f(x + what comes in), or f(r(x) + what comes in) with a layer r around the block; x is what went into the stage
// `first`.
template <class T>
class BlockEnd final : public Stage<T> {
 public:
  BlockEnd(std::unique_ptr<Stage<T>> around, std::size_t first, Index size, Function<T> function)
      : around_(std::move(around)), first_(first), size_(size), function_(function) {}

  Index state_size(Index batch) const noexcept override { return around_ ? around_->state_size(batch) : 0; }
  Index scratch_size(Index batch) const noexcept override {
    return batch * size_ + (around_ ? around_->scratch_size(batch) : 0);
  }
  double operations() const noexcept override {
    return static_cast<double>(size_) + (around_ ? around_->operations() : 0);
  }

  Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept override {
    Rows<T> x = moment.inputs[first_];
    if (around_) {
      Moment<T> inner = moment;
      inner.scratch += moment.batch * size_;
      x = around_->step(inner, x);
    }
    for (Index row = 0; row < moment.batch; ++row) {
      T* y = moment.scratch + row * size_;
      for (Index i = 0; i < size_; ++i) y[i] = x[row][i] + in[row][i];
    }
    function_(moment.scratch, moment.batch, size_);
    return {moment.scratch, size_};
  }

 private:
  const std::unique_ptr<Stage<T>> around_;
  const std::size_t first_;
  const Index size_;
  const Function<T> function_;
};

// The sum of what went into several stages, in their order.
template <class T>
class SumOfInputs final : public Stage<T> {
 public:
  SumOfInputs(std::vector<std::size_t> stages, Index size) : stages_(std::move(stages)), size_(size) {}

  Index scratch_size(Index batch) const noexcept override { return batch * size_; }
  double operations() const noexcept override { return static_cast<double>(std::ssize(stages_) * size_); }

  Rows<T> step(const Moment<T>& moment, Rows<T> /*in*/) const noexcept override {
    for (Index row = 0; row < moment.batch; ++row) {
      T* y = moment.scratch + row * size_;
      std::copy_n(moment.inputs[stages_[0]][row], size_, y);
      for (std::size_t i = 1; i < stages_.size(); ++i) {
        const T* x = moment.inputs[stages_[i]][row];
        for (Index j = 0; j < size_; ++j) y[j] += x[j];
      }
    }
    return {moment.scratch, size_};
  }

 private:
  const std::vector<std::size_t> stages_;
  const Index size_;
};

Json described(const char* kind, const std::string& name, Json config) {
  config["name"] = name;
  return {{"module", "recurra.layers"}, {"class_name", kind}, {"config", std::move(config)}};
}

// A layer inside of a block, built into `stages`.
template <class T>
void build_part(const Build<T>& build, const std::string& path, const Json& part, Flow& flow,
                std::vector<std::unique_ptr<Stage<T>>>& stages) {
  const std::string name = part["config"]["name"];
  const std::string title = text(build.layer.title(), ": its layer '", name, "'");
  build_layer(Build<T>{build.weights, Description(&part, title, path + name + "/"), flow, stages});
}

Json convolution(const Description& layer, const std::string& name, Index filters, Index taps, Index dilation,
                 bool activated) {
  return described("Conv1D", name,
                   {{"filters", filters},
                    {"kernel_size", taps},
                    {"strides", 1},
                    {"padding", "causal"},
                    {"dilation_rate", dilation},
                    {"groups", 1},
                    {"use_bias", true},
                    {"activation", activated ? layer.value("activation") : Json("linear")}});
}

// The stages of one block; `layer` has the settings that TemporalBlock and TCN share, `path` leads to the weights.
// Returns the stage whose input is the output of the convolutions alone.
template <class T>
std::size_t add_block(const Build<T>& build, const std::string& path, Index filters, Index dilation) {
  const Description& layer = build.layer;
  const Index channels = build.flow.features();
  const bool masked = build.flow.masked, gated = layer.flag("use_gate");
  const std::string normalization = layer.has("normalization") ? layer.word("normalization") : "";
  const bool by_weight = normalization == "weight", by_output = normalization == "layer" || normalization == "batch";
  if (!normalization.empty() && !by_weight && !by_output)
    layer.refuse(text("its normalization '", normalization, "' is not known to the engine"));
  const auto hide_padding = [&] {
    if (masked) build.add(std::make_unique<ZeroPadding<T>>(build.flow.size()));
  };
  const auto add = [&](const Json& part) { build_part(build, path, part, build.flow, build.stages); };

  hide_padding();
  const std::size_t first = build.stages.size();
  for (int number = 0; number < 2; ++number) {
    if (number > 0) hide_padding();
    const Json convolve = convolution(layer, text("convolution_", number), gated ? 2 * filters : filters,
                                      layer.integer("kernel_size"), dilation, !gated && !by_output);
    add(by_weight ? described("WeightNormalization", text("normalized_", number), {{"layer", convolve}}) : convolve);
    if (by_output) {
      const Json settings = {{"axis", -1}, {"epsilon", 0.001}, {"center", true}, {"scale", true}};
      const char* kind = normalization == "layer" ? "LayerNormalization" : "BatchNormalization";
      add(described(kind, text("normalization_", number), settings));
      if (!gated) add(described("Activation", "activation", {{"activation", layer.value("activation")}}));
    }
    if (gated) build.add(std::make_unique<Gate<T>>(filters));
    build.flow.shape = {filters};
  }
  std::vector<std::unique_ptr<Stage<T>>> around;
  if (channels != filters) {
    Flow flow = build.flow;
    flow.shape = {channels};
    build_part(build, path, convolution(layer, "residual", filters, 1, 1, false), flow, around);
  }
  const std::size_t end = build.stages.size();
  build.add(std::make_unique<BlockEnd<T>>(around.empty() ? nullptr : std::move(around.front()), first, filters,
                                          Function<T>::named(layer, "activation")));
  build.flow.masked = masked;
  return end;
}

template <class T>
void check_setting(const Build<T>& build) {
  const Description& layer = build.layer;
  if (!build.flow.sequence || build.flow.shape.size() != 1)
    layer.refuse("it needs a sequence of (batch, time, channels)");
  if (layer.word("padding") != "causal" && layer.integer("kernel_size") > 1)
    layer.refuse(text("its padding must be 'causal', got '", layer.word("padding"),
                      "': other outputs need inputs of later steps"));
  layer.know_settings({"name", "trainable", "dtype", "filters", "kernel_size", "dilation_rate", "levels", "dilations",
                       "activation", "normalization", "padding", "use_gate", "use_skip_connections", "return_sequences",
                       // what acts in training only, or says how weights start
                       "dropout", "spatial_dropout", "seed", "kernel_initializer", "bias_initializer",
                       "residual_initializer", "activity_regularizer", "return_state", "batch_input_shape"});
}

template <class T>
void build_network(const Build<T>& build) {
  const Description& layer = build.layer;
  const std::vector<Index> dilations = layer.integers("dilations");
  std::vector<Index> filters = layer.integers("filters");
  if (filters.size() == 1) filters.resize(dilations.size(), filters[0]);
  check(!dilations.empty() && filters.size() == dilations.size(), layer.title(),
        ": filters and dilations must have one number for each level");
  const bool masked = build.flow.masked;
  std::vector<std::size_t> ends;
  for (std::size_t level = 0; level < dilations.size(); ++level)
    ends.push_back(add_block(build, text(layer.path(), "level_", level, "/"), filters[level], dilations[level]));
  if (layer.flag("use_skip_connections")) {
    check(std::ranges::all_of(filters, [&](Index one) { return one == filters[0]; }), layer.title(),
          ": use_skip_connections needs the same number of filters in all levels");
    build.add(std::make_unique<SumOfInputs<T>>(std::move(ends), filters.back()));
  }
  if (layer.flag("return_sequences")) {
    if (masked) build.add(std::make_unique<ZeroPadding<T>>(filters.back()));
    return;
  }
  if (masked) build.add(std::make_unique<LastStep<T>>(filters.back()));
  build.flow.sequence = build.flow.masked = false;
}

}  // namespace

template <class T>
bool build_temporal(const Build<T>& build) {
  const Description& layer = build.layer;
  if (!layer.from("recurra.layers") || (layer.class_name() != "TCN" && layer.class_name() != "TemporalBlock"))
    return false;
  check_setting(build);
  if (layer.class_name() == "TCN") {
    build_network(build);
    return true;
  }
  const bool masked = build.flow.masked;
  add_block(build, layer.path(), layer.integer("filters"), layer.integer("dilation_rate"));
  if (masked) build.add(std::make_unique<ZeroPadding<T>>(build.flow.size()));
  return true;
}

template bool build_temporal(const Build<float>&);
template bool build_temporal(const Build<double>&);

}  // namespace recurra::runtime
