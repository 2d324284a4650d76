#include "recurra/ops/embedding.h"

#include <cstring>
#include <limits>

#include "recurra/kernels/gemm.h"
#include "recurra/ops/broadcast.h"
#include "recurra/ops/indexing.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

// sum[row of the table] += g[lookup], every row's lookups in ascending order.
template <class T>
void add_rows(const Tensor& rows, const Tensor& gradient, const Tensor& sum) {
  const Index width = sum.shape(1);
  const Index lookups = rows.size();
  const T* g = gradient.data<T>();
  T* const to = sum.data<T>();
  if (!Occurrences::worth_counting(lookups, sum.shape(0))) {
    const auto* at = rows.data<std::int64_t>();
    for (Index k = 0; k < lookups; ++k)
      for (Index i = 0; i < width; ++i) to[at[k] * width + i] += g[k * width + i];
    return;
  }
  const Occurrences found(rows, sum.shape(0));
  parallel_blocks(found.used, 64, static_cast<double>(4 * gradient.size()), [&](Index begin, Index end) {
    gemm::for_panels<T>(width, [&](Index column, auto S) {
      constexpr int vectors = decltype(S)::value;
      for (Index u = begin; u < end; ++u) {
        T* const target = to + found.row[u] * width + column;
        Vec<T> acc[vectors];
        unroll<vectors>([&](auto s) __attribute__((always_inline)) {
          acc[s] = load_part(target + s * lanes<T>, width - column - s * lanes<T>);
        });
        for (Index k = found.first[u]; k < found.first[u + 1]; ++k) {
          const T* from = g + found.place[k] * width + column;
          unroll<vectors>([&](auto s) __attribute__((always_inline)) {
            acc[s] += load_part(from + s * lanes<T>, width - column - s * lanes<T>);
          });
        }
        unroll<vectors>([&](auto s) __attribute__((always_inline)) {
          store_part(target + s * lanes<T>, acc[s], width - column - s * lanes<T>);
        });
      }
    });
  });
}

void add_gradient(const Tensor& rows, const Tensor& gradient, const Tensor& sum) {
  if (const auto* both = dynamic_cast<const SumOfGradients*>(gradient.recipe())) {
    add_gradient(rows, both->a, sum);
    add_gradient(rows, both->b, sum);
    return;
  }
  const auto* shorter = dynamic_cast<const GradientOfRows*>(gradient.recipe());
  if (shorter && shorter->rows.storage() == rows.storage()) return shorter->add_to(sum);
  dispatch_float(sum.dtype(), "embedding", [&]<class T>() { add_rows<T>(rows, gradient, sum); });
}

}  // namespace

void RowsOfTable::make(std::byte* elements) const {
  const auto bytes = as_size(table.shape(1)) * size_of(table.dtype());
  const auto* at = rows.data<std::int64_t>();
  const std::byte* from = table.bytes();
  parallel_blocks(rows.size(), 1 + elementwise_block / (table.shape(1) + 1),
                  static_cast<double>(rows.size() * table.shape(1)), [&](Index begin, Index end) {
                    for (Index k = begin; k < end; ++k)
                      std::memcpy(elements + as_size(k) * bytes, from + as_size(at[k]) * bytes, bytes);
                  });
}

const RowsOfTable* rows_of_table(const Tensor& x) {
  const auto* recipe = dynamic_cast<const RowsOfTable*>(x.recipe());
  if (!recipe || x.rank() != recipe->rows.rank() + 1 || x.shape().back() != recipe->table.shape(1)) return nullptr;
  for (int axis = 0; axis < recipe->rows.rank(); ++axis)
    if (x.shape(axis) != recipe->rows.shape(axis)) return nullptr;
  return recipe;
}

Tensor embedding(const Tensor& indices, const Tensor& table) {
  check_rank(table, 2, "embedding", "the table");
  if (!is_floating(table.dtype())) return take(table, indices, 0);
  const Tensor rows = checked_indices(indices, table.shape(0), "embedding");
  Shape shape = rows.shape();
  shape.push_back(table.shape(1));
  auto recipe = std::make_unique<RowsOfTable>(rows, table.detach());
  Tensor out;
  if (table.storage()->changes_are_seen()) {
    out = Tensor(shape, table.dtype(), std::move(recipe));
    table.storage()->note_reader(out.storage());
  } else {
    out = Tensor(shape, table.dtype());
    recipe->make(out.bytes());
  }
  if (needs_recording({&table}))
    record("embedding", {table}, {out}, [rows](const BackwardPass& pass) {
      if (pass.wants(0)) add_gradient(rows, pass.output_gradient(), pass.accumulator(0));
    });
  return out;
}

bool Occurrences::worth_counting(Index lookups, Index size) {
  constexpr Index most = std::numeric_limits<std::int32_t>::max();
  return lookups <= most && size <= most && size <= 16 * lookups;
}

Occurrences::Occurrences(const Tensor& rows, Index size) : place(rows.size()), slot(rows.size()) {
  assert(rows.size() <= std::numeric_limits<std::int32_t>::max() && size <= std::numeric_limits<std::int32_t>::max());
  const auto* at = rows.data<std::int64_t>();
  const Index lookups = rows.size();
  const Buffer<std::int32_t> count(size + 1, 0);  // lookups of each row; then its position among those in use
  for (Index k = 0; k < lookups; ++k) ++count[at[k]];
  for (Index r = 0; r < size; ++r) used += count[r] > 0 ? 1 : 0;
  row = Buffer<std::int32_t>(used);
  first = Buffer<std::int32_t>(used + 1);
  const Buffer<std::int32_t> next(used);
  std::int32_t begin = 0;
  Index u = 0;
  for (Index r = 0; r < size; ++r) {
    if (count[r] == 0) continue;
    row[u] = static_cast<std::int32_t>(r);
    first[u] = next[u] = begin;
    begin += count[r];
    count[r] = static_cast<std::int32_t>(u++);
  }
  first[used] = begin;
  for (Index k = 0; k < lookups; ++k) {
    slot[k] = count[at[k]];
    place[next[slot[k]]++] = static_cast<std::int32_t>(k);
  }
}

}  // namespace recurra::ops
