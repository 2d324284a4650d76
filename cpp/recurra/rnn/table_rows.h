// A layer whose input is rows of a table that nobody has read yet (ops/embedding.h): the rows in use meet the kernel
// once, and every step looks the sums up; backwards the gradients of all places of a row are summed first, then
// multiplied.
//
// Letters: B batch, T time, F features, L lanes, J vectors of units.
#pragma once

#include <array>

#include "recurra/base/parallel.h"
#include "recurra/rnn/runner.h"
#include "recurra/rnn/step.h"
#include "recurra/rnn/weight_products.h"

namespace recurra::rnn {

template <class Cell, class T>
class TableRows {
  using Layout = CellLayout<Cell, T>;
  static constexpr int L = lanes<T>;
  static constexpr int fed = Layout::input.count;
  static constexpr Index task = 64;     // rows of the table that a task takes
  static constexpr Index group = 1024;  // rows of the table whose part of the kernel's gradient is summed together
  static constexpr Index ahead = 4;     // how many places before its turn one is asked for

 public:
  /// What a step saves is laid out for `capacity` rows.
  TableRows(const Sequence<T>& sequence, const Step<Cell, T>& step, const WeightProducts<Cell, T>& products,
            Index capacity)
      : s_(sequence), step_(step), layout_(step.layout), products_(products), capacity_(capacity) {}

  /// Input sums of all rows in use, for row().
  void make_sums() {
    const Index width = step_.sums_size();
    sums_ = Buffer<T>(found().used * width);
    for_rows(width, [&](Index begin, Index end) {
      std::array<const T*, task> rows;
      for (Index i = begin; i < end; ++i) rows[static_cast<std::size_t>(i - begin)] = table_row(i);
      step_.input_sums(end - begin, rows.data(), sums_.data() + begin * width);
    });
  }
  void drop_sums() { sums_ = {}; }

  /// The input sums of a row of the batch at a step.
  const T* row(Index row, Index step) const {
    return sums_.data() + found().slot[row * s_.steps + s_.source_time(step)] * step_.sums_size();
  }

  /// For every row in use the sum of the gradients of its sums over all its places: [unit vector][slot][lane]. They
  /// stand among what was saved.
  void sum_gradients(const T* saved) {
    const Index width = gradient_width();
    gradients_ = Buffer<T>(found().used * width);
    const auto& place = found().place;
    const auto& first = found().first;
    parallel_blocks(found().used, task, static_cast<double>(4 * s_.B * s_.steps * width), [&](Index begin, Index end) {
      for (Index u = begin; u < end; ++u) {
        T* sum = gradients_.data() + u * width;
        std::fill_n(sum, width, T(0));
        for (Index i = first[u]; i < first[u + 1]; ++i) {
          if (i + ahead < place.size()) prefetch_place(saved, place[i + ahead]);
          add_place(saved, place[i], sum);
        }
      }
    });
  }

  /// Adds the kernel's gradient to the packed ones.
  void add_kernel_gradient(T* packed) const {
    const Index used = found().used;
    const Index size = layout_.recurrent_gradient(0, 0);
    const Index groups = (used + group - 1) / group;
    const Buffer<T> partial(groups * size, T(0));
    parallel_for(groups, 2.0 * static_cast<double>(used * size), [&](Index number) {
      typename WeightProducts<Cell, T>::Rows block(std::min(used, group));
      const Index begin = number * group;
      block.rows = std::min(used - begin, group);
      for (Index i = 0; i < block.rows; ++i) block.x[static_cast<std::size_t>(i)] = table_row(begin + i);
      layout_.for_groups([&](Index j, auto blocks) __attribute__((always_inline)) {
        constexpr int ub = decltype(blocks)::value;
        for (Index i = 0; i < block.rows; ++i)
          block.gradients[static_cast<std::size_t>(i)] =
              gradients_.data() + (begin + i) * gradient_width() + j * fed * L;
        products_.template add_product<ub * fed>(block, block.x.data(), s_.F, 0,
                                                 partial.data() + number * size + layout_.input_gradient(j));
      });
    });
    for (Index number = 0; number < groups; ++number) add_row(packed, partial.data() + number * size, size);
  }

  /// Adds the table's gradient.
  void add_gradient(T* dtable) const {
    const Index width = gradient_width();
    for_rows(width, [&](Index begin, Index end) {
      const Buffer<T> block(task * s_.F);
      gemm::multiply(gradients_.data() + begin * width, width, end - begin, width, layout_.input_adjoint(), s_.F,
                     block.data(), s_.F, gemm::Start::zero);
      for (Index i = begin; i < end; ++i)
        add_row(dtable + found().row[i] * s_.F, block.data() + (i - begin) * s_.F, s_.F);
    });
  }

 private:
  const ops::Occurrences& found() const { return *s_.table_input.found; }
  const T* table_row(Index used) const { return s_.table_input.table + found().row[used] * s_.F; }
  Index gradient_width() const { return layout_.J * fed * L; }

  // body(begin, end) for parts of the rows in use, each of which meets a matrix of F times `width` numbers.
  template <class Body>
  void for_rows(Index width, const Body& body) const {
    parallel_blocks(found().used, task, 2.0 * static_cast<double>(found().used * width * s_.F), body);
  }

  // What was saved of the chunk and step of a place.
  const T* saved_at(const T* saved, Index place) const {
    const Index step = s_.source_time(place % s_.steps);
    return saved + (place / s_.steps / capacity_ * s_.steps + step) * step_.saved_size(capacity_);
  }

  void prefetch_place(const T* saved, Index place) const {
    const T* from = saved_at(saved, place);
    layout_.for_groups([&](Index j, auto blocks) {
      constexpr int ub = decltype(blocks)::value;
      prefetch(from + Layout::saved_place(capacity_, j, place / s_.steps % capacity_, ub), ub * Layout::kept * L);
    });
  }

  void add_place(const T* saved, Index place, T* sum) const {
    const Index row = place / s_.steps;
    if (s_.masked(row, s_.source_time(place % s_.steps))) return;
    const T* all = saved_at(saved, place);
    layout_.for_groups([&](Index j, auto blocks) __attribute__((always_inline)) {
      constexpr int ub = decltype(blocks)::value;
      const T* from = all + Layout::saved_place(capacity_, j, row % capacity_, ub) + Layout::input.first * L;
      T* to = sum + j * fed * L;
      unroll<ub * fed>([&](auto v) __attribute__((always_inline)) {
        constexpr int b = v / fed, slot = v % fed;
        store(to + v * L, load(to + v * L) + load(from + (b * Layout::kept + slot) * L));
      });
    });
  }

  const Sequence<T>& s_;
  const Step<Cell, T>& step_;
  const Layout& layout_;
  const WeightProducts<Cell, T>& products_;
  const Index capacity_;
  Buffer<T> sums_, gradients_;
};

}  // namespace recurra::rnn
