#include "recurra/ops/indexing.h"

#include <algorithm>
#include <cstring>

#include "recurra/base/checked.h"
#include "recurra/ops/arithmetic.h"
#include "recurra/ops/broadcast.h"
#include "recurra/ops/cast.h"
#include "recurra/ops/layout.h"
#include "recurra/ops/reduction.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

// Indices counted from the front, as int64; refuse(index) throws for one outside an axis of `extent`.
template <class Refuse>
Tensor from_front(const Tensor& indices, Index extent, const char* who, const Refuse& refuse) {
  check(!is_floating(indices.dtype()) && indices.dtype() != DType::boolean, who,
        ": expected integer indices, got dtype ", name_of(indices.dtype()));
  const Tensor out(indices.shape(), DType::int64);
  auto* to = out.data<std::int64_t>();
  const Index count = indices.size();
  const auto convert = [&]<class T>() {
    const T* in = indices.data<T>();
    for (Index k = 0; k < count; ++k) {
      const auto index = static_cast<Index>(in[k]);
      if (index < -extent || index >= extent) [[unlikely]]
        refuse(index);
      to[k] = index < 0 ? index + extent : index;
    }
  };
  if (indices.dtype() == DType::int32) convert.template operator()<std::int32_t>();
  else convert.template operator()<std::int64_t>();
  return out;
}

Tensor indices_from_front(const Tensor& indices, Index extent, int axis) {
  return from_front(indices, extent, "index", [=](Index index) {
    throw std::out_of_range(text("index ", index, " is outside axis ", axis, ", which has ", extent, " elements"));
  });
}

}  // namespace

Tensor checked_indices(const Tensor& indices, Index extent, const char* who) {
  return from_front(indices, extent, who, [=](Index index) {
    throw std::invalid_argument(text(who, ": index ", index, " is outside an axis of ", extent, " elements"));
  });
}

Tensor take(const Tensor& x, const Tensor& indices, Index along) {
  const int axis = checked_axis(along, x.rank(), "take");
  const Index extent = x.shape(axis);
  const Tensor rows = checked_indices(indices, extent, "take");
  Shape shape;
  for (int k = 0; k < axis; ++k) shape.push_back(x.shape(k));
  for (const Index e : indices.shape()) shape.push_back(e);
  for (int k = axis + 1; k < x.rank(); ++k) shape.push_back(x.shape(k));
  const Tensor out(shape, x.dtype());
  const Index outer = x.shape().count(0, axis);
  const Index inner = x.shape().count(axis + 1, x.rank());
  const Index count = rows.size();
  const auto bytes = as_size(inner) * size_of(x.dtype());
  const auto* at = rows.data<std::int64_t>();
  if (out.size() > 0)
    parallel_blocks(outer * count, 1 + elementwise_block / (inner + 1), static_cast<double>(out.size()),
                    [&](Index begin, Index end) {
                      for (Index row = begin; row < end; ++row) {
                        const Index source = row / count * extent + at[row % count];
                        std::memcpy(out.bytes() + as_size(row) * bytes, x.bytes() + as_size(source) * bytes, bytes);
                      }
                    });
  if (needs_recording({&x}))
    record("take", {x}, {out}, [rows, outer, inner, extent](const BackwardPass& pass) {
      if (!pass.wants(0)) return;
      const Tensor sum = pass.accumulator(0);
      const Tensor& g = pass.output_gradient();
      if (g.size() == 0) return;
      const Index count = rows.size();
      const auto* at = rows.data<std::int64_t>();
      dispatch_float(sum.dtype(), "take", [&]<class T>() {
        for (Index o = 0; o < outer; ++o)
          for (Index k = 0; k < count; ++k) {
            T* __restrict target = sum.data<T>() + (o * extent + at[k]) * inner;
            const T* term = g.data<T>() + (o * count + k) * inner;
            for (Index i = 0; i < inner; ++i) target[i] += term[i];
          }
      });
    });
  return out;
}

Tensor take_along_axis(const Tensor& given, const Tensor& indices, Index along) {
  const int axis = checked_axis(along, given.rank(), "take_along_axis");
  check(indices.rank() == given.rank(), "take_along_axis: x of shape ", given.shape(), " and indices of shape ",
        indices.shape(), " must have the same number of axes");
  Shape x_shape = given.shape();
  Shape index_shape = indices.shape();
  x_shape[axis] = index_shape[axis] = 1;
  const Shape common = broadcast_shape(x_shape, index_shape, "take_along_axis");
  x_shape = index_shape = common;
  x_shape[axis] = given.shape(axis);
  index_shape[axis] = indices.shape(axis);
  const Tensor x = broadcast_to(given, x_shape);
  const Tensor at = broadcast_to(checked_indices(indices, x_shape[axis], "take_along_axis"), index_shape);
  const Index extent = x_shape[axis];
  const Index count = index_shape[axis];
  const Index inner = common.count(axis + 1, common.rank());
  const Index outer = common.count(0, axis);
  const auto for_each = [outer, inner, extent, count, at](const auto& visit) {
    if (at.size() == 0) return;
    const auto* index = at.data<std::int64_t>();
    for (Index o = 0; o < outer; ++o)
      for (Index k = 0; k < count; ++k)
        for (Index i = 0; i < inner; ++i) {
          const Index here = (o * count + k) * inner + i;
          visit(here, (o * extent + index[here]) * inner + i);
        }
  };
  const Tensor out(index_shape, x.dtype());
  dispatch_any(x.dtype(), [&]<class T>() {
    for_each([to = out.data<T>(), from = x.data<T>()](Index here, Index there) { to[here] = from[there]; });
  });
  if (needs_recording({&x}))
    record("take_along_axis", {x}, {out}, [for_each](const BackwardPass& pass) {
      if (!pass.wants(0)) return;
      const Tensor sum = pass.accumulator(0);
      dispatch_float(sum.dtype(), "take_along_axis", [&]<class T>() {
        for_each([to = sum.data<T>(), g = pass.output_gradient().data<T>()](Index here, Index there) {
          to[there] += g[here];
        });
      });
    });
  return out;
}

std::vector<Tensor> true_positions(const Tensor& mask) {
  const auto truth = mask.span<bool>();
  const Index count = std::ranges::count(truth, true);
  std::vector<Tensor> out;
  for (int axis = 0; axis < mask.rank(); ++axis) out.emplace_back(Shape{count}, DType::int64);
  Index at = 0;
  for (Index k = 0; k < mask.size(); ++k) {
    if (!truth[as_size(k)]) continue;
    Index rest = k;
    for (int axis = mask.rank() - 1; axis >= 0; --axis) {
      out[as_size(axis)].data<std::int64_t>()[at] = rest % mask.shape(axis);
      rest /= mask.shape(axis);
    }
    ++at;
  }
  return out;
}

Tensor take_points(const Tensor& x, const std::vector<Tensor>& indices, const std::vector<int>& axes, bool apart) {
  assert(!indices.empty() && indices.size() == axes.size());
  if (indices.size() == 1) return take(x, indices[0], axes[0]);
  // The indexed axes are brought together and counted as one.
  Tensor flat = Tensor::scalar(0, DType::int64);
  std::vector<Index> order(axes.begin(), axes.end());
  Shape merged{1};
  for (std::size_t k = 0; k < indices.size(); ++k) {
    const Index extent = x.shape(axes[k]);
    const Tensor at = indices_from_front(indices[k], extent, axes[k]);
    const Tensor length(Shape{}, DType::int64);
    *length.data<std::int64_t>() = extent;
    flat = add(multiply(flat, length), at);
    merged[0] = checked_multiply(merged[0], extent, "index");
  }
  for (int axis = 0; axis < x.rank(); ++axis)
    if (std::ranges::find(order, axis) == order.end()) {
      order.push_back(axis);
      merged.push_back(x.shape(axis));
    }
  Tensor out = take(reshape(transpose(x, order), merged), flat, 0);
  if (apart || axes[0] == 0) return out;
  // The axes of the indices stand where the first indexed axis stood.
  std::vector<Index> back;
  for (int k = 0; k < axes[0]; ++k) back.push_back(flat.rank() + k);
  for (int k = 0; k < flat.rank(); ++k) back.push_back(k);
  for (int k = flat.rank() + axes[0]; k < out.rank(); ++k) back.push_back(k);
  return transpose(out, back);
}

Tensor put_rows(const Tensor& given, const Tensor& indices, const Tensor& updates, bool overwrite) {
  const char* const who = overwrite ? "scatter_update" : "scatter";
  check(given.rank() >= 1, who, ": expected a tensor with at least one axis");
  const DType dtype = promoted(given.dtype(), updates.dtype());
  const Tensor x = cast(given, dtype);
  const Tensor rows = checked_indices(indices, x.shape(0), who);
  Shape expected = indices.shape();
  for (int k = 1; k < x.rank(); ++k) expected.push_back(x.shape(k));
  const Tensor values = broadcast_to(cast(updates, dtype), expected);
  const Index inner = x.shape().count(1, x.rank());
  const Index count = rows.size();
  const Tensor out = x.clone();
  const auto* at = rows.data<std::int64_t>();
  dispatch_any(dtype, [&]<class T>() {
    for (Index k = 0; k < count; ++k) {
      T* to = out.data<T>() + at[k] * inner;
      const T* from = values.data<T>() + k * inner;
      for (Index i = 0; i < inner; ++i) to[i] = overwrite ? from[i] : static_cast<T>(to[i] + from[i]);
    }
  });
  if (needs_recording({&x, &values}))
    record(who, {x, values}, {out}, [rows, inner, overwrite, expected](const BackwardPass& pass) {
      const Tensor& g = pass.output_gradient();
      const auto* at = rows.data<std::int64_t>();
      dispatch_float(g.dtype(), "scatter", [&]<class T>() {
        // The last update of a row is the one that shows; earlier ones and the old row get no gradient.
        std::vector<Index> last(as_size(g.shape(0)), -1);
        for (Index k = 0; overwrite && k < rows.size(); ++k) last[as_size(at[k])] = k;
        if (pass.wants(0)) {
          const Tensor dx = g.clone();
          for (Index row = 0; row < g.shape(0); ++row)
            if (last[as_size(row)] >= 0) std::memset(dx.data<T>() + row * inner, 0, as_size(inner) * sizeof(T));
          pass.add(0, dx);
        }
        if (!pass.wants(1)) return;
        const Tensor dv = Tensor::zeros(expected, g.dtype());
        for (Index k = 0; k < rows.size(); ++k)
          if (!overwrite || last[as_size(at[k])] == k)
            std::memcpy(dv.data<T>() + k * inner, g.data<T>() + at[k] * inner, as_size(inner) * sizeof(T));
        pass.add(1, dv);
      });
    });
  return out;
}

Tensor one_hot(const Tensor& indices, Index classes, Index along, DType dtype) {
  check(classes >= 1, "one_hot: expected num_classes >= 1, got ", classes);
  check(!is_floating(indices.dtype()), "one_hot: expected integer indices, got dtype ", name_of(indices.dtype()));
  const int axis = checked_axis(along, indices.rank() + 1, "one_hot");
  Shape shape;
  for (int k = 0; k <= indices.rank(); ++k) shape.push_back(k == axis ? classes : indices.shape(k < axis ? k : k - 1));
  const Tensor out = Tensor::zeros(shape, dtype);
  const Index inner = shape.count(axis + 1, shape.rank());
  const Tensor numbers = cast(indices, DType::int64);
  const auto* in = numbers.data<std::int64_t>();
  dispatch_any(dtype, [&]<class T>() {
    for (Index k = 0; k < indices.size(); ++k)
      if (in[k] >= 0 && in[k] < classes) out.data<T>()[(k / inner * classes + in[k]) * inner + k % inner] = T(1);
  });
  return out;
}

}  // namespace recurra::ops
