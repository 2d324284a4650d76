#include "recurra/ops/joining.h"

#include <algorithm>
#include <cstring>

#include "recurra/base/checked.h"
#include "recurra/ops/broadcast.h"
#include "recurra/ops/cast.h"
#include "recurra/ops/indexing.h"
#include "recurra/ops/layout.h"
#include "recurra/ops/reduction.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

// Rows of bytes: `outer` rows of `from_row` / `to_row` bytes, of which `bytes` are copied.
void copy_rows(const std::byte* from, std::byte* to, Index outer, std::size_t from_row, std::size_t to_row,
               std::size_t bytes) {
  if (bytes == 0) return;
  const auto block = static_cast<Index>(1 + 65536 / bytes);
  parallel_blocks(outer, block, static_cast<double>(outer) * static_cast<double>(bytes) / 4,
                  [&](Index begin, Index end) {
                    for (auto row = as_size(begin); row < as_size(end); ++row)
                      std::memcpy(to + row * to_row, from + row * from_row, bytes);
                  });
}

}  // namespace

Tensor concatenate(const std::vector<Tensor>& given, Index along) {
  check(!given.empty(), "concatenate: expected at least one tensor");
  DType dtype = given[0].dtype();
  for (const Tensor& part : given) dtype = promoted(dtype, part.dtype());
  const int axis = checked_axis(along, given[0].rank(), "concatenate");
  std::vector<Tensor> parts;
  Shape shape = given[0].shape();
  shape[axis] = 0;
  for (const Tensor& part : given) {
    bool fits = part.rank() == shape.rank();
    for (int k = 0; fits && k < shape.rank(); ++k) fits = k == axis || part.shape(k) == shape[k];
    check(fits, "concatenate: shapes ", given[0].shape(), " and ", part.shape(), " differ in another axis than axis ",
          axis);
    shape[axis] = checked_add(shape[axis], part.shape(axis), "concatenate");
    parts.push_back(cast(part, dtype));
  }
  const Tensor out(shape, dtype);
  const Index outer = shape.count(0, axis);
  const auto unit = as_size(shape.count(axis + 1, shape.rank())) * size_of(dtype);
  const std::size_t row = unit * as_size(shape[axis]);
  std::size_t offset = 0;
  for (const Tensor& part : parts) {
    const std::size_t bytes = unit * as_size(part.shape(axis));
    copy_rows(part.bytes(), out.bytes() + offset, outer, bytes, row, bytes);
    offset += bytes;
  }
  if (!needs_recording(parts)) return out;
  std::vector<Index> extents;
  for (const Tensor& part : parts) extents.push_back(part.shape(axis));
  record("concatenate", std::move(parts), {out}, [extents = std::move(extents), axis](const BackwardPass& pass) {
    const Tensor& g = pass.output_gradient();
    Walk walk(g.shape());
    for (std::size_t k = 0; k < extents.size(); ++k) {
      walk.shape[axis] = extents[k];
      if (pass.wants(static_cast<int>(k))) pass.add(static_cast<int>(k), gather(g, walk));
      walk.offset += extents[k] * walk.stride[as_size(axis)];
    }
  });
  return out;
}

Tensor stack(const std::vector<Tensor>& parts, Index along) {
  check(!parts.empty(), "stack: expected at least one tensor");
  const Shape& shape = parts[0].shape();
  const int axis = checked_axis(along, shape.rank() + 1, "stack");
  Shape unit;
  for (int k = 0; k <= shape.rank(); ++k) unit.push_back(k == axis ? 1 : shape[k < axis ? k : k - 1]);
  std::vector<Tensor> expanded;
  for (const Tensor& part : parts) {
    check(part.shape() == shape, "stack: expected tensors of one shape, got ", shape, " and ", part.shape());
    expanded.push_back(reshape(part, unit));
  }
  return concatenate(expanded, axis);
}

Tensor repeat(const Tensor& x, Index count, Index along) {
  const int axis = checked_axis(along, x.rank(), "repeat");
  check(count >= 0, "repeat: the count cannot be negative, got ", count);
  Shape unit;
  Shape wide;
  Shape joined = x.shape();
  for (int k = 0; k < x.rank(); ++k) {
    unit.push_back(x.shape(k));
    wide.push_back(x.shape(k));
    if (k != axis) continue;
    unit.push_back(1);
    wide.push_back(count);
  }
  joined[axis] = checked_multiply(joined[axis], count, "repeat");
  return reshape(broadcast_to(reshape(x, unit), wide), joined);
}

Tensor tile(const Tensor& x, const std::vector<Index>& counts) {
  const int rank = std::max(x.rank(), static_cast<int>(counts.size()));
  Shape unit;
  Shape wide;
  Shape joined;
  for (int k = 0; k < rank; ++k) {
    const int own = k - (rank - x.rank());
    const int given = k - (rank - static_cast<int>(counts.size()));
    const Index extent = own >= 0 ? x.shape(own) : 1;
    const Index count = given >= 0 ? counts[as_size(given)] : 1;
    check(count >= 0, "tile: a count cannot be negative, got ", count);
    if (count != 1) {  // an axis of copies only where there are any
      unit.push_back(1);
      wide.push_back(count);
    }
    unit.push_back(extent);
    wide.push_back(extent);
    joined.push_back(checked_multiply(extent, count, "tile"));
  }
  return reshape(broadcast_to(reshape(x, unit), wide), joined);
}

Tensor roll(const Tensor& x, Index shift, Index along) {
  const int axis = checked_axis(along, x.rank(), "roll");
  const Index extent = x.shape(axis);
  if (extent == 0) return x;
  const Index front = (extent - shift % extent) % extent;  // elements that move from the front to the end
  if (front == 0) return x;
  std::vector<AxisSlice> head;
  for (int k = 0; k < x.rank(); ++k) head.push_back({0, 1, x.shape(k)});
  std::vector<AxisSlice> tail = head;
  head[as_size(axis)] = {0, 1, front};
  tail[as_size(axis)] = {front, 1, extent - front};
  return concatenate({slice(x, tail), slice(x, head)}, axis);
}

Tensor pad(const Tensor& x, const std::vector<std::pair<Index, Index>>& widths, PadMode mode, const Tensor& value) {
  check(static_cast<int>(widths.size()) == x.rank(), "pad: expected a pair of widths for each of ", x.rank(),
        " axes, got ", widths.size());
  Shape shape = x.shape();
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto [before, after] = widths[as_size(axis)];
    check(before >= 0 && after >= 0, "pad: a width cannot be negative, got (", before, ", ", after, ")");
    shape[axis] = checked_add(shape[axis], checked_add(before, after, "pad"), "pad");
  }
  if (mode == PadMode::constant) {
    Walk walk(shape);
    walk.shape = x.shape();
    for (int axis = 0; axis < x.rank(); ++axis) walk.offset += widths[as_size(axis)].first * walk.stride[as_size(axis)];
    check_same_dtype(x, value, "pad");
    const Tensor out = full(shape, value);
    scatter(x, walk, out);
    record("pad", {x}, {out}, [walk](const BackwardPass& pass) { pass.add(0, gather(pass.output_gradient(), walk)); });
    return out;
  }
  Tensor out = x;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const auto [before, after] = widths[as_size(axis)];
    if (before == 0 && after == 0) continue;
    const Index extent = x.shape(axis);
    const Index least = mode == PadMode::reflect ? 2 : 1;
    check(extent >= least, "pad: axis ", axis, " has ", extent, " elements, too few to take the padding from");
    const Tensor from({before + extent + after}, DType::int64);
    for (Index k = 0; k < from.size(); ++k) {
      Index at = k - before;
      if (mode == PadMode::edge) {
        at = std::clamp<Index>(at, 0, extent - 1);
      } else {
        // The mirrored sequence has this period.
        const Index period = mode == PadMode::reflect ? 2 * (extent - 1) : 2 * extent;
        at = (at % period + period) % period;
        if (at >= extent) at = (mode == PadMode::reflect ? period : period - 1) - at;
      }
      from.data<std::int64_t>()[k] = at;
    }
    out = take(out, from, axis);
  }
  return out;
}

}  // namespace recurra::ops
