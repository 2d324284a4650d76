// Conv1D, forward and backward, with valid padding and stride 1.
#include "cases.h"
#include "measure.h"
#include "recurra/ops/conv.h"
#include "recurra/tensor/tape.h"

namespace recurra::bench {
namespace {

struct Convolution {
  explicit Convolution(const benchmark::State& state)
      : B(state.range(0)),
        T(state.range(1)),
        F(state.range(2)),
        O(state.range(3)),
        K(state.range(4)),
        x(normal({B, T, F})),
        kernel(normal({K, F, O}, 0.1F)),
        bias(normal({O}, 0.1F)) {
    set_num_threads(static_cast<int>(state.range(5)));
    kernel.require_gradient();
    bias.require_gradient();
  }

  Tensor run() const { return ops::conv1d(x, kernel, bias, 1, 1, 1, ops::Padding::valid); }
  double operations() const { return 2.0 * static_cast<double>(B * (T - K + 1) * K * F * O); }
  double bytes() const { return sizeof(float) * static_cast<double>(x.size() + kernel.size() + B * (T - K + 1) * O); }

  Index B, T, F, O, K;
  Tensor x, kernel, bias;
};

void forward(benchmark::State& state) {
  const Convolution c(state);
  const NoGradient off;
  for (auto _ : state) benchmark::DoNotOptimize(c.run().bytes());
  report(state, c.operations(), c.bytes());
}

// Forward and backward; the gradients of kernel and bias, and with `inner` that of the input too.
void training(benchmark::State& state, bool inner) {
  const Convolution c(state);
  if (inner) c.x.require_gradient();
  const Tensor seed = normal(c.run().shape());
  for (auto _ : state) backward(c.run(), seed);
  const double products = inner ? 3 : 2;
  report(state, products * c.operations(), products * c.bytes());
}

void sizes(benchmark::internal::Benchmark* each) {
  each->ArgNames({"B", "T", "F", "O", "K", "threads"})->UseRealTime()->Unit(benchmark::kMicrosecond);
  for (const auto threads : thread_counts()) {
    each->Args({128, 240, 14, 32, 5, threads});
    each->Args({128, 500, 128, 32, 7, threads});
    each->Args({32, 100, 64, 64, 3, threads});
  }
}

}  // namespace

void add_convolutions() {
  benchmark::RegisterBenchmark("conv1d/forward", forward)->Apply(sizes);
  benchmark::RegisterBenchmark("conv1d/training", training, false)->Apply(sizes);
  benchmark::RegisterBenchmark("conv1d/inner_training", training, true)->Apply(sizes);
}

}  // namespace recurra::bench
