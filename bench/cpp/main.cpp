// Benchmarks of the engine without Python. The SIMD level is the one this program was compiled for; the options are
// google-benchmark's, for example --benchmark_filter=gru.*H:32.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>

#include "cases.h"
#include "recurra/base/parallel.h"
#include "recurra/kernels/peak.h"

namespace {

std::string giga(double rate) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GFLOP/s", rate / 1e9);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::AddCustomContext("SIMD level", RECURRA_SIMD_LEVEL);
  benchmark::AddCustomContext("threads", std::to_string(recurra::num_threads()));
  benchmark::AddCustomContext("multiply-add peak of one thread", giga(recurra::fma_rate<float>(0.2)));
  recurra::bench::add_functions();
  recurra::bench::add_products();
  recurra::bench::add_convolutions();
  recurra::bench::add_cells();
  recurra::bench::add_streaming();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
