#include "recurra/runtime/model.h"

#include <algorithm>
#include <limits>

#include "recurra/base/parallel.h"
#include "recurra/runtime/described.h"
#include "recurra/runtime/network.h"

namespace recurra {
namespace {

using runtime::Network;

const std::string& model_in(const runtime::ModelFile& file, const std::string& name) {
  const auto words = file.words.find("model");
  check(words != file.words.end(), name, " holds weights only: it has no model");
  return words->second;
}

template <class T>
Model<T> model_of_file(const runtime::ModelFile& file, const std::string& name) {
  const std::string& words = model_in(file, name);
  const DType dtype = runtime::dtype_of_model(words, name);
  check(dtype == dtype_of<T>(), name, " holds a model of ", name_of(dtype), ": use recurra::load<",
        dtype == DType::float32 ? "float" : "double", ">");
  return runtime::model_of<T>(words, file.arrays, name);
}

std::vector<std::int64_t> with_batch(std::int64_t batch, const std::vector<Index>& shape) {
  std::vector<std::int64_t> out{batch};
  out.insert(out.end(), shape.begin(), shape.end());
  return out;
}

// A number that may be none of the vocabulary, NaN included, as one that is certainly not.
template <class Number>
std::int32_t token_of(Number number, Index vocabulary) {
  return number >= 0 && number < static_cast<Number>(vocabulary) ? static_cast<std::int32_t>(number) : -1;
}

}  // namespace

template <class T>
Stream<T>::Stream(std::shared_ptr<const Network<T>> network, std::int64_t batch)
    : network_(std::move(network)), memory_(std::make_unique<runtime::Memory<T>>(network_->memory(batch))) {}

template <class T>
Stream<T>::Stream(const Stream& other) : Stream(other.network_, other.batch()) {
  network_->copy(*other.memory_, *memory_);
}

template <class T>
Stream<T>& Stream<T>::operator=(const Stream& other) {
  if (this != &other) *this = Stream(other);
  return *this;
}

template <class T>
Stream<T>::Stream(Stream&& other) noexcept = default;
template <class T>
Stream<T>& Stream<T>::operator=(Stream&& other) noexcept = default;
template <class T>
Stream<T>::~Stream() = default;

template <class T>
std::int64_t Stream<T>::batch() const noexcept {
  return memory_->batch;
}

template <class T>
void Stream<T>::step(const T* x, T* y) noexcept {
  run(x, 1, y);
}

template <class T>
void Stream<T>::step(const std::int32_t* x, T* y) noexcept {
  run(x, 1, y);
}

template <class T>
void Stream<T>::run(const T* x, std::int64_t steps, T* y) noexcept {
  if (network_->vocabulary()) return run_tokens(x, steps, y);
  const FlushDenormals flush;
  const Index features = network_->input().size(), outputs = network_->output().size();
  for (Index step = 0; step < steps; ++step)
    network_->step(*memory_, {x + step * features, steps * features}, y + step * outputs, steps * outputs);
}

template <class T>
void Stream<T>::run(const std::int32_t* x, std::int64_t steps, T* y) noexcept {
  if (network_->vocabulary()) return run_tokens(x, steps, y);
  std::fill_n(y, batch() * steps * network_->output().size(), std::numeric_limits<T>::quiet_NaN());
}

template <class T>
template <class Number>
void Stream<T>::run_tokens(const Number* x, std::int64_t steps, T* y) noexcept {
  const FlushDenormals flush;
  const Index outputs = network_->output().size();
  for (Index step = 0; step < steps; ++step) {
    for (Index row = 0; row < memory_->tokens.size(); ++row)
      memory_->tokens[row] = token_of(x[row * steps + step], network_->vocabulary());
    network_->step(*memory_, {}, y + step * outputs, steps * outputs);
  }
}

template <class T>
void Stream<T>::reset() noexcept {
  network_->clear(*memory_);
}

template <class T>
void Stream<T>::reset(std::int64_t row) noexcept {
  network_->clear_row(*memory_, row);
}

template <class T>
std::vector<typename Stream<T>::StateArray> Stream<T>::state_arrays() const {
  std::vector<StateArray> out;
  for (const auto& array : network_->states()) out.push_back({array.layer, with_batch(batch(), array.shape)});
  return out;
}

template <class T>
void Stream<T>::read_state(std::size_t array, T* values) const noexcept {
  network_->read_state(*memory_, array, values);
}

template <class T>
void Stream<T>::write_state(std::size_t array, const T* values) noexcept {
  network_->write_state(*memory_, array, values);
}

template <class T>
std::vector<std::int64_t> Model<T>::input_shape() const {
  return network_->vocabulary() ? std::vector<std::int64_t>{} : network_->input().shape;
}

template <class T>
std::int64_t Model<T>::input_size() const noexcept {
  return network_->vocabulary() ? 1 : network_->input().size();
}

template <class T>
std::vector<std::int64_t> Model<T>::output_shape() const {
  return network_->output().shape;
}

template <class T>
std::int64_t Model<T>::output_size() const noexcept {
  return network_->output().size();
}

template <class T>
std::int64_t Model<T>::vocabulary() const noexcept {
  return network_->vocabulary();
}

template <class T>
double Model<T>::operations() const noexcept {
  return network_->operations();
}

template <class T>
Stream<T> Model<T>::stream(std::int64_t batch) const {
  return Stream<T>(network_, batch);
}

template <class T>
Model<T> load(const std::string& path) {
  return model_of_file<T>(runtime::read_model_file(path), path);
}

template <class T>
Model<T> load(std::span<const std::byte> file) {
  const std::string name = "the model file";
  return model_of_file<T>(runtime::parse_model_file(file, name), name);
}

bool is_float64(const std::string& path) {
  return runtime::dtype_of_model(model_in(runtime::read_model_file(path), path), path) == DType::float64;
}

template class Stream<float>;
template class Stream<double>;
template class Model<float>;
template class Model<double>;
template Model<float> load(const std::string&);
template Model<double> load(const std::string&);
template Model<float> load(std::span<const std::byte>);
template Model<double> load(std::span<const std::byte>);

}  // namespace recurra
