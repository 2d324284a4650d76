// One time step of a layer, forward: products and the cell's pointwise step for a few rows. The sequence driver runs it
// over whole sequences, a stream one step after another.
//
// The weights meet the rows in panels of one vector of units x all its slots (gemm.h), and the cell's pointwise step
// runs on the sums while they are in the first cache. Every sum is one chain over ascending k, so a row's numbers do
// not depend on the rows beside it.
//
// Letters: F features, U units, L lanes, J vectors of units.
#pragma once

#include "recurra/kernels/gemm.h"
#include "recurra/rnn/normal.h"

namespace recurra::rnn {

/// The rows of a step and where their numbers lie. States stand as [state][row][padded units], what is saved as
/// CellLayout says, for `capacity` rows each.
template <class T>
struct StepRows {
  Index count = 0;                 // rows that take part
  const Index* place = nullptr;    // where each stands among the rows
  const T* const* x = nullptr;     // for each what the input product reads
  const T* const* sums = nullptr;  // or, in place of x, what input_sums() made of it
  const T* const* h = nullptr;     // and the recurrent product of the first stage
  Index capacity = 0;
  const T* before = nullptr;  // states
  T* after = nullptr;
  T* saved = nullptr;                       // nullptr where nothing is to be kept, in a cell that does not need it
  const T* recurrent_dropout = nullptr;     // scale of state 0, laid out like one state
  const T* zoneout = nullptr;               // share of each state that stays, laid out like the states
  Share share = {};                         // of the units: with others, all threads of a team take the step together
  Statistics statistics = Statistics::row;  // of a normalised cell; see NormalRows
  T* mean = nullptr;
  T* variance = nullptr;
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
  Normal<Cell, T> normal{layout};

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
    unroll<Layout::stages>([&](auto stage) {
      forward_stage<stage>(rows);
      if (rows.share.parts > 1) wait_for_team();
    });
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
        start_with_bias<stage>(acc, j);
        add_input_product<stage, Part::input_offset, ub>(acc, x + tile, j);
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

  template <int stage, int M, int vectors>
  RECURRA_INLINE void start_with_bias(Vec<T> (&acc)[M][vectors], Index j) const {
    unroll<vectors>([&](auto v) __attribute__((always_inline)) {
      const Vec<T> start = load(layout.bias() + sum_place<stage>(j, v));
      unroll<M>([&](auto m) __attribute__((always_inline)) { acc[m][v] = start; });
    });
  }

  // acc += x W, from slot `offset` of the tile on.
  template <int stage, int offset, int ub, int M, int S>
  RECURRA_INLINE void add_input_product(Vec<T> (&acc)[M][S], const T* const* x, Index j) const {
    constexpr int count = StageLayout<Cell, stage>::input.count;
    if constexpr (count > 0) {
      const T* in[M];
      unroll<M>([&](auto m) __attribute__((always_inline)) { in[m] = x[m]; });
      gemm::multiply_add_part<offset, ub * count>(acc, in, layout.F, layout.input_panel(stage, j));
    }
  }

  template <int stage>
  void forward_stage(const StepRows<T>& rows) const {
    using Part = StageLayout<Cell, stage>;
    if constexpr (normalised<Cell>) make_normal<stage>(rows);
    layout.template for_stage_groups<stage>(
        [&](Index j, auto blocks) __attribute__((always_inline)) {
          constexpr int ub = decltype(blocks)::value;
          constexpr int vectors = ub * Part::count;
          gemm::for_tiles<gemm::tile_rows<T>(vectors)>(
              rows.count, [&](Index tile, auto size) __attribute__((always_inline)) {
                constexpr int M = decltype(size)::value;
                Vec<T> acc[M][vectors];
                if constexpr (normalised<Cell>) {
                  start_with_bias<stage>(acc, j);
                  add_normal<stage, Layout::stages>(acc, rows, tile, j);
                  add_normal<stage, stage>(acc, rows, tile, j);
                } else {
                  if (rows.sums) {
                    unroll<M>([&](auto m) __attribute__((always_inline)) {
                      unroll<vectors>([&](auto v) __attribute__((always_inline)) {
                        acc[m][v] = load(rows.sums[tile + m] + sum_place<stage>(j, v));
                      });
                    });
                  } else {
                    start_with_bias<stage>(acc, j);
                    add_input_product<stage, Part::input_offset, ub>(acc, rows.x + tile, j);
                  }
                  if constexpr (Part::recurrent.count > 0)
                    add_recurrent_product<stage, Part::recurrent_offset, ub>(acc, rows, tile, j);
                }
                alignas(simd_bytes) T sums[M * vectors * L];
                unroll<M>([&](auto m) __attribute__((always_inline)) {
                  unroll<vectors>(
                      [&](auto v) __attribute__((always_inline)) { store(sums + (m * vectors + v) * L, acc[m][v]); });
                });
                with_functions([&](const auto& functions) __attribute__((always_inline)) {
                  forward_units<stage>(functions, rows, j, blocks, rows.place + tile, M, sums);
                });
              });
        },
        rows.share);
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

  T* saved_of(const StepRows<T>& rows, Index j, Index row) const {
    return rows.saved + layout.saved_place(rows.capacity, j, rows.place[row]);
  }

  // The sums of a stage, normalised: those of the input with the first one.
  template <int stage>
  void make_normal(const StepRows<T>& rows) const {
    using Part = StageLayout<Cell, stage>;
    const NormalRows<T> normal_rows{rows.count, rows.place,      rows.saved, rows.capacity,
                                    rows.share, rows.statistics, rows.mean,  rows.variance};
    if constexpr (stage == 0) {
      unroll<Layout::stages>([&](auto part) {
        constexpr int number = decltype(part)::value;
        constexpr SlotRange fed = StageLayout<Cell, number>::input;
        save_sums<fed.count, Layout::input_slot + fed.first - Layout::input.first>(
            rows, [&](auto& acc, Index tile, Index j)
                      __attribute__((always_inline)) { add_input_product<number, 0, 1>(acc, rows.x + tile, j); });
      });
      normal.template forward<Layout::stages>(normal_rows);
    }
    save_sums<Part::recurrent.count, Layout::product_slot(stage)>(
        rows, [&](auto& acc, Index tile, Index j) __attribute__((always_inline)) {
          if constexpr (Layout::passing(stage)) {
            constexpr int M = std::extent_v<std::remove_reference_t<decltype(acc)>>;
            unroll<M>([&](auto m) __attribute__((always_inline)) {
              acc[m][0] = load(saved_of(rows, j, tile + m) + (slots + stage - 1) * L);
            });
          } else {
            add_recurrent_product<stage, 0, 1>(acc, rows, tile, j);
          }
        });
    normal.template forward<stage>(normal_rows);
  }

  // Sums of all units, `count` of each from `place` on among what is saved: add(acc, tile, j) makes them.
  template <int count, int place, class Add>
  [[gnu::noinline]] void save_sums(const StepRows<T>& rows, const Add& add) const {
    if constexpr (count > 0)
      for (Index j = rows.share.begin(layout.J); j < rows.share.end(layout.J); ++j)
        gemm::for_tiles<gemm::tile_rows<T>(count)>(
            rows.count, [&](Index tile, auto size) __attribute__((always_inline)) {
              constexpr int M = decltype(size)::value;
              Vec<T> acc[M][count] = {};
              add(acc, tile, j);
              unroll<M>([&](auto m) __attribute__((always_inline)) {
                unroll<count>([&](auto s) __attribute__((always_inline)) {
                  store(saved_of(rows, j, tile + m) + (place + s) * L, acc[m][s]);
                });
              });
            });
  }

  // acc += gains times the normalised sums of a set, as far as they are the stage's.
  template <int stage, int set, int M, int S>
  RECURRA_INLINE void add_normal(Vec<T> (&acc)[M][S], const StepRows<T>& rows, Index tile, Index j) const {
    constexpr int place = Layout::normal_set(set).place;
    unroll<Layout::normal_set(set).count>([&](auto s) __attribute__((always_inline)) {
      constexpr int v = Layout::normal_set(set).slot + s - StageLayout<Cell, stage>::first;
      if constexpr (v >= 0 && v < S) {
        const Vec<T> gain = load(layout.vectors_at(j) + Layout::normal_gain(set, s) * L);
        unroll<M>([&](auto m) __attribute__((always_inline)) {
          acc[m][v] += gain * load(saved_of(rows, j, tile + m) + (place + s) * L);
        });
      }
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
