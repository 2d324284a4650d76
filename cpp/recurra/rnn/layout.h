// How a cell's weights, and what it saves, lie in memory.
//
// Weights are packed per vector of units j: [j][k][slot][lane], the slots of a unit side by side, so that one pass over
// k gives all sums of L units. Cells of one or two slots take several vectors of units together (a group), or there
// would be too few accumulators to hide the latency of a multiply-add. What is saved lies as [group][row][unit
// vector][slot] [lane].
//
// Letters: F features, U units, P units of state 0, L lanes, J vectors of units.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "recurra/base/buffer.h"
#include "recurra/base/parallel.h"
#include "recurra/kernels/gemm.h"
#include "recurra/rnn/cell.h"

namespace recurra::rnn {

/// A run of neighbouring slots.
struct SlotRange {
  int first = 0;
  int count = 0;
};

template <std::size_t n>
constexpr SlotRange fed_slots(const int (&block)[n], int first, int count) {
  SlotRange range;
  for (int slot = first; slot < first + count; ++slot) {
    if (block[slot] == none) continue;
    if (range.count == 0) range.first = slot;
    ++range.count;
  }
  return range;
}

/// Which slots of a stage the input and the recurrent product fill.
template <class Cell, int stage>
struct StageLayout {
  static constexpr int first = Cell::stages[stage].first;
  static constexpr int count = Cell::stages[stage].count;
  static constexpr SlotRange input = fed_slots(Cell::input_block, first, count);
  static constexpr SlotRange recurrent = fed_slots(Cell::recurrent_block, first, count);
  static constexpr int input_offset = input.first - first;
  static constexpr int recurrent_offset = recurrent.first - first;
};

/// The weights of a layer as they come in, row-major; nullptr means "not given". `blocks` of U columns each, a block a
/// gate.
template <class T>
struct Weights {
  const T* kernel = nullptr;            // F, input blocks U
  const T* recurrent_kernel = nullptr;  // U, recurrent blocks U
  const T* bias = nullptr;              // bias_rows, input blocks U
  const T* vectors = nullptr;           // vectors, U
  const T* projection = nullptr;        // U, P
  const T* projection_bias = nullptr;   // P
};

/// Gradients of the same; nullptr where one is not wanted.
template <class T>
struct WeightGradients {
  T* kernel = nullptr;
  T* recurrent_kernel = nullptr;
  T* bias = nullptr;
  T* vectors = nullptr;
  T* projection = nullptr;
  T* projection_bias = nullptr;
};

template <class Cell, class T>
class CellLayout {
 public:
  static constexpr int L = lanes<T>;
  static constexpr int slots = Cell::slots;
  static constexpr int stages = static_cast<int>(std::size(Cell::stages));
  static constexpr int vectors = vectors_of<Cell>;
  static constexpr SlotRange input = fed_slots(Cell::input_block, 0, slots);
  static constexpr SlotRange recurrent = fed_slots(Cell::recurrent_block, 0, slots);
  static constexpr int input_blocks = 1 + *std::ranges::max_element(Cell::input_block);
  static constexpr int recurrent_blocks = 1 + *std::ranges::max_element(Cell::recurrent_block);
  static constexpr bool whole =
      stages == 1 && !normalised<Cell> && input.count == slots && (recurrent.count == slots || recurrent.count == 0);
  static constexpr int group = whole && std::is_same_v<T, float> ? std::max(1, gemm::panel_vectors / slots) : 1;

  // Behind the slots stand the operands of later stages; then, in a normalised cell (normal.h), the recurrent and the
  // input sums without their gains, and one over the spread of each set of them, a lane a set.
  static constexpr int normal = slots + stages - 1;
  static constexpr int normal_count = normalised<Cell> ? recurrent.count + input.count : 0;
  static constexpr int spread = normal + normal_count;
  static constexpr int kept = spread + (normalised<Cell> ? 1 + stages / L : 0);
  /// Whether a step needs memory for what is saved, even where no backward pass follows.
  static constexpr bool needs_saved = stages > 1 || normalised<Cell>;
  static_assert(!(normalised<Cell> && projects<Cell>));
  static_assert(stages == 1 || StageLayout<Cell, 0>::recurrent.count > 0);

  /// `taps` is the number of previous states that the recurrent product of the first stage reads.
  CellLayout(Index features, Index units, Index width, Index taps)
      : F(features),
        U(units),
        P(width),
        taps(taps),
        J(padded<T>(units) / L),
        stride(std::max(J * L, padded<T>(width))) {}

  const Index F, U, P, taps, J;
  const Index stride;  // distance between rows of a state: the most units of any state, padded

  /// Whether a stage's one slot is fed by the projection.
  static constexpr bool projecting(int stage) { return projects<Cell> && stage == stages - 1; }
  /// Whether a stage takes the operand as it is.
  static constexpr bool passing(int stage) { return Cell::recurrent_block[Cell::stages[stage].first] == itself; }
  /// Where the gradients that a stage's recurrent product, and the input product, take stand among what is saved.
  static constexpr int product_slot(int stage) {
    return normalised<Cell> ? normal_set(stage).place : recurrent_slots(stage).first;
  }
  static constexpr int input_slot = normalised<Cell> ? normal + recurrent.count : input.first;

  /// A set of sums that are normalised together: `count` of them from `place` on among what is saved, those of the
  /// slots from `slot` on. Sets are the recurrent sums of each stage, then the input sums.
  struct NormalSet {
    int place, count, slot;
  };
  static constexpr NormalSet normal_set(int set) {
    if (set == stages) return {normal + recurrent.count, input.count, input.first};
    const SlotRange range = recurrent_slots(set);
    return {normal + range.first - recurrent.first, range.count, range.first};
  }
  /// Which column block a number of a set belongs to: first come the recurrent ones, then what a stage takes as it is,
  /// last those of the input.
  static constexpr int normal_block(int set, int s) {
    const int slot = normal_set(set).slot + s;
    if (set == stages) return recurrent.count + Cell::input_block[slot];
    return Cell::recurrent_block[slot] == itself ? recurrent_blocks : Cell::recurrent_block[slot];
  }
  /// Which weight vector is its gain: they come in the same order, those of the input last of all vectors.
  static constexpr int normal_gain(int set, int s) {
    return set == stages ? vectors - normal_count + normal_block(set, s) : normal_block(set, s);
  }
  /// Vectors of units that a stage computes.
  Index vectors_of_stage(int stage) const { return projecting(stage) ? padded<T>(P) / L : J; }
  /// Rows of the matrix that a stage's recurrent product reads.
  Index depth(int stage) const { return passing(stage) ? 0 : stage == 0 ? taps * P : U; }
  Index saved_size(Index rows) const { return rows * stride * kept; }

  /// Where the vector of units j + b of a row is saved, in a group of ub vectors that begins at j.
  static constexpr Index saved_place(Index rows, Index j, Index row, int ub = 1, Index b = 0) {
    return (j * rows + row * ub + b) * kept * L;
  }

  /// body(first vector of units, constant number of them) for every group of a share.
  template <class Body>
  RECURRA_INLINE void for_groups(Body&& body, Share share = {}) const {
    const Index groups = (J + group - 1) / group;
    for (Index i = share.begin(groups); i < share.end(groups); ++i) {
      const Index j = share.at_turn(i, groups) * group;
      if (group == 1 || j + group <= J) body(j, std::integral_constant<int, group>{});
      else if constexpr (group > 1)
        gemm::with_constant<group - 1>(static_cast<int>(J - j),
                                       [&](auto rest) __attribute__((always_inline)) { body(j, rest); });
    }
  }

  /// The same for the vectors of units of a stage.
  template <int stage, class Body>
  RECURRA_INLINE void for_stage_groups(Body&& body, Share share = {}) const {
    if constexpr (projecting(stage)) {
      const Index count = vectors_of_stage(stage);
      for (Index i = share.begin(count); i < share.end(count); ++i)
        body(share.at_turn(i, count), std::integral_constant<int, 1>{});
    } else {
      for_groups(body, share);
    }
  }

  /// The vectors of units of a stage that a share covers: [first, last).
  std::pair<Index, Index> vectors_of_share(int stage, Share share) const {
    const Index size = projecting(stage) ? 1 : group, count = vectors_of_stage(stage);
    const Index groups = (count + size - 1) / size;
    return {share.begin(groups) * size, std::min(count, share.end(groups) * size)};
  }

  const T* input_panel(int stage, Index j) const { return at(panels_->input, stage) + j * F * input_count(stage) * L; }
  const T* recurrent_panel(int stage, Index j) const {
    return at(panels_->recurrent, stage) + j * depth(stage) * recurrent_count(stage) * L;
  }
  const T* bias() const { return bias_.data(); }
  /// The weight vectors of a vector of units, one behind the other; nullptr without.
  const T* vectors_at(Index j) const { return vectors_.size() > 0 ? vectors_.data() + j * vectors * L : nullptr; }
  const T* recurrent_adjoint(int stage, Index tap) const {
    return at(recurrent_adjoints_, stage) + tap * J * recurrent_count(stage) * L * padded<T>(P);
  }
  const T* input_adjoint() const { return input_adjoint_.data(); }

  /// The weight matrices as forward products read them, by stage.
  struct Panels {
    std::array<Buffer<T>, stages> input, recurrent;
  };
  const std::shared_ptr<const Panels>& panels() const { return panels_; }

  /// `panels` are those of the same weights, if somebody has packed them before.
  void pack_forward(const Weights<T>& weights, std::shared_ptr<const Panels> panels = nullptr) {
    bias_ = Buffer<T>(stride * slots, T(0));
    if (weights.bias)
      for (int slot = 0; slot < slots; ++slot)
        for (Index u = 0; u < U; ++u) bias_[place(u, slot)] = bias_of(weights.bias, slot, u);
    if (weights.projection_bias)
      for (Index u = 0; u < P; ++u) bias_[place(u, slots - 1)] = weights.projection_bias[u];
    if (weights.vectors) {
      vectors_ = Buffer<T>(J * vectors * L, T(0));
      for (int v = 0; v < vectors; ++v)
        for (Index u = 0; u < U; ++u) vectors_[vector_place(u, v)] = weights.vectors[v * U + u];
    }
    panels_ = panels ? std::move(panels) : packed_panels(weights);
  }

  void pack_backward(const Weights<T>& weights, bool with_input) {
    unroll<stages>([&](auto stage) {
      if constexpr (projecting(stage)) recurrent_adjoints_[stage] = pack_projection_adjoint(weights.projection);
      else if constexpr (!passing(stage))
        recurrent_adjoints_[stage] =
            pack_adjoint(weights.recurrent_kernel, stage == 0 ? taps : 1, stage == 0 ? P : U, recurrent_blocks,
                         StageLayout<Cell, stage>::recurrent, Cell::recurrent_block);
    });
    if (with_input) input_adjoint_ = pack_adjoint(weights.kernel, 1, F, input_blocks, input, Cell::input_block);
  }

  // Gradients of the weights, packed as [group][k][unit vector][slot][lane]: input, then a part a stage, then bias and
  // the vectors.
  Index input_gradient(Index j) const { return j * F * input.count * L; }
  Index recurrent_gradient(int stage, Index j) const {
    Index offset = J * F * input.count * L;
    for (int before = 0; before < stage; ++before)
      offset += vectors_of_stage(before) * depth(before) * recurrent_count(before) * L;
    return stage == stages ? offset : offset + j * depth(stage) * recurrent_count(stage) * L;
  }
  Index bias_gradient() const { return recurrent_gradient(stages, 0); }
  Index vector_gradient() const { return bias_gradient() + stride * slots; }
  Index gradient_size() const { return vector_gradient() + J * vectors * L; }

  /// Adds packed gradients to gradients in the layout of the weights; nullptr where one is not wanted.
  void unpack_gradients(const T* packed, const WeightGradients<T>& to) const {
    if (to.kernel) unpack_panels(packed, F, input_blocks, input, Cell::input_block, to.kernel);
    if (to.recurrent_kernel)
      unroll<stages>([&](auto stage) {
        if constexpr (!projecting(stage) && !passing(stage))
          unpack_panels(packed + recurrent_gradient(stage, 0), depth(stage), recurrent_blocks,
                        StageLayout<Cell, stage>::recurrent, Cell::recurrent_block, to.recurrent_kernel);
      });
    if constexpr (projects<Cell>) {
      const T* gradient = packed + recurrent_gradient(stages - 1, 0);
      if (to.projection)
        for (Index u = 0; u < U; ++u)
          for (Index p = 0; p < P; ++p) to.projection[u * P + p] += gradient[(p / L * U + u) * L + p % L];
      if (to.projection_bias)
        for (Index p = 0; p < P; ++p) to.projection_bias[p] += packed[bias_gradient() + place(p, slots - 1)];
    }
    if (to.vectors)
      for (int v = 0; v < vectors; ++v)
        for (Index u = 0; u < U; ++u) to.vectors[v * U + u] += packed[vector_gradient() + vector_place(u, v)];
    if (!to.bias) return;
    const T* sums = packed + bias_gradient();
    for (int slot = 0; slot < slots; ++slot)
      for (Index u = 0; u < U; ++u) {
        const T d = sums[place(u, slot)];
        if (Cell::input_block[slot] != none) to.bias[Cell::input_block[slot] * U + u] += d;
        if (Cell::bias_rows == 2 && Cell::recurrent_block[slot] >= 0)
          to.bias[(input_blocks + Cell::recurrent_block[slot]) * U + u] += d;
      }
  }

 private:
  static const T* at(const std::array<Buffer<T>, stages>& buffers, int stage) {
    return buffers[static_cast<std::size_t>(stage)].data();
  }
  static constexpr int input_count(int stage) {
    return fed_slots(Cell::input_block, Cell::stages[stage].first, Cell::stages[stage].count).count;
  }
  static constexpr SlotRange recurrent_slots(int stage) {
    return fed_slots(Cell::recurrent_block, Cell::stages[stage].first, Cell::stages[stage].count);
  }
  static constexpr int recurrent_count(int stage) { return recurrent_slots(stage).count; }
  Index vector_place(Index u, int v) const { return (u / L * vectors + v) * L + u % L; }
  Index place(Index u, int slot) const { return (u / L * slots + slot) * L + u % L; }

  T bias_of(const T* bias, int slot, Index u) const {
    T sum = 0;
    if (Cell::input_block[slot] != none) sum += bias[Cell::input_block[slot] * U + u];
    if (Cell::bias_rows == 2 && Cell::recurrent_block[slot] >= 0)
      sum += bias[(input_blocks + Cell::recurrent_block[slot]) * U + u];
    return sum;
  }

  std::shared_ptr<const Panels> packed_panels(const Weights<T>& weights) const {
    const auto packed = std::make_shared<Panels>();
    unroll<stages>([&](auto stage) {
      using Part = StageLayout<Cell, stage>;
      packed->input[stage] = pack_panels(weights.kernel, F, input_blocks, Part::input, Cell::input_block);
      if constexpr (projecting(stage)) packed->recurrent[stage] = pack_projection(weights.projection);
      else if constexpr (!passing(stage))
        packed->recurrent[stage] = pack_panels(weights.recurrent_kernel, depth(stage), recurrent_blocks,
                                               Part::recurrent, Cell::recurrent_block);
    });
    return packed;
  }

  // What moving so many numbers from one layout to another costs, in floating-point operations.
  static double moves(Index elements) { return 8.0 * static_cast<double>(elements); }

  // body(place among packed weights, place in the matrix of K rows, units) for every vector of units of every row and
  // slot, packed as [group][k][unit vector][slot][lane]. Several vectors are gone through together, row by row: pieces
  // of one vector alone lie too far apart for the processor to foresee.
  template <class Body>
  void for_vectors(Index K, int blocks, SlotRange range, const int (&block)[slots], const Body& body) const {
    constexpr Index together = std::max<Index>(group, 256 / simd_bytes);
    parallel_blocks(J, together, moves(J * K * range.count * L), [&](Index begin, Index end) {
      for (Index k = 0; k < K; ++k)
        for (int slot = 0; slot < range.count; ++slot)
          for (Index j = begin; j < end; ++j) {
            const Index first = j / group * group, vectors_of_group = std::min<Index>(group, J - first);
            const Index row = first * K + k * vectors_of_group + j - first;
            body((row * range.count + slot) * L, (k * blocks + block[range.first + slot]) * U + j * L, U - j * L);
          }
    });
  }

  Buffer<T> pack_panels(const T* weights, Index K, int blocks, SlotRange range, const int (&block)[slots]) const {
    Buffer<T> packed(J * K * range.count * L);
    for_vectors(K, blocks, range, block, [&](Index to, Index from, Index units) {
      store(packed.data() + to, load_part(weights + from, units));
    });
    return packed;
  }

  void unpack_panels(const T* packed, Index K, int blocks, SlotRange range, const int (&block)[slots],
                     T* weights) const {
    for_vectors(K, blocks, range, block, [&](Index from, Index to, Index units) {
      store_part(weights + to, load_part(weights + to, units) + load(packed + from), units);
    });
  }

  // [vector of P][u][lane], as pack_panels does.
  Buffer<T> pack_projection(const T* weights) const {
    Buffer<T> packed(padded<T>(P) * U, T(0));
    for (Index u = 0; u < U; ++u)
      for (Index p = 0; p < P; ++p) packed[(p / L * U + u) * L + p % L] = weights[u * P + p];
    return packed;
  }

  // The transpose, as panels of U columns and rows [vector of P][lane], as pack_adjoint does.
  Buffer<T> pack_projection_adjoint(const T* weights) const {
    const Index depth = padded<T>(P);
    Buffer<T> packed(depth * padded<T>(U), T(0));
    gemm::for_panels<T>(padded<T>(U), [&](Index first, auto S) {
      const Index width = S * L;
      for (Index n = 0; n < std::min(width, U - first); ++n)
        for (Index p = 0; p < P; ++p) packed[first * depth + p * width + n] = weights[(first + n) * P + p];
    });
    return packed;
  }

  // The transpose of the columns of `range`, as panels (gemm.h) of N columns and rows [unit vector][slot][lane]; of
  // each of `parts` matrices below each other.
  Buffer<T> pack_adjoint(const T* weights, Index parts, Index N, int blocks, SlotRange range,
                         const int (&block)[slots]) const {
    constexpr Index panel_width = gemm::panel_vectors * L;
    const Index depth = J * range.count * L;
    const Index panels = (padded<T>(N) + panel_width - 1) / panel_width;
    Buffer<T> packed(parts * depth * padded<T>(N));
    parallel_for(parts * panels, moves(packed.size()), [&](Index number) {
      const Index part = number / panels, first = number % panels * panel_width;
      const Index width = std::min(panel_width, padded<T>(N) - first);
      T* panel = packed.data() + (part * padded<T>(N) + first) * depth;
      for (Index n = 0; n < width; n += L)
        for (int i = 0; i < range.count; ++i)
          for (Index j = 0; j < J; ++j) {
            Vec<T> square[L];
            unroll<L>([&](auto lane) {
              const Index row = (part * N + first + n + lane) * blocks + block[range.first + i];
              square[lane] = first + n + lane < N ? load_part(weights + row * U + j * L, U - j * L) : Vec<T>{};
            });
            transpose<T>(square);
            T* to = panel + (j * range.count + i) * L * width + n;
            unroll<L>([&](auto lane) { store(to + lane * width, square[lane]); });
          }
    });
    return packed;
  }

  Buffer<T> bias_, vectors_;
  std::shared_ptr<const Panels> panels_;
  std::array<Buffer<T>, stages> recurrent_adjoints_;
  Buffer<T> input_adjoint_;
};

}  // namespace recurra::rnn
