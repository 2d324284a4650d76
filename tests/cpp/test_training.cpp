// Whole training steps on several threads, with batches gathered by the loader's own: the same bits for any number of
// threads, and what a run under ThreadSanitizer looks at.
#include <cstring>
#include <vector>

#include "catch.h"
#include "recurra/base/parallel.h"
#include "recurra/base/random.h"
#include "recurra/data/windows.h"
#include "recurra/ops/conv.h"
#include "recurra/ops/dense.h"
#include "recurra/ops/losses.h"
#include "recurra/ops/reduction.h"
#include "recurra/optim/gradients.h"
#include "recurra/optim/rules.h"
#include "recurra/rnn/recurrent.h"
#include "recurra/tensor/tape.h"

using recurra::DType;
using recurra::Index;
using recurra::Shape;
using recurra::Tensor;

namespace {

constexpr Index features = 7, filters = 9, units = 21, batch = 53, steps = 23;

Tensor random(const Shape& shape, std::uint64_t stream, float scale) {
  const Tensor out(shape, DType::float32);
  const recurra::Philox numbers(1, stream);
  for (Index i = 0; i < out.size(); ++i)
    out.data<float>()[i] = scale * numbers.normal<float>(static_cast<std::uint64_t>(i));
  return out;
}

// Conv1D, a recurrent layer with padding at the end and dropout, and a dense unit, three steps of Adam; returns the
// weights.
std::vector<float> trained(const char* cell, Index gates, Index bias_rows, bool checkpoint) {
  recurra::rnn::RecurrentInputs layer;
  const Tensor filter = random({3, features, filters}, 1, 0.2F);
  layer.kernel = random({filters, gates * units}, 2, 0.3F);
  layer.recurrent_kernel = random({units, gates * units}, 3, 0.2F);
  layer.bias = random({bias_rows, gates * units}, 4, 0.1F);
  const Tensor head = random({units, 1}, 5, 0.2F);
  const recurra::ParameterBlock block({filter, layer.kernel, layer.recurrent_kernel, layer.bias, head});
  const Tensor first = Tensor::zeros_like(block.values()), second = Tensor::zeros_like(block.values());

  layer.mask = Tensor({batch, steps - 2}, DType::boolean);
  for (Index b = 0; b < batch; ++b)
    for (Index t = 0; t < steps - 2; ++t) layer.mask.data<bool>()[b * (steps - 2) + t] = t < 3 + b % (steps - 2);
  layer.input_dropout = random({batch, filters}, 6, 1);
  layer.recurrent_dropout = random({batch, units}, 7, 1);
  recurra::rnn::RecurrentOptions options;
  options.checkpoint = checkpoint;
  const recurra::rnn::RecurrentLayer run(cell, options);

  const Tensor series = random({400, features}, 8, 1), targets = random({400, 1}, 9, 1);
  recurra::WindowPlan plan;
  plan.length = steps;
  recurra::WindowLoader loader(series, targets, plan);
  const auto ask = [&](Index from) {
    std::vector<Index> rows(batch);
    for (Index b = 0; b < batch; ++b) rows[static_cast<std::size_t>(b)] = from + 2 * b;
    loader.request(rows);
  };
  ask(0);
  for (Index step = 1; step <= 3; ++step) {
    ask(step);
    const recurra::WindowBatch data = loader.take();
    layer.x = recurra::ops::conv1d(data.inputs, filter, {}, 1, 1, 1, recurra::ops::Padding::valid);
    const Tensor state = run(layer).output;
    const Tensor output = recurra::ops::dense(state, head, {});
    block.zero_gradients();
    recurra::backward(recurra::ops::mean(recurra::ops::mean_squared_error(data.targets, output)));
    recurra::optim::clip_by_global_norm(block, 1);
    recurra::optim::adam(block, first, second, {}, 1e-2, 0.9, 0.999, 1e-7, step);
  }
  const auto weights = block.values().span<float>();
  return {weights.begin(), weights.end()};
}

}  // namespace

TEST_CASE("Training gives the same bits on any number of threads", "[training]") {
  const int before = recurra::num_threads();
  const struct {
    const char* name;
    Index gates, bias_rows;
  } cells[] = {{"simple_rnn", 1, 1}, {"lstm", 4, 1}, {"gru", 3, 2}, {"gru_reset_before", 3, 1}};
  for (const auto& cell : cells)
    for (const bool checkpoint : {false, true}) {
      INFO(cell.name << ", checkpoint " << checkpoint);
      recurra::set_num_threads(1);
      const std::vector<float> alone = trained(cell.name, cell.gates, cell.bias_rows, checkpoint);
      for (const int threads : {2, 5}) {
        recurra::set_num_threads(threads);
        const std::vector<float> together = trained(cell.name, cell.gates, cell.bias_rows, checkpoint);
        CHECK(std::memcmp(alone.data(), together.data(), alone.size() * sizeof(float)) == 0);
      }
    }
  recurra::set_num_threads(before);
}
