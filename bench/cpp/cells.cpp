// Recurrent layers over whole sequences: inference, the forward pass of training, and backpropagation through time. The
// input needs no gradient, as that of a first layer.
#include <chrono>
#include <string>

#include "cases.h"
#include "measure.h"
#include "recurra/rnn/recurrent.h"
#include "recurra/tensor/tape.h"

namespace recurra::bench {
namespace {

struct Cell {
  const char* name;
  Index gates;
  Index bias_rows;
};

constexpr Cell cells[] = {{"simple_rnn", 1, 1}, {"lstm", 4, 1}, {"gru", 3, 2}};

struct Layer {
  Layer(const Cell& c, const benchmark::State& state)
      : cell(c), layer(c.name, {}), B(state.range(0)), T(state.range(1)), F(state.range(2)), H(state.range(3)) {
    set_num_threads(static_cast<int>(state.range(4)));
    const Index columns = cell.gates * H;
    const float scale = 1 / std::sqrt(static_cast<float>(H));
    in.x = normal({B, T, F});
    in.kernel = normal({F, columns}, 1 / std::sqrt(static_cast<float>(F)));
    in.recurrent_kernel = normal({H, columns}, scale);
    in.bias = normal({cell.bias_rows, columns}, scale);
    for (const Tensor& weight : {in.kernel, in.recurrent_kernel, in.bias}) weight.require_gradient();
  }

  Tensor run() const { return layer(in).output; }
  /// Of the forward products; of the backward ones with the input's gradient left out.
  double forward_operations() const { return 2.0 * static_cast<double>(B * T * (F + H) * H * cell.gates); }
  double backward_operations() const { return 2.0 * static_cast<double>(B * T * (F + 2 * H) * H * cell.gates); }
  /// Input, weights and output.
  double bytes() const { return sizeof(float) * static_cast<double>(in.x.size() + (F + H) * H * cell.gates + B * H); }

  Cell cell;
  rnn::RecurrentLayer layer;
  Index B, T, F, H;
  rnn::RecurrentInputs in;
};

void inference(benchmark::State& state, const Cell& cell) {
  const Layer layer(cell, state);
  const NoGradient off;
  for (auto _ : state) benchmark::DoNotOptimize(layer.run().bytes());
  report(state, layer.forward_operations(), layer.bytes());
}

// Times `timed` alone; what it gets is made anew for every iteration by `prepare`.
template <class Prepare, class Timed>
void each_time(benchmark::State& state, const Prepare& prepare, const Timed& timed) {
  using Clock = std::chrono::steady_clock;
  for (auto _ : state) {
    auto argument = prepare();
    const auto start = Clock::now();
    timed(argument);
    state.SetIterationTime(std::chrono::duration<double>(Clock::now() - start).count());
  }
}

void forward(benchmark::State& state, const Cell& cell) {
  const Layer layer(cell, state);
  each_time(state, [] { return Tensor(); }, [&](Tensor& output) { output = layer.run(); });
  report(state, layer.forward_operations(), layer.bytes());
}

void backward(benchmark::State& state, const Cell& cell) {
  const Layer layer(cell, state);
  const Tensor seed = normal({layer.B, layer.H});
  each_time(state, [&] { return layer.run(); }, [&](const Tensor& output) { recurra::backward(output, seed); });
  report(state, layer.backward_operations(), 2 * layer.bytes());
}

void sizes(benchmark::internal::Benchmark* each) {
  each->ArgNames({"B", "T", "F", "H", "threads"})->Unit(benchmark::kMicrosecond);
  for (const auto threads : thread_counts()) {
    for (const Index H : {8, 32, 128, 512})
      for (const Index B : {1, 32, 128}) each->Args({B, 100, 32, H, threads});
    for (const Index T : {10, 1000}) each->Args({32, T, 32, 32, threads});
    each->Args({128, 120, 14, 32, threads});
  }
}

}  // namespace

void add_cells() {
  for (const Cell& cell : cells) {
    const std::string name = cell.name;
    benchmark::RegisterBenchmark((name + "/inference").c_str(), inference, cell)->Apply(sizes)->UseRealTime();
    benchmark::RegisterBenchmark((name + "/forward").c_str(), forward, cell)->Apply(sizes)->UseManualTime();
    benchmark::RegisterBenchmark((name + "/backward").c_str(), backward, cell)->Apply(sizes)->UseManualTime();
  }
}

}  // namespace recurra::bench
