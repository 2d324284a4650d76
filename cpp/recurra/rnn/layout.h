// How a cell's weights, and what it saves, lie in memory.
//
// Weights are packed per vector of units j: [j][k][slot][lane], the slots of a unit side by side, so that one pass over
// k gives all sums of L units. Cells of one or two slots take several vectors of units together (a group), or there
// would be too few accumulators to hide the latency of a multiply-add. What is saved lies as [group][row][unit
// vector][saved vector][lane].
//
// Letters: F features, U units, P units of state 0, L lanes, J vectors of units.
#pragma once

#include <memory>
#include <utility>

#include "recurra/base/buffer.h"
#include "recurra/base/parallel.h"
#include "recurra/kernels/vec.h"
#include "recurra/rnn/cell_shape.h"

namespace recurra::rnn {

/// Pointers to the weights of a layer, row-major; nullptr means "not given". `blocks` of U columns each, a block a
/// gate.
template <class T>
struct WeightPointers {
  const T* kernel = nullptr;            // F, input blocks U
  const T* recurrent_kernel = nullptr;  // U, recurrent blocks U
  const T* bias = nullptr;              // bias_rows, input blocks U
  const T* vectors = nullptr;           // vectors, U
  const T* projection = nullptr;        // U, P
  const T* projection_bias = nullptr;   // P
};

/// Pointers to their gradients; nullptr where one is not wanted.
template <class T>
struct GradientPointers {
  T* kernel = nullptr;
  T* recurrent_kernel = nullptr;
  T* bias = nullptr;
  T* vectors = nullptr;
  T* projection = nullptr;
  T* projection_bias = nullptr;
};

template <class T>
class CellLayout {
 public:
  static constexpr int L = lanes<T>;

  /// `taps` is the number of previous states that the recurrent product of the first stage reads.
  CellLayout(const CellShape& shape, Index features, Index units, Index width, Index taps);

  const CellShape& shape;
  const Index F, U, P, taps, J;
  const Index stride;       // distance between rows of a state: the most units of any state, padded
  const int group;          // vectors of units that stand together
  const Index saved_width;  // numbers saved for a vector of units of a row

  /// Vectors of units that a stage computes.
  Index vectors_of_stage(int stage) const { return shape.projecting(stage) ? padded<T>(P) / L : J; }
  /// Rows of the matrix that a stage's recurrent product reads.
  Index depth(int stage) const { return shape.passing(stage) ? 0 : stage == 0 ? taps * P : U; }
  Index saved_size(Index rows) const { return rows * stride / L * saved_width; }
  /// Numbers of the sums of one row: [unit vector][slot][lane].
  Index sums_size() const { return stride * shape.slots; }

  /// Where the vector of units j + b of a row is saved, in a group of ub vectors that begins at j.
  Index saved_place(Index rows, Index j, Index row, int ub = 1, Index b = 0) const {
    assert(j >= 0 && j < stride / L && row >= 0 && row < rows && b < ub);
    return (j * rows + row * ub + b) * saved_width;
  }

  /// body(first vector of units, number of them) for every group of a share.
  template <class Body>
  RECURRA_INLINE void for_groups(Body&& body, const Share& share = {}) const {
    for_each_group(J, group, body, share);
  }

  /// The same for the vectors of units of a stage.
  template <class Body>
  RECURRA_INLINE void for_stage_groups(int stage, Body&& body, const Share& share = {}) const {
    const bool projecting = shape.projecting(stage);
    for_each_group(projecting ? padded<T>(P) / L : J, projecting ? 1 : group, body, share);
  }

  /// The vectors of units of a stage that a share covers: [first, last).
  std::pair<Index, Index> vectors_of_share(int stage, Share share) const;

  const T* input_panel(int stage, Index j) const {
    return packed(packed_->input, stage) + j * F * stage_shape(stage).input.count * L;
  }
  const T* recurrent_panel(int stage, Index j) const {
    return packed(packed_->recurrent, stage) + j * depth(stage) * stage_shape(stage).recurrent.count * L;
  }
  const T* bias() const { return bias_.data(); }
  /// The weight vectors of a vector of units, one behind the other; nullptr without.
  const T* vectors_at(Index j) const { return vectors_.size() > 0 ? vectors_.data() + j * shape.vectors * L : nullptr; }
  const T* recurrent_adjoint(int stage, Index tap) const {
    return packed(recurrent_adjoints_, stage) + tap * J * stage_shape(stage).recurrent.count * L * padded<T>(P);
  }
  const T* input_adjoint() const { return input_adjoint_.data(); }

  /// The weight matrices as forward products read them, by stage.
  using ByStage = std::array<Buffer<T>, CellShape::most_stages>;
  struct Packed {
    ByStage input, recurrent;
  };
  const std::shared_ptr<const Packed>& packed_weights() const { return packed_; }

  /// `packed` are those of the same weights, if somebody has packed them before.
  void pack_forward(const WeightPointers<T>& weights, std::shared_ptr<const Packed> packed = nullptr);
  void pack_backward(const WeightPointers<T>& weights, bool with_input);

  // Gradients of the weights, packed as [group][k][unit vector][slot][lane]: input, then a part a stage, then bias and
  // the vectors.
  Index input_gradient(Index j) const { return j * F * shape.input.count * L; }
  Index recurrent_gradient(int stage, Index j) const;
  Index bias_gradient() const { return recurrent_gradient(shape.stages, 0); }
  Index vector_gradient() const { return bias_gradient() + stride * shape.slots; }
  Index gradient_size() const { return vector_gradient() + J * shape.vectors * L; }

  /// Adds packed gradients to gradients in the layout of the weights; nullptr where one is not wanted.
  void unpack_gradients(const T* packed, const GradientPointers<T>& to) const;

 private:
  template <class Body>
  RECURRA_INLINE static void for_each_group(Index vectors, int size, Body&& body, const Share& share) {
    const Index groups = size == 1 ? vectors : (vectors + size - 1) / size;
    for (Index i = share.begin(groups); i < share.end(groups); ++i) {
      const Index j = share.at_turn(i, groups) * size;
      body(j, static_cast<int>(std::min<Index>(size, vectors - j)));
    }
  }
  static const T* packed(const ByStage& buffers, int stage) { return buffers[CellShape::at(stage)].data(); }
  const CellShape::StageShape& stage_shape(int stage) const { return shape.stage[CellShape::at(stage)]; }
  Index vector_place(Index u, int v) const { return (u / L * shape.vectors + v) * L + u % L; }
  Index place(Index u, int slot) const { return (u / L * shape.slots + slot) * L + u % L; }
  T bias_of(const T* bias, int slot, Index u) const;
  void unpack_bias(const T* sums, T* bias) const;
  void unpack_projection(const T* packed, const GradientPointers<T>& to) const;

  std::shared_ptr<const Packed> pack(const WeightPointers<T>& weights) const;
  template <class Body>
  void for_vectors(Index K, int blocks, SlotRange range, const CellShape::Blocks& block, const Body& body) const;
  Buffer<T> pack_panels(const T* weights, Index K, int blocks, SlotRange range, const CellShape::Blocks& block) const;
  void unpack_panels(const T* packed, Index K, int blocks, SlotRange range, const CellShape::Blocks& block,
                     T* weights) const;
  Buffer<T> pack_projection(const T* weights) const;
  Buffer<T> pack_projection_adjoint(const T* weights) const;
  Buffer<T> pack_adjoint(const T* weights, Index parts, Index N, int blocks, SlotRange range,
                         const CellShape::Blocks& block) const;

  Buffer<T> bias_, vectors_;
  std::shared_ptr<const Packed> packed_;
  ByStage recurrent_adjoints_;
  Buffer<T> input_adjoint_;
};

}  // namespace recurra::rnn
