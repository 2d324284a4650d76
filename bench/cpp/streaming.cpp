// Steps of a stream of one sequence: the mean time, and the median and 99th percentile of steps timed one by one, from
// which the clock's own time is taken off.
#include <algorithm>
#include <chrono>
#include <deque>
#include <string>
#include <vector>

#include "cases.h"
#include "measure.h"
#include "recurra/runtime/described.h"

namespace recurra::bench {
namespace {

std::string described(const std::string& module, const std::string& kind, const std::string& config) {
  return R"({"module": ")" + module + R"(", "class_name": ")" + kind + R"(", "config": {)" + config + "}}";
}

// The words of a model file, and its weights.
class Streamed {
 public:
  Streamed(std::string name, Index features) : name_(std::move(name)), features_(features), width_(features) {
    add_layer("InputLayer", "input", text(R"("batch_shape": [null, null, )", features, "]"));
  }

  Streamed recurrent(const std::string& kind, Index units, Index gates, Shape bias) && {
    const std::string name = next(), path = name + (kind == "LSTM" ? "/lstm_cell/" : "/gru_cell/");
    add_layer(
        kind, name,
        text(R"("activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": true, "reset_after": true, )",
             R"("return_sequences": true, "units": )", units));
    add_weight(path + "kernel", {width_, gates * units});
    add_weight(path + "recurrent_kernel", {units, gates * units});
    add_weight(path + "bias", bias);
    width_ = units;
    return std::move(*this);
  }
  Streamed lstm(Index units) && { return std::move(*this).recurrent("LSTM", units, 4, {4 * units}); }
  Streamed gru(Index units) && { return std::move(*this).recurrent("GRU", units, 3, {2, 3 * units}); }

  Streamed convolution(Index filters, Index taps, Index dilation) && {
    const std::string name = next();
    add_layer("Conv1D", name,
              text(R"("padding": "causal", "strides": 1, "groups": 1, "activation": "relu", "use_bias": true, )",
                   R"("filters": )", filters, R"(, "kernel_size": )", taps, R"(, "dilation_rate": )", dilation));
    add_weight(name + "/kernel", {taps, width_, filters});
    add_weight(name + "/bias", {filters});
    width_ = filters;
    return std::move(*this);
  }

  Streamed dense(Index units) && {
    const std::string name = next();
    add_layer("Dense", name, text(R"("activation": "linear", "use_bias": true, "units": )", units));
    add_weight(name + "/kernel", {width_, units});
    add_weight(name + "/bias", {units});
    width_ = units;
    return std::move(*this);
  }

  const std::string& name() const { return name_; }
  Index features() const { return features_; }
  Model<float> model() const {
    runtime::Arrays arrays;
    for (const auto& [path, values] : weights_)
      arrays.emplace(path, runtime::Array{DType::float32, values.shape(), values.bytes()});
    return runtime::model_of<float>(
        described("recurra.models", "Sequential", R"("name": "model", "layers": [)" + layers_ + "]"), arrays, name_);
  }

 private:
  std::string next() { return text("layer", ++count_); }
  void add_layer(const std::string& kind, const std::string& name, const std::string& config) {
    if (!layers_.empty()) layers_ += ", ";
    layers_ += described("recurra.layers", kind, R"("name": ")" + name + R"(", "dtype": "float32", )" + config);
  }
  void add_weight(const std::string& path, const Shape& shape) {
    const Index fan_in = shape.rank() > 1 ? shape.size() / shape.back() : 100;
    weights_.emplace_back(path, normal(shape, 1 / std::sqrt(static_cast<float>(fan_in))));
  }

  std::string name_, layers_;
  Index features_, width_;
  int count_ = 0;
  std::vector<std::pair<std::string, Tensor>> weights_;
};

// Nanoseconds from one call of the clock to the next, sorted; `between` is done in between.
template <class Between>
std::vector<double> intervals(std::size_t count, const Between& between) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> out(count);
  auto before = Clock::now();
  for (double& nanoseconds : out) {
    between();
    const auto now = Clock::now();
    nanoseconds = std::chrono::duration<double, std::nano>(now - before).count();
    before = now;
  }
  std::ranges::sort(out);
  return out;
}

void step(benchmark::State& state, const Streamed& streamed) {
  const Model<float> model = streamed.model();
  auto stream = model.stream();
  constexpr Index rows = 64;  // different inputs, over and over
  const Tensor x = normal({rows, streamed.features()});
  std::vector<float> y(static_cast<std::size_t>(model.output_size()));
  Index row = 0;
  const auto one = [&] {
    stream.step(x.data<float>() + row * streamed.features(), y.data());
    row = (row + 1) % rows;
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  };
  for (auto _ : state) one();
  constexpr std::size_t count = 100'000;
  const double clock = intervals(count, [] {})[count / 2];
  const std::vector<double> steps = intervals(count, one);
  state.counters["p50 ns"] = steps[count / 2] - clock;
  state.counters["p99 ns"] = steps[count * 99 / 100] - clock;
  state.counters["FLOP/s"] = benchmark::Counter(model.operations(), benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace

void add_streaming() {
  static const std::deque<Streamed> models = {
      Streamed("lstm32", 8).lstm(32),
      Streamed("lstm32+dense", 8).lstm(32).dense(1),
      Streamed("gru64", 8).gru(64),
      Streamed("2xgru128", 8).gru(128).gru(128),
      Streamed("4 causal convolutions of 32", 8)
          .convolution(32, 3, 1)
          .convolution(32, 3, 2)
          .convolution(32, 3, 4)
          .convolution(32, 3, 8),
  };
  for (const Streamed& model : models) benchmark::RegisterBenchmark(("stream/" + model.name()).c_str(), step, model);
}

}  // namespace recurra::bench
