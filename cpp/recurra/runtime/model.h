// Runs saved models from C++ alone.
//
//   const auto model = recurra::load("model.safetensors");   // weights; immutable, shared by any number of threads
//   auto stream = model.stream();                            // state of one or more sequences; one thread at a time
//   std::vector<float> y(model.output_size());
//   stream.step(x.data(), y.data());                         // one time step: no allocation, no lock, no exception
//
// A stream gives, step by step or in blocks, what the model's `predict` gives for the whole sequence: the same bits,
// with one exception (docs/streaming.md). What can be run is a chain of layers whose output at a step
// follows from this step and a state of fixed size: recurrent layers, causal convolutions, Dense, Embedding in front,
// activations, normalisation with fixed statistics. A chain whose last recurrent layer returns its last output only
// gives at every step what it would give for the sequence so far.
//
// Letters: B sequences of a stream, T steps, F numbers of a step's input, O of its output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#define RECURRA_PUBLIC __attribute__((visibility("default")))

namespace recurra {

namespace runtime {
template <class T>
class Network;
template <class T>
struct Memory;
}  // namespace runtime

/// The state of B sequences that run through a model, at the same time. Copies go on independently.
template <class T>
class RECURRA_PUBLIC Stream {
 public:
  Stream(const Stream& other);
  Stream& operator=(const Stream& other);
  Stream(Stream&& other) noexcept;
  Stream& operator=(Stream&& other) noexcept;
  ~Stream();

  std::int64_t batch() const noexcept;

  /// One time step: x (B, F) -> y (B, O). A model with a vocabulary takes x (B) as integers.
  void step(const T* x, T* y) noexcept;
  /// T steps: x (B, T, F) -> y (B, T, O), the same bits as T calls of step.
  void run(const T* x, std::int64_t steps, T* y) noexcept;

  /// The same for a model with a vocabulary: x (B) or (B, T). A number outside of it gives NaN from then on; a model
  /// without one gives nothing but NaN.
  void step(const std::int32_t* x, T* y) noexcept;
  void run(const std::int32_t* x, std::int64_t steps, T* y) noexcept;

  /// Lets all sequences, or one, begin anew.
  void reset() noexcept;
  void reset(std::int64_t row) noexcept;

  /// One array of the state: which layer's, and its shape, B first. Of a recurrent layer each state (B, units), and
  /// behind them, where the layer sees a mask, (B): 1 once a step of the sequence has counted, else 0. Of a convolution
  /// its past inputs (B, steps, channels), oldest first.
  struct StateArray {
    std::string layer;
    std::vector<std::int64_t> shape;
  };
  std::vector<StateArray> state_arrays() const;
  void read_state(std::size_t array, T* values) const noexcept;
  void write_state(std::size_t array, const T* values) noexcept;

 private:
  template <class>
  friend class Model;
  Stream(std::shared_ptr<const runtime::Network<T>> network, std::int64_t batch);

  template <class Number>
  void run_tokens(const Number* x, std::int64_t steps, T* y) noexcept;

  std::shared_ptr<const runtime::Network<T>> network_;
  std::unique_ptr<runtime::Memory<T>> memory_;
};

/// The weights of a model. Copies share them.
template <class T>
class RECURRA_PUBLIC Model {
 public:
  explicit Model(std::shared_ptr<const runtime::Network<T>> network) : network_(std::move(network)) {}

  /// Shape of one step's input of one sequence, and F, the product of its extents; {} and 1 with a vocabulary.
  std::vector<std::int64_t> input_shape() const;
  std::int64_t input_size() const noexcept;
  /// The same of the output; O.
  std::vector<std::int64_t> output_shape() const;
  std::int64_t output_size() const noexcept;
  /// Where the model begins with an Embedding, the numbers it knows: 0, …, vocabulary - 1. Else 0.
  std::int64_t vocabulary() const noexcept;
  /// Floating-point operations of one sequence's step, roughly.
  double operations() const noexcept;

  /// A stream of `batch` sequences. Throws std::invalid_argument if there is none.
  Stream<T> stream(std::int64_t batch = 1) const;

 private:
  std::shared_ptr<const runtime::Network<T>> network_;
};

/// Reads a model that was saved by `model.save(…)`, of float32 (T = float) or float64 (double).
///
/// Throws std::runtime_error if the file cannot be read; std::invalid_argument if it is damaged, or holds a layer that
/// cannot be run step by step: the message names the layer and says why.
template <class T = float>
RECURRA_PUBLIC Model<T> load(const std::string& path);

/// The same from memory.
template <class T = float>
RECURRA_PUBLIC Model<T> load(std::span<const std::byte> file);

/// Whether load<double> is to be used for a file, and not load<float>. Throws as load does.
RECURRA_PUBLIC bool is_float64(const std::string& path);

extern template class Stream<float>;
extern template class Stream<double>;
extern template class Model<float>;
extern template class Model<double>;

}  // namespace recurra
