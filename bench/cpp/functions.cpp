// exp, tanh and the logistic function: results a second, and the largest error over all 2^32 float32 arguments.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "cases.h"
#include "measure.h"
#include "recurra/kernels/accuracy.h"
#include "recurra/kernels/math.h"

namespace recurra::bench {
namespace {

template <class F>
void speed(benchmark::State& state, F f) {
  constexpr Index count = 4096;
  constexpr Index step = lanes<float>;
  const Tensor x = normal({count}, 2);
  const Tensor y = Tensor::empty_like(x);
  for (auto _ : state) {
    const float* const in = x.data<float>();
    float* const out = y.data<float>();
    for (Index i = 0; i < count; i += step) store(out + i, f(load(in + i)));
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * count);
  state.SetBytesProcessed(state.iterations() * count * 2 * static_cast<std::int64_t>(sizeof(float)));
}

template <class F, class Exact>
void error(benchmark::State& state, F f, Exact exact) {
  constexpr Index blocks = 1 << 10;
  constexpr std::uint64_t patterns = float_patterns / blocks;
  std::vector<double> largest(blocks);
  for (auto _ : state)
    parallel_for(blocks, 1e12, [&](Index block) {
      const std::uint64_t begin = static_cast<std::uint64_t>(block) * patterns;
      largest[static_cast<std::size_t>(block)] = largest_error(begin, begin + patterns, 1, f, exact);
    });
  state.counters["largest error in ulp"] = *std::max_element(largest.begin(), largest.end());
}

template <class F, class Exact>
void add(const std::string& name, F f, Exact exact) {
  benchmark::RegisterBenchmark((name + "/speed").c_str(), [=](benchmark::State& state) { speed(state, f); });
  benchmark::RegisterBenchmark((name + "/error").c_str(), [=](benchmark::State& state) { error(state, f, exact); })
      ->Iterations(1)
      ->UseRealTime()
      ->Unit(benchmark::kSecond);
}

}  // namespace

void add_functions() {
  add("exp", [](Vec<float> x) { return math::exp<float>(x); }, [](double x) { return std::exp(x); });
  add("tanh", [](Vec<float> x) { return math::tanh<float>(x); }, [](double x) { return std::tanh(x); });
  add("sigmoid", [](Vec<float> x) { return math::sigmoid<float>(x); }, [](double x) { return 1 / (1 + std::exp(-x)); });
}

}  // namespace recurra::bench
