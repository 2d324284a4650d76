// The packed matrix products, on one thread: packing, C = A B, and the gradient of B.
#include "cases.h"
#include "measure.h"
#include "recurra/base/buffer.h"
#include "recurra/kernels/gemm.h"

namespace recurra::bench {
namespace {

// M rows of A; A has K columns, B has N.
struct Product {
  explicit Product(const benchmark::State& state) : M(state.range(0)), K(state.range(1)), N(state.range(2)) {}

  double operations() const { return 2.0 * static_cast<double>(M * K * N); }
  double bytes() const { return sizeof(float) * static_cast<double>(M * K + K * N + M * N); }

  Index M, K, N;
};

void pack(benchmark::State& state) {
  const Product p(state);
  const Tensor b = normal({p.K, p.N});
  const Buffer<float> packed(gemm::packed_size<float>(p.K, p.N));
  for (auto _ : state) {
    gemm::pack(b.data<float>(), p.N, Index{1}, p.K, p.N, packed.data());
    benchmark::ClobberMemory();
  }
  report(state, 0, 2.0 * sizeof(float) * static_cast<double>(p.K * p.N));
}

void multiply(benchmark::State& state) {
  const Product p(state);
  const Tensor a = normal({p.M, p.K}), b = normal({p.K, p.N});
  const Tensor c({p.M, p.N}, DType::float32);
  const Buffer<float> packed(gemm::packed_size<float>(p.K, p.N));
  gemm::pack(b.data<float>(), p.N, Index{1}, p.K, p.N, packed.data());
  for (auto _ : state) {
    gemm::multiply(a.data<float>(), p.K, p.M, p.K, packed.data(), p.N, c.data<float>(), p.N, gemm::Start::zero);
    benchmark::ClobberMemory();
  }
  report(state, p.operations(), p.bytes());
}

void multiply_transposed(benchmark::State& state) {
  const Product p(state);
  const Tensor a = normal({p.M, p.K}), g = normal({p.M, p.N});
  const Tensor c = Tensor::zeros({p.K, p.N}, DType::float32);
  for (auto _ : state) {
    gemm::multiply_transposed(a.data<float>(), p.K, g.data<float>(), p.N, p.M, p.K, p.N, c.data<float>(), p.N);
    benchmark::ClobberMemory();
  }
  report(state, p.operations(), p.bytes());
}

void sizes(benchmark::internal::Benchmark* each) {
  each->ArgNames({"M", "K", "N"});
  for (const Index rows : {1, 6, 32, 128})
    for (const Index size : {32, 128, 512}) each->Args({rows, size, size});
  each->Args({30, 47, 77});
}

}  // namespace

void add_products() {
  benchmark::RegisterBenchmark("pack", pack)->ArgNames({"M", "K", "N"})->Args({0, 32, 128})->Args({0, 512, 2048});
  benchmark::RegisterBenchmark("multiply", multiply)->Apply(sizes);
  benchmark::RegisterBenchmark("multiply_transposed", multiply_transposed)->Apply(sizes);
}

}  // namespace recurra::bench
