// One time step of a layer, forward: products and the cell's pointwise step for a few rows. The sequence driver runs it
// over whole sequences, a stream one step after another.
//
// The weights meet the rows in panels of one vector of units x all its slots (gemm.h), and the cell's pointwise step
// runs on the sums while they are in the first cache. Every sum is one chain over ascending k, so a row's numbers do
// not depend on the rows beside it.
//
// Letters: F features, U units, L lanes, J vectors of units.
#pragma once

#include <cmath>

#include "recurra/kernels/gemm.h"
#include "recurra/rnn/layout.h"

namespace recurra::rnn {

/// Added to a variance before its root is taken; Keras's in its layer normalisation.
inline constexpr double normal_epsilon = 1e-3;

template <class T>
RECURRA_INLINE T lane_sum(Vec<T> x) {
  T sum = 0;
  for (int lane = 0; lane < lanes<T>; ++lane) sum += x[lane];
  return sum;
}

/// The rows of a step and where their numbers lie. States stand as [state][row][padded units], what is saved as
/// CellLayout says, for `capacity` rows each.
template <class T>
struct StepRows {
  Index count = 0;                 // rows that take part
  const Index* place = nullptr;    // where each stands among the rows
  const T* const* x = nullptr;     // for each what the input product reads, or its sums by column blocks
  const T* const* sums = nullptr;  // or, in place of x, what input_sums() made of it
  bool input_sums = false;         // whether x holds sums
  const T* const* h = nullptr;     // and the recurrent product of the first stage
  Index capacity = 0;
  const T* before = nullptr;  // states
  T* after = nullptr;
  T* saved = nullptr;                    // nullptr where nothing is to be kept, in a cell that does not need it
  const T* recurrent_dropout = nullptr;  // scale of state 0, laid out like one state
  const T* zoneout = nullptr;            // share of each state that stays, laid out like the states
};

template <class Cell, class T>
class Step {
  static constexpr int L = lanes<T>;
  static constexpr int slots = Cell::slots;
  static constexpr int unit_width = std::is_same_v<T, float> ? 3 : 1;  // vectors that take the cell's step together

 public:
  using Layout = CellLayout<Cell, T>;

  Step(Index features, Index units, Index width, Index taps, const Functions& functions, T clip)
      : layout(features, units, width, taps), functions_(functions), clip_(clip) {}

  Layout layout;

  Index padded_units() const { return layout.stride; }
  /// Elements of the states, and of what is saved, of so many rows.
  Index states_size(Index rows) const { return Cell::states * rows * padded_units(); }
  Index saved_size(Index rows) const { return layout.saved_size(rows); }

  /// Calls body(functions): the usual ones as types of their own, so that the compiler knows them.
  template <class Body>
  RECURRA_INLINE void with_functions(Body&& body) const {
    if (usual_ && functions_.activation == Activation::tanh) body(KnownFunctions<Activation::tanh>{});
    else if (usual_ && functions_.activation == Activation::relu) body(KnownFunctions<Activation::relu>{});
    else body(ChosenFunctions{{functions_.activation}, {functions_.recurrent}});
  }
  T clip() const { return clip_; }

  void forward(const StepRows<T>& rows) const {
    unroll<Layout::stages>([&](auto stage) { forward_stage<stage>(rows); });
  }

  /// Numbers of a row of input sums: [unit vector][slot][lane].
  Index sums_size() const { return layout.stride * slots; }

  /// Bias and input products of `count` rows, one row of sums behind the other.
  void input_sums(Index count, const T* const* x, T* sums) const {
    unroll<Layout::stages>([&](auto stage) { input_sums_of_stage<stage>(count, x, sums); });
  }

 private:
  template <int stage>
  [[gnu::noinline]] void input_sums_of_stage(Index count, const T* const* x, T* sums) const {
    using Part = StageLayout<Cell, stage>;
    layout.template for_stage_groups<stage>([&](Index j, auto blocks) __attribute__((always_inline)) {
      constexpr int ub = decltype(blocks)::value;
      constexpr int vectors = ub * Part::count;
      gemm::for_tiles<gemm::tile_rows<T>(vectors)>(count, [&](Index tile, auto size) __attribute__((always_inline)) {
        constexpr int M = decltype(size)::value;
        Vec<T> acc[M][vectors];
        start_with_input<stage, ub>(acc, x + tile, j);
        unroll<M>([&](auto m) __attribute__((always_inline)) {
          unroll<vectors>([&](auto v) __attribute__((always_inline)) {
            store(sums + (tile + m) * sums_size() + sum_place<stage>(j, v), acc[m][v]);
          });
        });
      });
    });
  }

  // Where vector v of a stage's sums stands in the bias and in a row of input sums.
  template <int stage>
  static constexpr Index sum_place(Index j, int v) {
    using Part = StageLayout<Cell, stage>;
    return ((j + v / Part::count) * slots + Part::first + v % Part::count) * L;
  }

  // acc = bias + x W.
  template <int stage, int ub, int M, int vectors>
  RECURRA_INLINE void start_with_input(Vec<T> (&acc)[M][vectors], const T* const* x, Index j) const {
    using Part = StageLayout<Cell, stage>;
    const T* in[M];
    unroll<M>([&](auto m) __attribute__((always_inline)) { in[m] = x[m]; });
    unroll<vectors>([&](auto v) __attribute__((always_inline)) {
      const Vec<T> start = load(layout.bias() + sum_place<stage>(j, v));
      unroll<M>([&](auto m) __attribute__((always_inline)) { acc[m][v] = start; });
    });
    if constexpr (Part::input.count > 0)
      gemm::multiply_add_part<Part::input_offset, ub * Part::input.count>(acc, in, layout.F,
                                                                          layout.input_panel(stage, j));
  }

  template <int stage>
  void forward_stage(const StepRows<T>& rows) const {
    using Part = StageLayout<Cell, stage>;
    constexpr bool normal = normalised<Cell> && Part::recurrent.count > 0;
    if constexpr (normal) make_normal<stage>(rows);
    layout.template for_stage_groups<stage>([&](Index j, auto blocks) __attribute__((always_inline)) {
      constexpr int ub = decltype(blocks)::value;
      constexpr int vectors = ub * Part::count;
      gemm::for_tiles<gemm::tile_rows<T>(vectors)>(
          rows.count, [&](Index tile, auto size) __attribute__((always_inline)) {
            constexpr int M = decltype(size)::value;
            Vec<T> acc[M][vectors];
            if (rows.sums) {
              unroll<M>([&](auto m) __attribute__((always_inline)) {
                unroll<vectors>([&](auto v) __attribute__((always_inline)) {
                  acc[m][v] = load(rows.sums[tile + m] + sum_place<stage>(j, v));
                });
              });
            } else {
              start_with_input<stage, ub>(acc, rows.x + tile, j);
              if constexpr (Part::input.count > 0)
                if (rows.input_sums) add_input_sums<stage, ub>(acc, rows.x + tile, j);
            }
            if constexpr (normal) add_normal<stage>(acc, rows, tile, j);
            else if constexpr (Part::recurrent.count > 0)
              add_recurrent_product<stage, Part::recurrent_offset, ub>(acc, rows, tile, j);
            alignas(simd_bytes) T sums[M * vectors * L];
            unroll<M>([&](auto m) __attribute__((always_inline)) {
              unroll<vectors>([&](auto v)
                                  __attribute__((always_inline)) { store(sums + (m * vectors + v) * L, acc[m][v]); });
            });
            with_functions([&](const auto& functions) __attribute__((always_inline)) {
              forward_units<stage>(functions, rows, j, blocks, rows.place + tile, M, sums);
            });
          });
    });
  }

  // acc += the recurrent product of a stage, from slot `offset` of the tile on.
  template <int stage, int offset, int ub, int M, int S>
  RECURRA_INLINE void add_recurrent_product(Vec<T> (&acc)[M][S], const StepRows<T>& rows, Index tile, Index j) const {
    constexpr int count = StageLayout<Cell, stage>::recurrent.count;
    const T* panel = layout.recurrent_panel(stage, j);
    const T* in[M];
    if constexpr (stage == 0) {
      unroll<M>([&](auto m) __attribute__((always_inline)) { in[m] = rows.h[tile + m]; });
      gemm::multiply_add_part<offset, ub * count>(acc, in, layout.depth(0), panel);
    } else {
      // The operand stands with what is saved, one vector of units at a time.
      for (Index block = 0; block < layout.J; ++block) {
        unroll<M>([&](auto m) __attribute__((always_inline)) {
          in[m] = saved_of(rows, block, tile + m) + (slots + stage - 1) * L;
        });
        gemm::multiply_add_part<offset, ub * count>(acc, in, std::min<Index>(L, layout.U - block * L),
                                                    panel + block * L * count * L);
      }
    }
  }

  // acc += the input product's sums as they came.
  template <int stage, int ub, int M, int S>
  RECURRA_INLINE void add_input_sums(Vec<T> (&acc)[M][S], const T* const* x, Index j) const {
    using Part = StageLayout<Cell, stage>;
    unroll<S>([&](auto v) __attribute__((always_inline)) {
      constexpr int b = v / Part::count, block = Cell::input_block[Part::first + v % Part::count];
      if constexpr (block != none) {
        const Index u = (j + b) * L;
        unroll<M>([&](auto m) __attribute__((always_inline)) {
          acc[m][v] += load_part(x[m] + block * layout.U + u, layout.U - u);
        });
      }
    });
  }

  T* saved_of(const StepRows<T>& rows, Index j, Index row) const {
    return rows.saved + layout.saved_place(rows.capacity, j, rows.place[row]);
  }

  // Recurrent sums of all units of a stage, normalised row by row, into their place among what is saved.
  template <int stage>
  [[gnu::noinline]] void make_normal(const StepRows<T>& rows) const {
    constexpr int count = StageLayout<Cell, stage>::recurrent.count, first = Layout::product_slot(stage);
    for (Index j = 0; j < layout.J; ++j)
      gemm::for_tiles<gemm::tile_rows<T>(count)>(rows.count, [&](Index tile, auto size) __attribute__((always_inline)) {
        constexpr int M = decltype(size)::value;
        Vec<T> acc[M][count];
        unroll<M>([&](auto m) __attribute__((always_inline)) {
          unroll<count>([&](auto s) __attribute__((always_inline)) {
            acc[m][s] = Layout::passing(stage) ? load(saved_of(rows, j, tile + m) + (slots + stage - 1) * L) : Vec<T>{};
          });
        });
        if constexpr (!Layout::passing(stage)) add_recurrent_product<stage, 0, 1>(acc, rows, tile, j);
        unroll<M>([&](auto m) __attribute__((always_inline)) {
          unroll<count>([&](auto s) __attribute__((always_inline)) {
            store(saved_of(rows, j, tile + m) + (first + s) * L, acc[m][s]);
          });
        });
      });
    const T number = static_cast<T>(layout.U * count);
    for (Index row = 0; row < rows.count; ++row) {
      // Places past the last unit are kept zero, and so do not count.
      const auto each = [&](auto&& body) {
        for (Index j = 0; j < layout.J; ++j)
          for (int s = 0; s < count; ++s) body(saved_of(rows, j, row) + (first + s) * L, layout.U - j * L);
      };
      Vec<T> sum{}, squares{};
      each([&](T* place, Index left) { sum += load_part(place, left); });
      const Vec<T> mean = broadcast(lane_sum<T>(sum) / number);
      each([&](T* place, Index left) {
        const Vec<T> centred = load(place) - mean;
        store(place, Vec<T>{});
        store_part(place, centred, left);
        const Vec<T> counted = load(place);
        squares += counted * counted;
      });
      const T inverse = T(1) / std::sqrt(lane_sum<T>(squares) / number + T(normal_epsilon));
      each([&](T* place, Index) { store(place, load(place) * inverse); });
      saved_of(rows, 0, row)[Layout::spread * L + stage] = inverse;
    }
  }

  // acc += gain times the normalised recurrent sums.
  template <int stage, int M, int S>
  RECURRA_INLINE void add_normal(Vec<T> (&acc)[M][S], const StepRows<T>& rows, Index tile, Index j) const {
    using Part = StageLayout<Cell, stage>;
    unroll<Part::recurrent.count>([&](auto s) __attribute__((always_inline)) {
      const Vec<T> gain = load(layout.vectors_at(j) + Layout::gain_of(Part::recurrent.first + s) * L);
      unroll<M>([&](auto m) __attribute__((always_inline)) {
        acc[m][Part::recurrent_offset + s] +=
            gain * load(saved_of(rows, j, tile + m) + (Layout::product_slot(stage) + s) * L);
      });
    });
  }

  // The cell's step for `count` rows and `ub` vectors of units from j on. Compiled once, whatever tile the sums came
  // from.
  template <int stage, class F, int ub>
  [[gnu::noinline]] void forward_units(const F& functions, const StepRows<T>& rows, Index j,
                                       std::integral_constant<int, ub>, const Index* places, int count,
                                       const T* sums) const {
    using Part = StageLayout<Cell, stage>;
    const Index padded = padded_units();
    gemm::for_tiles<unit_width>(count * ub, [&](Index first, auto size) __attribute__((always_inline)) {
      constexpr int width = decltype(size)::value;
      ForwardUnit<T, slots, stage, width> unit;
      unit.state_stride = rows.capacity * padded;
      unit.clip = clip_;
      unroll<width>([&](auto i) __attribute__((always_inline)) {
        const Index item = first + i;
        const Index row = places[item / ub];
        const Index b = item % ub;
        unroll<Part::count>([&](auto slot) __attribute__((always_inline)) {
          unit.sum[Part::first + slot].part[i] = load(sums + (item * Part::count + slot) * L);
        });
        const Index place = row * padded + (j + b) * L;
        unit.place[i] = {rows.before + place,
                         rows.after + place,
                         rows.saved ? rows.saved + layout.saved_place(rows.capacity, j, row, ub, b) : nullptr,
                         rows.recurrent_dropout ? rows.recurrent_dropout + place : nullptr,
                         rows.zoneout ? rows.zoneout + place : nullptr,
                         layout.vectors_at(j + b)};
      });
      Cell::template forward<stage>(functions, unit);
    });
  }

  const Functions functions_;
  const T clip_;
  const bool usual_ = functions_.recurrent == Activation::sigmoid;
};

}  // namespace recurra::rnn
