// The gradients of a layer's weights: products of what the forward products read with the gradients of the sums, over
// the rows of a few time steps, while these are in the cache.
#pragma once

#include <vector>

#include "recurra/base/buffer.h"
#include "recurra/rnn/layout.h"

namespace recurra::rnn {

template <class Cell, class T>
class WeightProducts {
  using Layout = CellLayout<Cell, T>;
  static constexpr int L = lanes<T>;
  static constexpr int slots = Cell::slots;
  static constexpr int kept = Layout::kept;

 public:
  /// Rows gathered until there are enough: what the products read, and where gradients stand among what is saved.
  struct Rows {
    explicit Rows(Index capacity)
        : x(static_cast<std::size_t>(capacity)), h(x), operand(x), gradients(x), saved(x), row(x.size()) {}

    std::vector<const T*> x, h, operand, gradients, saved;
    std::vector<Index> row;
    Buffer<T> x_dropped, h_dropped;
    Index rows = 0;
    bool backwards = false;  // how the units are gone through at the next flush
  };

  /// What is saved of a step is laid out for so many rows.
  WeightProducts(const Layout& layout, Index capacity) : layout_(layout), capacity_(capacity) {}

  /// Adds the gathered rows' products to the packed gradients, as far as units of the share go, and lets go of the
  /// rows. Without `input` those of the kernel are left out.
  void flush(Rows& block, bool input, Share share, T* partial) const {
    if (block.rows == 0) return;
    layout_.for_groups(
        [&](Index j, auto blocks) __attribute__((always_inline)) {
          constexpr int ub = decltype(blocks)::value;
          for (Index i = 0; i < block.rows; ++i) {
            const auto at = static_cast<std::size_t>(i);
            block.gradients[at] = block.saved[at] + Layout::saved_place(capacity_, j, block.row[at], ub);
          }
          if (input)
            add_product<ub * Layout::input.count>(block, block.x.data(), layout_.F, Layout::input_slot,
                                                  partial + layout_.input_gradient(j));
          unroll<Layout::stages>([&](auto stage) __attribute__((always_inline)) {
            using Part = StageLayout<Cell, stage>;
            constexpr int vectors = ub * Part::recurrent.count;
            T* out = partial + layout_.recurrent_gradient(stage, j);
            if constexpr (vectors == 0 || Layout::projecting(stage) || Layout::passing(stage)) {
            } else if constexpr (stage == 0) {
              add_product<vectors>(block, block.h.data(), layout_.depth(0), Layout::product_slot(0), out);
            } else {
              add_operand_product<stage, vectors>(block, out);
            }
          });
          sum_gradients<ub, projects<Cell> ? slots - 1 : slots>(block, 0,
                                                                partial + layout_.bias_gradient() + j * slots * L);
        },
        share.turned(block.backwards));
    block.backwards = !block.backwards;
    if constexpr (projects<Cell>) {
      const auto [first, last] = layout_.vectors_of_share(Layout::stages - 1, share);
      for (Index j = first; j < last; ++j) {
        for (Index i = 0; i < block.rows; ++i) {
          const auto at = static_cast<std::size_t>(i);
          block.gradients[at] = block.saved[at] + Layout::saved_place(capacity_, j, block.row[at]);
        }
        add_operand_product<Layout::stages - 1, 1>(block, partial + layout_.recurrent_gradient(Layout::stages - 1, j));
        sum_gradients<1, 1>(block, slots - 1, partial + layout_.bias_gradient() + (j * slots + slots - 1) * L);
      }
    }
    block.rows = 0;
  }

  /// out (K, vectors) += A^T G, where row i of A is a[i] and row i of G the block's gradients from `slot` on.
  template <int vectors>
  RECURRA_INLINE void add_product(const Rows& block, const T* const* a, Index K, int slot, T* out) const {
    gemm::for_tiles<gemm::tile_rows<T>(vectors)>(K, [&](Index k, auto size) __attribute__((always_inline)) {
      constexpr int depth = decltype(size)::value;
      Vec<T> acc[depth][vectors];
      T* place = out + k * vectors * L;
      unroll<depth>([&](auto i) __attribute__((always_inline)) {
        unroll<vectors>([&](auto v)
                            __attribute__((always_inline)) { acc[i][v] = load(place + (i * vectors + v) * L); });
      });
      gemm::multiply_add_transposed(acc, a, k, block.gradients.data(), slot * L, block.rows);
      unroll<depth>([&](auto i) __attribute__((always_inline)) {
        unroll<vectors>([&](auto v)
                            __attribute__((always_inline)) { store(place + (i * vectors + v) * L, acc[i][v]); });
      });
    });
  }

 private:
  // The same for the recurrent product of a later stage, whose operand stands with what is saved.
  template <int stage, int vectors>
  RECURRA_INLINE void add_operand_product(Rows& block, T* out) const {
    for (Index part = 0; part < layout_.J; ++part) {
      for (Index i = 0; i < block.rows; ++i) {
        const auto at = static_cast<std::size_t>(i);
        block.operand[at] =
            block.saved[at] + Layout::saved_place(capacity_, part, block.row[at]) + (slots + stage - 1) * L;
      }
      add_product<vectors>(block, block.operand.data(), std::min<Index>(L, layout_.U - part * L),
                           Layout::product_slot(stage), out + part * L * vectors * L);
    }
  }

  // out += the block's gradients, row by row: of `count` slots from `first` on of ub vectors of units, slots L apart.
  template <int ub, int count>
  RECURRA_INLINE void sum_gradients(const Rows& block, int first, T* out) const {
    Vec<T> sums[ub * count];
    constexpr auto place = [](int v) { return v / count * slots + v % count; };
    unroll<ub * count>([&](auto v) __attribute__((always_inline)) { sums[v] = load(out + place(v) * L); });
    for (Index i = 0; i < block.rows; ++i) {
      const T* row = block.gradients[static_cast<std::size_t>(i)] + first * L;
      unroll<ub * count>(
          [&](auto v) __attribute__((always_inline)) { sums[v] += load(row + (v / count * kept + v % count) * L); });
    }
    unroll<ub * count>([&](auto v) __attribute__((always_inline)) { store(out + place(v) * L, sums[v]); });
  }

  const Layout& layout_;
  const Index capacity_;
};

}  // namespace recurra::rnn
