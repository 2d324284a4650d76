// One layer of a chain, ready to run a time step: its weights packed once, its state in memory of the stream's.
//
// A stage is immutable after it was made, so any number of streams and threads may share it. `step` allocates nothing,
// throws nothing and waits for nobody.
//
// Letters: B rows, one a sequence; F numbers of a row.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "recurra/runtime/description.h"
#include "recurra/runtime/model_file.h"

namespace recurra::runtime {

/// B rows of numbers that begin `stride` apart.
template <class T>
struct Rows {
  const T* data;
  Index stride;

  const T* operator[](Index row) const { return data + row * stride; }
};

/// What a stream lends to a stage for one step.
template <class T>
struct Moment {
  Index batch;            // B
  std::uint64_t time;     // steps the stream has made
  T* state;               // state_size(B) numbers, kept from step to step
  T* scratch;             // scratch_size(B) numbers; the result of the step stands here or in the state
  bool* counts;           // B: false for rows whose step is padding, where the flow is masked
  const Rows<T>* inputs;  // of every stage of the chain so far
};

template <class T>
class Stage {
 public:
  virtual ~Stage() = default;

  virtual Index state_size(Index /*batch*/) const noexcept { return 0; }
  virtual Index scratch_size(Index /*batch*/) const noexcept { return 0; }
  /// Floating-point operations of a row's step, roughly.
  virtual double operations() const noexcept { return 0; }

  /// One step of all rows; the result lives until the next one.
  virtual Rows<T> step(const Moment<T>& moment, Rows<T> in) const noexcept = 0;

  /// The state as arrays: the shape of each behind the batch, and how it is read, written and cleared.
  virtual std::vector<std::vector<Index>> state_shapes() const { return {}; }
  virtual void read_state(const Moment<T>& /*moment*/, std::size_t /*which*/, T* /*values*/) const noexcept {}
  virtual void write_state(const Moment<T>& /*moment*/, std::size_t /*which*/, const T* /*values*/) const noexcept {}
  virtual void clear_row(const Moment<T>& /*moment*/, Index /*row*/) const noexcept {}
};

/// What flows between stages: the shape of a row, and whether the step stands for one of a sequence.
struct Flow {
  std::vector<Index> shape;  // of one row; its last axis holds the features
  bool sequence = true;      // false behind a layer that returns its last output only
  bool masked = false;       // whether rows may be padding at a step

  Index size() const {
    Index product = 1;
    for (const Index extent : shape) product *= extent;
    return product;
  }
  Index features() const { return shape.back(); }
  /// Rows of features in a row.
  Index inner() const { return features() == 0 ? 0 : size() / features(); }
};

/// Weights of a model by path. It also bounds what a description makes of them: a few hundred bytes can describe copies
/// of copies of a layer, or a layer that is called again and again.
class Weights {
 public:
  explicit Weights(const Arrays& arrays);
  /// The same weights with another array in the place of one; all three must outlive it.
  Weights(const Weights& others, const std::string& path, const Array& replacement)
      : arrays_(others.arrays_),
        replaced_(&path),
        replacement_(&replacement),
        size_(others.size_),
        counts_(others.counts_) {}

  /// Whether there is a weight whose path begins so.
  bool any_below(const std::string& path) const;

  /// Numbers of all weights together.
  Index size() const noexcept { return size_; }

  /// One more layer is built. Throws std::invalid_argument where there are too many.
  void count_layer(const Description& layer) const;

  /// The shape of a weight; `layer` is for errors. Throws std::invalid_argument if it is missing.
  const Shape& shape(const Description& layer, const std::string& path) const { return find(layer, path).shape; }

  /// A copy of a weight; `layer` is for errors. Throws std::invalid_argument if it is missing or of another shape or
  /// dtype, and where weights are copied so often that their copies take far more memory than they do.
  template <class T>
  Buffer<T> copy(const Description& layer, const std::string& path, const Shape& shape) const;

 private:
  struct Counts {
    Index copied = 0, layers = 0;
  };

  const Array& find(const Description& layer, const std::string& path) const;

  const Arrays& arrays_;
  const std::string* replaced_ = nullptr;
  const Array* replacement_ = nullptr;
  Index size_ = 0;
  std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

/// The stages of a layer (several for stacked cells, none for one that changes nothing); `flow` is what comes in and
/// becomes what goes out. Each function returns false if the layer is not of its kind.
template <class T>
struct Build {
  const Weights& weights;
  const Description& layer;
  Flow& flow;
  std::vector<std::unique_ptr<Stage<T>>>& stages;

  void add(std::unique_ptr<Stage<T>> stage) const { stages.push_back(std::move(stage)); }
  /// A weight of this layer.
  Buffer<T> weight(const char* name, const Shape& shape) const {
    return weights.template copy<T>(layer, layer.path() + name, shape);
  }
};

template <class T>
bool build_recurrent(const Build<T>& build);
template <class T>
bool build_convolution(const Build<T>& build);
template <class T>
bool build_dense(const Build<T>& build);
template <class T>
bool build_normalization(const Build<T>& build);
template <class T>
bool build_function(const Build<T>& build);
template <class T>
bool build_masking(const Build<T>& build);
template <class T>
bool build_shape(const Build<T>& build);
template <class T>
bool build_connection(const Build<T>& build);
template <class T>
bool build_temporal(const Build<T>& build);
template <class T>
bool build_weight_normalization(const Build<T>& build);

/// The stages of any layer, by the functions above, or of a model in the place of one. Throws std::invalid_argument for
/// a layer that none of them knows.
template <class T>
void build_layer(const Build<T>& build);

}  // namespace recurra::runtime
