// Rows of a table, looked up when somebody reads them. An operation that meets rows nobody has read may compute with
// the table instead: multiplying 10,000 rows is less work than multiplying the 64,000 places where they occur.
#pragma once

#include "recurra/base/buffer.h"
#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// y[…] = table[indices[…]]: integer indices of any shape (…), table (N, D) -> (…, D). The gradient adds only to rows
/// in use.
Tensor embedding(const Tensor& indices, const Tensor& table);

/// How the rows of an embedding are made.
class RowsOfTable final : public Recipe {
 public:
  RowsOfTable(Tensor rows, Tensor table) : rows(std::move(rows)), table(std::move(table)) {}
  void make(std::byte* elements) const override;

  const Tensor rows;   ///< int64 in [0, N), shape (…)
  const Tensor table;  ///< (N, D), off the tape
};

/// The recipe of x where x is a whole embedding that nobody has read; else null.
const RowsOfTable* rows_of_table(const Tensor& x);

/// A gradient of looked-up rows that knows a shorter way to the gradient of the table than through its own elements.
class GradientOfRows : public Recipe {
 public:
  explicit GradientOfRows(Tensor rows) : rows(std::move(rows)) {}
  /// Adds to the gradient (N, D) of the table.
  virtual void add_to(const Tensor& table_gradient) const = 0;

  const Tensor rows;
};

/// Where each row of a table is looked up. Letters: U rows in use, M lookups.
struct Occurrences {
  Index used = 0;
  Buffer<std::int32_t> row;    ///< (U) numbers of the rows in use, ascending
  Buffer<std::int32_t> first;  ///< (U + 1) where the places of each begin
  Buffer<std::int32_t> place;  ///< (M) lookups of the rows, one row after the other, ascending within a row
  Buffer<std::int32_t> slot;   ///< (M) the position in `row` of what each lookup finds

  /// Whether counting `lookups` in a table of `size` rows costs little beside doing something with each lookup.
  static bool worth_counting(Index lookups, Index size);
  Occurrences(const Tensor& rows, Index size);
};

}  // namespace recurra::ops
