// Recurrent layers as objects: shared by threads, with weights that they keep, and run side by side.
#include <cstring>
#include <thread>
#include <vector>

#include "catch.h"
#include "recurra/base/parallel.h"
#include "recurra/base/random.h"
#include "recurra/ops/arithmetic.h"
#include "recurra/ops/reduction.h"
#include "recurra/rnn/recurrent.h"
#include "recurra/tensor/tape.h"

using recurra::DType;
using recurra::Index;
using recurra::Shape;
using recurra::Tensor;
using recurra::rnn::RecurrentInputs;
using recurra::rnn::RecurrentLayer;

namespace {

constexpr Index features = 9, units = 40;

Tensor random(const Shape& shape, std::uint64_t stream) {
  const Tensor out(shape, DType::float32);
  const recurra::Philox numbers(2, stream);
  for (Index i = 0; i < out.size(); ++i)
    out.data<float>()[i] = 0.3F * numbers.normal<float>(static_cast<std::uint64_t>(i));
  return out;
}

RecurrentInputs gru_inputs(Index batch, Index steps, std::uint64_t stream) {
  RecurrentInputs in;
  in.x = random({batch, steps, features}, 10);
  in.kernel = random({features, 3 * units}, stream);
  in.recurrent_kernel = random({units, 3 * units}, stream + 1);
  in.bias = random({2, 3 * units}, stream + 2);
  return in;
}

std::vector<float> numbers_of(const Tensor& tensor) {
  const auto all = tensor.span<float>();
  return {all.begin(), all.end()};
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

struct Threads {
  explicit Threads(int count) : before(recurra::num_threads()) { recurra::set_num_threads(count); }
  ~Threads() { recurra::set_num_threads(before); }
  int before;
};

}  // namespace

TEST_CASE("Threads share a layer and the weights that it keeps", "[rnn]") {
  const RecurrentLayer layer("gru", {});
  RecurrentInputs in = gru_inputs(3, 5, 1);
  for (int change = 0; change < 3; ++change) {
    in.recurrent_kernel.assign(random(in.recurrent_kernel.shape(), 20 + static_cast<std::uint64_t>(change)));
    const std::vector<float> expected = numbers_of(RecurrentLayer("gru", {})(in).output);
    std::vector<int> wrong(4, 0);
    std::vector<std::thread> threads;
    for (int& count : wrong)
      threads.emplace_back([&] {
        for (int call = 0; call < 10; ++call)
          if (!same_bits(numbers_of(layer(in).output), expected)) ++count;
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == std::vector<int>(4, 0));
  }
}

TEST_CASE("Layers side by side give what each gives alone, on any number of threads", "[rnn]") {
  recurra::rnn::RecurrentOptions backwards;
  backwards.go_backwards = true;
  const RecurrentLayer first("gru", {}), second("gru", backwards);
  const Index batch = GENERATE(Index{3}, Index{50});

  const bool both = GENERATE(true, false);  // whether both outputs are used

  const auto everything = [&](int threads, bool side_by_side) {
    const Threads chosen(threads);
    RecurrentInputs one = gru_inputs(batch, 30, 1), other = gru_inputs(batch, 30, 5);
    other.x = one.x;
    std::vector<Tensor> leaves{one.x, one.kernel, one.recurrent_kernel, one.bias};
    if (both) leaves.insert(leaves.end(), {other.kernel, other.recurrent_kernel, other.bias});
    for (const Tensor& leaf : leaves) leaf.require_gradient();
    recurra::rnn::SideBySide together;
    if (side_by_side) together.begin();
    const Tensor a = first(one).output, b = second(other).output;
    if (side_by_side) together.end();
    const Tensor total = recurra::ops::sum(a);
    recurra::backward(both ? recurra::ops::add(total, recurra::ops::sum(b)) : total);
    std::vector<Tensor> found{a, b};
    for (const Tensor& leaf : leaves) found.push_back(leaf.gradient());
    std::vector<float> numbers;
    for (const Tensor& part : found) {
      const auto all = part.span<float>();
      numbers.insert(numbers.end(), all.begin(), all.end());
    }
    return numbers;
  };
  const std::vector<float> alone = everything(1, false);
  for (int threads : {1, 2, 3, 4}) CHECK(same_bits(everything(threads, true), alone));
}
