// The gradients of a layer's weights: products of what the forward products read with the gradients of the sums, over
// the rows of a few time steps, while these are in the cache.
#pragma once

#include <vector>

#include "recurra/base/buffer.h"
#include "recurra/rnn/layout.h"

namespace recurra::rnn {

/// Rows gathered until there are enough: what the products read, and pointers to the gradients among what is saved.
template <class T>
struct GatheredRows {
  explicit GatheredRows(Index capacity)
      : x(static_cast<std::size_t>(capacity)), h(x), operand(x), gradients(x), saved(x), row(x.size()) {}

  std::vector<const T*> x, h, operand, gradients, saved;
  std::vector<Index> row;
  Buffer<T> x_dropped, h_dropped;
  Index rows = 0;
  bool backwards = false;  // how the units are gone through at the next flush
};

template <class T>
class WeightGradients {
  static constexpr int L = lanes<T>;

 public:
  /// What is saved of a step is laid out for so many rows.
  WeightGradients(const CellLayout<T>& layout, Index capacity) : layout_(layout), capacity_(capacity) {}

  /// Adds the gathered rows' products to the packed gradients, as far as units of the share go, and lets go of the
  /// rows. Without `input` those of the kernel are left out.
  void flush(GatheredRows<T>& block, bool input, const Share& share, T* packed) const;

 private:
  void set_gradients(GatheredRows<T>& block, Index j, int group) const;
  void add_operand_product(GatheredRows<T>& block, int stage, int vectors, T* out) const;

  const CellLayout<T>& layout_;
  const Index capacity_;
};

}  // namespace recurra::rnn
