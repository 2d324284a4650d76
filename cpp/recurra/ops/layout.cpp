#include "recurra/ops/layout.h"

#include <algorithm>
#include <cstring>

#include "recurra/base/checked.h"
#include "recurra/ops/broadcast.h"
#include "recurra/ops/reduction.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

using Strides = std::array<Index, Shape::max_rank>;

Strides row_major(const Shape& shape) {
  Strides stride{};
  Index step = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    stride[as_size(axis)] = step;
    step *= shape[axis];
  }
  return stride;
}

// Axes of extent 1 dropped, neighbours that continue each other merged; at least one axis is left.
Walk simplified(const Walk& walk) {
  Walk out{Shape{}};
  out.offset = walk.offset;
  for (int axis = 0; axis < walk.shape.rank(); ++axis) {
    const Index extent = walk.shape[axis];
    const Index stride = walk.stride[as_size(axis)];
    if (extent == 1) continue;
    const int last = out.shape.rank() - 1;
    if (last >= 0 && out.stride[as_size(last)] == stride * extent) {
      out.shape[last] *= extent;
      out.stride[as_size(last)] = stride;
    } else {
      out.stride[as_size(out.shape.rank())] = stride;
      out.shape.push_back(extent);
    }
  }
  if (out.shape.rank() == 0) out.shape.push_back(1);
  return out;
}

// Calls plane(row_major_offset, walk_offset, rows, count, row_stride, stride) for planes of the two innermost axes.
template <class Plane>
void for_each_plane(const Walk& given, const Plane& plane) {
  const Walk walk = simplified(given);
  if (walk.shape.size() == 0) return;
  const int rank = walk.shape.rank();
  const Index count = walk.shape[-1];
  const Index stride = walk.stride[as_size(rank - 1)];
  const Index rows = rank > 1 ? walk.shape[-2] : 1;
  const Index row_stride = rank > 1 ? walk.stride[as_size(rank - 2)] : 0;
  // A task is a band of rows of one plane.
  const Index band = std::min(rows, std::max<Index>(16, elementwise_block / count));
  const Index bands = (rows + band - 1) / band;
  const Index planes = walk.shape.count(0, std::max(0, rank - 2));
  parallel_for(planes * bands, 2.0 * static_cast<double>(walk.shape.size()), [&](Index task) {
    const Index first = task % bands * band;
    Index rest = task / bands;
    Index at = walk.offset + first * row_stride;
    for (int axis = rank - 3; axis >= 0; --axis) {
      at += rest % walk.shape[axis] * walk.stride[as_size(axis)];
      rest /= walk.shape[axis];
    }
    plane((task / bands * rows + first) * count, at, std::min(band, rows - first), count, row_stride, stride);
  });
}

// Both directions of a copy: dense is row-major over the walk's shape, `sparse` is the walked array.
template <class T, class Move>
void walk_elements(T* dense, T* walked, const Walk& walk, const Move& move) {
  for_each_plane(walk, [&](Index offset, Index at, Index rows, Index count, Index row_stride, Index stride) {
    T* d = dense + offset;
    T* w = walked + at;
    if (stride == 1) {
      for (Index r = 0; r < rows; ++r)
        for (Index i = 0; i < count; ++i) move(d[r * count + i], w[r * row_stride + i]);
      return;
    }
    // Square tiles: one side of a transposition is always read or written across cache lines.
    constexpr Index tile = 16;
    for (Index i0 = 0; i0 < count; i0 += tile)
      for (Index r = 0; r < rows; ++r)
        for (Index i = i0, end = std::min(i0 + tile, count); i < end; ++i)
          move(d[r * count + i], w[r * row_stride + i * stride]);
  });
}

// Copies do not look at the numbers: one instance for each element size.
template <class Move>
void walk_bytes(const Tensor& dense, const Tensor& walked, const Walk& walk, const Move& move) {
  switch (size_of(dense.dtype())) {
    case 1: return walk_elements(dense.data<std::uint8_t>(), walked.data<std::uint8_t>(), walk, move);
    case 4: return walk_elements(dense.data<std::uint32_t>(), walked.data<std::uint32_t>(), walk, move);
    default: return walk_elements(dense.data<std::uint64_t>(), walked.data<std::uint64_t>(), walk, move);
  }
}

// Whether a walk stays within an array of `size` elements; a precondition of the copies below.
[[maybe_unused]] bool stays_within(const Walk& walk, Index size) {
  Index lowest = walk.offset;
  Index highest = walk.offset;
  for (int axis = 0; axis < walk.shape.rank(); ++axis) {
    if (walk.shape[axis] == 0) return true;
    const Index reach = (walk.shape[axis] - 1) * walk.stride[as_size(axis)];
    (reach < 0 ? lowest : highest) += reach;
  }
  return lowest >= 0 && highest < size;
}

// A walk that meets no element twice, as an op.
Tensor walked(const char* name, const Tensor& x, const Walk& walk) {
  const Tensor out = gather(x, walk);
  if (needs_recording({&x}))
    record(name, {x}, {out}, [walk](const BackwardPass& pass) {
      if (pass.wants(0)) scatter_add(pass.output_gradient(), walk, pass.accumulator(0));
    });
  return out;
}

}  // namespace

Walk::Walk(const Shape& extents) : shape(extents), stride(row_major(extents)) {}

Tensor gather(const Tensor& x, const Walk& walk) {
  assert(stays_within(walk, x.size()));
  const Tensor out(walk.shape, x.dtype());
  walk_bytes(out, x, walk, [](auto& dense, const auto& element) { dense = element; });
  return out;
}

void scatter(const Tensor& values, const Walk& walk, const Tensor& target) {
  assert(values.shape() == walk.shape && stays_within(walk, target.size()));
  walk_bytes(values, target, walk, [](const auto& dense, auto& element) { element = dense; });
}

void scatter_add(const Tensor& terms, const Walk& walk, const Tensor& sum) {
  assert(terms.shape() == walk.shape && stays_within(walk, sum.size()));
  dispatch_float(sum.dtype(), "gradient", [&]<class T>() {
    walk_elements(terms.data<T>(), sum.data<T>(), walk, [](const T& dense, T& element) { element += dense; });
  });
}

Tensor reshape(const Tensor& x, const Shape& shape) {
  const Tensor out = x.reshaped(shape);
  if (needs_recording({&x}))
    record("reshape", {x}, {out},
           [from = x.shape()](const BackwardPass& pass) { pass.add(0, pass.output_gradient().reshaped(from)); });
  return out;
}

Tensor reshape(const Tensor& x, const std::vector<Index>& shape) {
  Shape target;
  int unknown = -1;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    check(shape[axis] >= -1, "reshape: an extent is -1 or at least 0, got ", shape[axis]);
    check(shape[axis] >= 0 || unknown < 0, "reshape: only one extent may be -1");
    if (shape[axis] < 0) unknown = static_cast<int>(axis);
    target.push_back(shape[axis] < 0 ? 1 : shape[axis]);
  }
  if (unknown >= 0) {
    const Index known = target.size();
    check(known > 0 && x.size() % known == 0, "reshape: ", x.shape(), " has ", x.size(),
          " elements, which the other extents (product ", known, ") do not divide");
    target[unknown] = x.size() / known;
  }
  return reshape(x, target);
}

Tensor transpose(const Tensor& x, const std::vector<Index>& permutation) {
  const int rank = x.rank();
  check(permutation.empty() || static_cast<int>(permutation.size()) == rank, "transpose: expected ", rank,
        " axes for a tensor of shape ", x.shape(), ", got ", permutation.size());
  const Walk from(x.shape());
  Walk walk(x.shape());
  std::array<bool, Shape::max_rank> seen{};
  for (int axis = 0; axis < rank; ++axis) {
    const Index wanted = permutation.empty() ? rank - 1 - axis : permutation[as_size(axis)];
    const int source = checked_axis(wanted, rank, "transpose");
    check(!seen[as_size(source)], "transpose: axis ", source, " is named twice");
    seen[as_size(source)] = true;
    walk.shape[axis] = x.shape(source);
    walk.stride[as_size(axis)] = from.stride[as_size(source)];
  }
  return walked("transpose", x, walk);
}

Tensor broadcast_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  check(x.rank() <= shape.rank() && broadcast_shape(x.shape(), shape, "broadcast_to") == shape, "broadcast_to: shape ",
        x.shape(), " does not stretch to ", shape);
  Walk walk(shape);
  const Walk from(x.shape());
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const int own = axis - (shape.rank() - x.rank());
    walk.stride[as_size(axis)] = own >= 0 && x.shape(own) != 1 ? from.stride[as_size(own)] : 0;
  }
  const Tensor out = gather(x, walk);
  if (needs_recording({&x}))
    record("broadcast_to", {x}, {out},
           [from = x.shape()](const BackwardPass& pass) { pass.add(0, sum_to(pass.output_gradient(), from)); });
  return out;
}

Tensor full(const Shape& shape, const Tensor& value) {
  check(value.size() == 1, "full: expected one number, got a tensor of shape ", value.shape());
  const Tensor out(shape, value.dtype());
  dispatch_any(value.dtype(), [&]<class T>() { std::ranges::fill(out.span<T>(), *value.data<T>()); });
  return out;
}

Tensor flip(const Tensor& x, const std::vector<Index>& axes) {
  Walk walk(x.shape());
  std::array<bool, Shape::max_rank> flipped{};
  for (const Index axis : axes) flipped[as_size(checked_axis(axis, x.rank(), "flip"))] = true;
  for (int axis = 0; axis < x.rank(); ++axis) {
    auto& stride = walk.stride[as_size(axis)];
    if (!flipped[as_size(axis)]) continue;
    walk.offset += stride * (x.shape(axis) - 1);
    stride = -stride;
  }
  return walked("flip", x, walk);
}

Tensor slice(const Tensor& x, const std::vector<AxisSlice>& axes) {
  check(static_cast<int>(axes.size()) == x.rank(), "slice: expected one range for each of ", x.rank(), " axes");
  Walk walk(x.shape());
  bool leading_rows = true;  // everything but the first axis is whole
  for (int axis = 0; axis < x.rank(); ++axis) {
    const AxisSlice& part = axes[as_size(axis)];
    // The step counts where there is a second element; Python allows any.
    const Index step = part.count > 1 ? part.step : 1;
    const Index last =
        checked_add(part.start, checked_multiply(std::max<Index>(part.count - 1, 0), step, "slice"), "slice");
    check(part.count >= 0 &&
              (part.count == 0 || (part.start >= 0 && part.start < x.shape(axis) && last >= 0 && last < x.shape(axis))),
          "slice: elements ", part.start, " to ", last, " are outside axis ", axis, " of shape ", x.shape());
    auto& stride = walk.stride[as_size(axis)];
    if (part.count > 0) walk.offset += part.start * stride;
    stride *= step;
    leading_rows = leading_rows && step == 1 && (axis == 0 || part.count == x.shape(axis));
    walk.shape[axis] = part.count;
  }
  if (!leading_rows || x.rank() == 0) return walked("slice", x, walk);
  const Index first = axes[0].count > 0 ? axes[0].start : 0;
  const Tensor out = x.rows(first, first + axes[0].count);
  if (needs_recording({&x}))
    record("slice", {x}, {out}, [walk](const BackwardPass& pass) {
      if (pass.wants(0)) scatter_add(pass.output_gradient(), walk, pass.accumulator(0));
    });
  return out;
}

}  // namespace recurra::ops
