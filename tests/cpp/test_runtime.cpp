// Models run step by step: no allocation in a step, weights shared by threads, errors that name the layer, damaged
// files. That the numbers are those of the layers is tested from Python, which has the layers.
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "recurra/base/memory.h"
#include "recurra/runtime/described.h"

namespace {

std::atomic<long> allocations{0};

}  // namespace

#ifndef RECURRA_THREAD_SANITIZER  // whose runtime brings operators of its own
namespace {

void* counted(std::size_t size, std::size_t alignment) {
  ++allocations;
  void* data = alignment > alignof(std::max_align_t)
                   ? std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment)
                   : std::malloc(std::max<std::size_t>(size, 1));
  if (!data) throw std::bad_alloc();
  return data;
}

}  // namespace

void* operator new(std::size_t size) { return counted(size, 0); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return counted(size, static_cast<std::size_t>(alignment));
}
// Catch2 registers tests by this one.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(std::max<std::size_t>(size, 1));
}
void operator delete(void* data) noexcept { std::free(data); }
void operator delete(void* data, std::size_t) noexcept { std::free(data); }
void operator delete(void* data, std::align_val_t) noexcept { std::free(data); }
void operator delete(void* data, std::size_t, std::align_val_t) noexcept { std::free(data); }
#endif

namespace {

using recurra::DType;
using recurra::Index;
using recurra::Shape;
using recurra::runtime::Array;
using recurra::runtime::Arrays;

std::string described(const std::string& module, const std::string& name, const std::string& config) {
  return R"({"module": ")" + module + R"(", "class_name": ")" + name + R"(", "config": {)" + config + "}}";
}

std::string layer(const std::string& kind, const std::string& name, const std::string& config) {
  return described("recurra.layers", kind, R"("name": ")" + name + R"(", "dtype": "float32", )" + config);
}

std::string sequential(const std::vector<std::string>& layers, const std::string& shape = "[null, null, 5]") {
  std::string list = described("recurra.layers", "InputLayer", R"("name": "input", "batch_shape": )" + shape);
  for (const std::string& each : layers) list += ", " + each;
  return described("recurra.models", "Sequential", R"("name": "model", "layers": [)" + list + "]");
}

// A model with every kind of stage, and its weights.
struct Everything {
  std::string words = sequential({
      layer("Masking", "masking", R"("mask_value": -1.0)"),
      layer("LSTM", "lstm",
            R"("units": 19, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": true,
               "return_sequences": true)"),
      layer("RNN", "rnn",
            R"("return_sequences": true, "cell": )" +
                layer("StackedRNNCells", "stack",
                      R"("cells": [)" + layer("GRUCell", "one", R"("units": 7, "activation": "tanh", "use_bias": true,
                                          "recurrent_activation": "sigmoid", "reset_after": true)") +
                          ", " + layer("GRUCell", "two", R"("units": 9, "activation": "relu", "use_bias": false,
                                          "recurrent_activation": "hard_sigmoid", "reset_after": false)") +
                          "]")),
      layer("Jordan", "jordan",
            R"("units": 8, "output_units": 9, "activation": "tanh", "output_activation": "linear", "use_bias": true,
               "skip": {"tuple": [2, 4]}, "return_sequences": true)"),
      layer("LSTM", "projected",
            R"("units": 11, "projection": 9, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": true,
               "zoneout": 0.1, "weight_normalization": true, "return_sequences": true)"),
      layer("GRU", "normal",
            R"("units": 9, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": true,
               "reset_after": true, "normalization": "layer", "return_sequences": true)"),
      layer("Highway", "highway",
            R"("layer": )" + layer("MinGRU", "min_gru", R"("units": 9, "activation": "tanh", "use_bias": true,
                                   "recurrent_activation": "sigmoid", "return_sequences": true)")),
      layer("Stack", "floors",
            R"("depth": 2, "connection": "residual", "layer": )" +
                layer("LinearRNN", "linear_rnn", R"("units": 9, "use_bias": true, "return_sequences": true)")),
      layer("TCN", "tcn",
            R"("filters": [7, 9], "dilations": [1, 3], "kernel_size": 2, "padding": "causal", "activation": "relu",
               "normalization": "weight", "use_gate": true, "return_sequences": true)"),
      layer("Conv1D", "conv",
            R"("filters": 6, "kernel_size": {"tuple": [3]}, "strides": {"tuple": [1]}, "dilation_rate": {"tuple": [2]},
               "padding": "causal", "data_format": "channels_last", "groups": 1, "activation": "relu",
               "use_bias": true)"),
      layer("BatchNormalization", "norm", R"("axis": -1, "epsilon": 0.001, "center": true, "scale": true)"),
      layer("LayerNormalization", "own",
            R"("axis": -1, "epsilon": 0.001, "center": true, "scale": true, "rms_scaling": false)"),
      layer("SimpleRNN", "last", R"("units": 4, "activation": "tanh", "use_bias": true, "return_sequences": false)"),
      layer("Dropout", "dropout", R"("rate": 0.5)"),
      layer("WeightNormalization", "normalised",
            R"("layer": )" + layer("Dense", "inner", R"("units": 4, "activation": "tanh", "use_bias": true)")),
      layer("Dense", "dense", R"("units": 3, "activation": "softmax", "use_bias": true)"),
  });
  std::vector<std::vector<float>> values;
  Arrays arrays;

  Everything() {
    add("lstm/lstm_cell/kernel", {5, 76});
    add("lstm/lstm_cell/recurrent_kernel", {19, 76});
    add("lstm/lstm_cell/bias", {76});
    add("rnn/stack/one/kernel", {19, 21});
    add("rnn/stack/one/recurrent_kernel", {7, 21});
    add("rnn/stack/one/bias", {2, 21});
    add("rnn/stack/two/kernel", {7, 27});
    add("rnn/stack/two/recurrent_kernel", {9, 27});
    add("jordan/jordan_cell/kernel", {9, 8});
    add("jordan/jordan_cell/recurrent_kernel", {27, 8});
    add("jordan/jordan_cell/bias", {8});
    add("jordan/jordan_cell/output_kernel", {8, 9});
    add("jordan/jordan_cell/output_bias", {9});
    add("projected/lstm_cell/kernel", {9, 44});
    add("projected/lstm_cell/recurrent_kernel", {9, 44});
    add("projected/lstm_cell/recurrent_scale", {44});
    add("projected/lstm_cell/bias", {44});
    add("projected/lstm_cell/projection_kernel", {11, 9});
    add("normal/gru_cell/kernel", {9, 27});
    add("normal/gru_cell/recurrent_kernel", {9, 27});
    add("normal/gru_cell/bias", {2, 27});
    for (const char* name : {"input_gain", "recurrent_gain"}) add(std::string("normal/gru_cell/") + name, {27});
    add("highway/min_gru/min_gru_cell/kernel", {9, 18});
    add("highway/min_gru/min_gru_cell/bias", {18});
    add("highway/gate_kernel", {9, 9});
    add("highway/gate_bias", {9});
    for (const std::string floor : {"floors/residual/", "floors/residual_1/"}) {
      add(floor + "linear_rnn/linear_rnn_cell/kernel", {9, 9});
      add(floor + "linear_rnn/linear_rnn_cell/recurrent_kernel", {9});
      add(floor + "linear_rnn/linear_rnn_cell/bias", {9});
    }
    for (const Index level : {0, 1}) {
      const std::string path = "tcn/level_" + std::to_string(level) + "/";
      const Index channels = level == 0 ? 9 : 7, filters = level == 0 ? 7 : 9;
      for (const Index number : {0, 1}) {
        const std::string part = std::to_string(number);
        const Index width = number == 0 ? channels : filters;
        add(path + "normalized_" + part + "/kernel_scale", {2 * filters});
        add(path + "normalized_" + part + "/convolution_" + part + "/kernel", {2, width, 2 * filters});
        add(path + "normalized_" + part + "/convolution_" + part + "/bias", {2 * filters});
      }
      add(path + "residual/kernel", {1, channels, filters});
      add(path + "residual/bias", {filters});
    }
    add("conv/kernel", {3, 9, 6});
    add("conv/bias", {6});
    for (const char* name : {"gamma", "beta", "moving_mean", "moving_variance"}) add(std::string("norm/") + name, {6});
    add("own/gamma", {6});
    add("own/beta", {6});
    add("last/simple_rnn_cell/kernel", {6, 4});
    add("last/simple_rnn_cell/recurrent_kernel", {4, 4});
    add("last/simple_rnn_cell/bias", {4});
    add("normalised/kernel_scale", {4});
    add("normalised/inner/kernel", {4, 4});
    add("normalised/inner/bias", {4});
    add("dense/kernel", {4, 3});
    add("dense/bias", {3});
  }

  recurra::Model<float> model() const { return recurra::runtime::model_of<float>(words, arrays, "test"); }

 private:
  void add(const std::string& name, const Shape& shape) {
    std::mt19937 random(static_cast<unsigned>(values.size() + 1));
    std::uniform_real_distribution<float> uniform(0.1F, 0.5F);
    std::vector<float>& made = values.emplace_back();
    for (Index i = 0; i < shape.size(); ++i) made.push_back(i % 2 ? uniform(random) : -uniform(random));
    if (name.ends_with("variance"))
      for (float& number : made) number = std::abs(number);
    arrays.emplace(name, Array{DType::float32, shape, reinterpret_cast<const std::byte*>(made.data())});
  }
};

std::vector<float> numbers(std::size_t count) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::vector<float> out(count);
  for (float& number : out) number = normal(random);
  return out;
}

std::string error_of(const std::string& words, const Arrays& arrays) {
  try {
    recurra::runtime::model_of<float>(words, arrays, "test");
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "";
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a step allocates nothing and throws nothing", "[runtime]") {
  const Everything everything;
  const auto model = everything.model();
  constexpr std::size_t batch = 3, steps = 20;
  auto stream = model.stream(batch);
  const std::vector<float> x = numbers(batch * steps * 5);
  std::vector<float> y(batch * steps * 3);
  STATIC_REQUIRE(noexcept(stream.step(x.data(), y.data())));
  STATIC_REQUIRE(noexcept(stream.run(x.data(), 1, y.data())));
  STATIC_REQUIRE(noexcept(stream.reset()));
  const long before = allocations.load();
  const std::size_t pool = recurra::memory::statistics().peak, in_use = recurra::memory::statistics().in_use;
  for (std::size_t step = 0; step < steps; ++step) stream.step(x.data() + step * batch * 5, y.data());
  stream.run(x.data(), steps, y.data());
  stream.reset(1);
  stream.reset();
  stream.run(x.data(), steps, y.data());
  CHECK(allocations.load() == before);
  CHECK(recurra::memory::statistics().peak == pool);
  CHECK(recurra::memory::statistics().in_use == in_use);
}

#ifndef RECURRA_THREAD_SANITIZER
TEST_CASE("the counter of allocations counts", "[runtime]") {
  const long before = allocations.load();
  const Everything everything;
  const auto stream = everything.model().stream();
  CHECK(allocations.load() > before + 20);
}
#endif

TEST_CASE("steps, blocks and copies of a stream give the same bits", "[runtime]") {
  const Everything everything;
  const auto model = everything.model();
  CHECK(model.input_size() == 5);
  CHECK(model.output_size() == 3);
  CHECK(model.vocabulary() == 0);
  constexpr std::size_t steps = 17;
  const std::vector<float> x = numbers(steps * 5);
  std::vector<float> whole(steps * 3), single(steps * 3), rest(steps * 3);
  model.stream().run(x.data(), steps, whole.data());
  auto stream = model.stream();
  for (std::size_t step = 0; step < 6; ++step) stream.step(x.data() + step * 5, single.data() + step * 3);
  auto copy = stream;
  for (std::size_t step = 6; step < steps; ++step) stream.step(x.data() + step * 5, single.data() + step * 3);
  CHECK(std::memcmp(whole.data(), single.data(), whole.size() * sizeof(float)) == 0);
  copy.run(x.data() + 6 * 5, steps - 6, rest.data());
  CHECK(std::memcmp(whole.data() + 6 * 3, rest.data(), (steps - 6) * 3 * sizeof(float)) == 0);
  // State arrays, carried to another stream.
  auto other = model.stream();
  other.run(x.data(), 3, rest.data());
  copy = model.stream();
  copy.run(x.data(), 6, rest.data());
  const auto arrays = copy.state_arrays();
  // lstm h, c, begun; two floors of h, begun; jordan y, earlier, begun; projected h, c, begun; normal h, begun; highway
  // h, begun; two floors of h, begun; tcn two inputs of each of two levels; conv; last
  REQUIRE(arrays.size() == 27);
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    Index size = 1;
    for (const Index extent : arrays[i].shape) size *= extent;
    std::vector<float> values(static_cast<std::size_t>(size));
    copy.read_state(i, values.data());
    other.write_state(i, values.data());
  }
  other.run(x.data() + 6 * 5, steps - 6, rest.data());
  CHECK(std::memcmp(whole.data() + 6 * 3, rest.data(), (steps - 6) * 3 * sizeof(float)) == 0);
}

TEST_CASE("threads share a model, each with a stream of its own", "[runtime]") {
  const Everything everything;
  const auto model = everything.model();
  constexpr std::size_t steps = 50;
  const std::vector<float> x = numbers(steps * 5);
  std::vector<float> expected(steps * 3);
  model.stream().run(x.data(), steps, expected.data());
  std::vector<std::vector<float>> results(4, std::vector<float>(steps * 3));
  std::vector<std::thread> threads;
  for (auto& result : results)
    threads.emplace_back([&model, &x, &result] {
      auto stream = model.stream();
      for (std::size_t step = 0; step < steps; ++step) stream.step(x.data() + step * 5, result.data() + step * 3);
    });
  for (std::thread& thread : threads) thread.join();
  for (const auto& result : results) CHECK(result == expected);
}

TEST_CASE("a vocabulary is checked without an exception", "[runtime]") {
  const std::vector<float> table{1, 2, 3, 4, 5, 6};
  const Arrays arrays{{"words/embeddings", {DType::float32, {3, 2}, reinterpret_cast<const std::byte*>(table.data())}}};
  const auto model = recurra::runtime::model_of<float>(
      sequential({layer("Embedding", "words", R"("input_dim": 3, "output_dim": 2, "mask_zero": false)")},
                 "[null, null]"),
      arrays, "test");
  CHECK(model.vocabulary() == 3);
  auto stream = model.stream(2);
  float y[4];
  const std::int32_t known[] = {2, 0};
  stream.step(known, y);
  CHECK(std::vector<float>(y, y + 4) == std::vector<float>{5, 6, 1, 2});
  const std::int32_t unknown[] = {3, 1};
  stream.step(unknown, y);
  CHECK(std::isnan(y[0]));
  CHECK(y[2] == 3);
  const float numbers_of[] = {std::nanf(""), 2};
  stream.step(numbers_of, y);
  CHECK(std::isnan(y[1]));
  CHECK(y[3] == 6);
}

TEST_CASE("what a file lacks or cannot have is named", "[runtime]") {
  Everything everything;
  CHECK(error_of(everything.words, everything.arrays).empty());
  Arrays without = everything.arrays;
  without.erase("conv/bias");
  CHECK(mentions(error_of(everything.words, without), "layer 'conv' (Conv1D): there is no weight 'conv/bias'"));
  Arrays wrong = everything.arrays;
  wrong.at("dense/kernel").shape = {3, 4};
  CHECK(mentions(error_of(everything.words, wrong), "'dense/kernel' must be float32(4, 3), got float32(3, 4)"));
  const auto refused = [](const std::string& described) { return error_of(sequential({described}), {}); };
  CHECK(mentions(refused(layer("Bidirectional", "b", R"("x": 1)")), "layer 'b' (Bidirectional) cannot be run"));
  CHECK(mentions(refused(layer("Dense", "d", R"("units": "three")")), "layer 'd' (Dense): 'units' must be an integer"));
  CHECK(mentions(refused(layer("Dense", "d", R"("units": -3, "use_bias": false)")), "units must be at least 1"));
  CHECK(mentions(refused(layer("GRU", "g", R"("units": 0, "reset_after": true)")), "units must be at least 1"));
  CHECK(mentions(error_of("{", {}), "no JSON"));
  CHECK(mentions(error_of("[]", {}), "no class_name"));
  CHECK(mentions(error_of(std::string(100000, '['), {}), "nested too deeply"));
  CHECK(mentions(error_of(sequential({}), {}), "has no layers"));
  std::string nested = sequential({layer("Dropout", "d", R"("rate": 0.5)")});
  for (int i = 0; i < 40; ++i) nested = sequential({nested});
  CHECK(mentions(error_of(nested, {}), "nested too deeply"));
}

TEST_CASE("configurations with anything in them do no harm", "[runtime]") {
  const Everything everything;
  std::mt19937 random(3);
  int refused = 0;
  const std::vector<std::string> pieces{"null", "-1", "[]", "{}", "true", "\"x\"", "1e30", "[1,2]", "9999999999"};
  for (int round = 0; round < 400; ++round) {
    std::string words = everything.words;
    // Put something else in the place of a value.
    std::vector<std::size_t> colons;
    for (std::size_t i = 0; i < words.size(); ++i)
      if (words[i] == ':') colons.push_back(i + 1);
    const std::size_t begin = colons[random() % colons.size()];
    std::size_t end = begin;
    for (int depth = 0; end < words.size(); ++end) {
      if (words[end] == '[' || words[end] == '{') ++depth;
      if ((words[end] == ']' || words[end] == '}') && --depth < 0) break;
      if (words[end] == ',' && depth == 0) break;
    }
    words.replace(begin, end - begin, pieces[random() % pieces.size()]);
    if (!error_of(words, everything.arrays).empty()) ++refused;
  }
  CHECK(refused > 100);
}
