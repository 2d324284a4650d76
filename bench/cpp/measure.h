// What the benchmarks share: numbers to work on, and the counters they report.
#pragma once

#include <benchmark/benchmark.h>

#include <vector>

#include "recurra/base/parallel.h"
#include "recurra/base/random.h"
#include "recurra/tensor/tensor.h"

namespace recurra::bench {

/// A tensor of standard normal numbers times `scale`.
inline Tensor normal(const Shape& shape, float scale = 1) {
  const Tensor out(shape, DType::float32);
  const Philox numbers(0, 0);
  for (Index i = 0; i < out.size(); ++i)
    out.data<float>()[i] = scale * numbers.normal<float>(static_cast<std::uint64_t>(i));
  return out;
}

/// Reports the rates of iterations that each do `operations` floating-point operations and touch `bytes` of arguments
/// and results.
inline void report(benchmark::State& state, double operations, double bytes) {
  using benchmark::Counter;
  if (operations > 0) state.counters["FLOP/s"] = Counter(operations, Counter::kIsIterationInvariantRate);
  state.counters["bytes/s"] = Counter(bytes, Counter::kIsIterationInvariantRate, Counter::kIs1024);
}

/// One thread, and all of them.
inline std::vector<std::int64_t> thread_counts() {
  const int all = num_threads();
  return all > 1 ? std::vector<std::int64_t>{1, all} : std::vector<std::int64_t>{1};
}

}  // namespace recurra::bench
