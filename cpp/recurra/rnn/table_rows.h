// A layer whose input is rows of a table that nobody has read yet (ops/embedding.h): the rows in use meet the kernel
// once, and every step looks the sums up; backwards the gradients of all places of a row are summed first, then
// multiplied.
//
// Letters: B batch, T time, F features, L lanes, J vectors of units.
#pragma once

#include "recurra/rnn/sequence.h"
#include "recurra/rnn/step.h"

namespace recurra::rnn {

template <class T>
class TableRows {
  static constexpr int L = lanes<T>;

 public:
  /// What a step saves is laid out for `capacity` rows. All that is given is borrowed.
  TableRows(const Sequence<T>& sequence, const Step<T>& step, Index capacity)
      : s_(sequence), step_(step), layout_(step.layout), capacity_(capacity) {}

  /// Input sums of all rows in use, for row().
  void make_sums();
  void drop_sums() { sums_ = {}; }

  /// The input sums of a row of the batch at a step.
  const T* row(Index row, Index step) const {
    return sums_.data() + found().slot[row * s_.steps + s_.source_time(step)] * layout_.sums_size();
  }

  /// For every row in use the sum of the gradients of its sums over all its places: [unit vector][slot][lane]. They
  /// stand among what was saved.
  void sum_gradients(const T* saved);
  /// Adds the kernel's gradient to the packed ones.
  void add_kernel_gradient(T* packed) const;
  /// Adds the table's gradient.
  void add_gradient(T* dtable) const;

 private:
  const ops::Occurrences& found() const { return *s_.table_input.found; }
  const T* table_row(Index used) const { return s_.table_input.table + found().row[used] * s_.F; }
  int fed() const { return layout_.shape.input.count; }
  Index gradient_width() const { return layout_.J * fed() * L; }
  template <class Body>
  void for_rows(Index width, const Body& body) const;
  const T* saved_at(const T* saved, Index place) const;
  void prefetch_place(const T* saved, Index place) const;
  void add_place(const T* saved, Index place, T* sum) const;

  const Sequence<T>& s_;
  const Step<T>& step_;
  const CellLayout<T>& layout_;
  const Index capacity_;
  Buffer<T> sums_, gradients_;
};

}  // namespace recurra::rnn
