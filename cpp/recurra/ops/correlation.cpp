#include "recurra/ops/correlation.h"

#include "recurra/base/checked.h"
#include "recurra/kernels/gemm.h"
#include "recurra/ops/activated.h"
#include "recurra/ops/row_reduction.h"

namespace recurra::ops {
namespace {

// Grid points that share one gathering: their patches stay in the second cache. Depends on the shape alone.
Index block_points(Index patch) { return std::clamp<Index>((1 << 16) / std::max<Index>(patch, 1), 8, 128); }

struct GridPoint {
  Index batch, y, x;
};

// Taps that follow one another in memory.
struct Run {
  Index y, x, taps;
};

// Reads patches, and names the rows of the destination that belong to them.
template <class T>
class Patches {
 public:
  Patches(const Correlation& c, const T* source) : c_(c), source_(source) {
    const bool whole_pixels = c.source.channels == c.source.depth;
    for (const Tap& tap : c.taps) {
      if (whole_pixels && !runs_.empty() && runs_.back().y == tap.y && runs_.back().x + runs_.back().taps == tap.x)
        ++runs_.back().taps;
      else runs_.push_back({tap.y, tap.x, 1});
    }
    const Field& d = c.destination;
    dense_ = c.spread_y == 1 && c.spread_x == 1 && c.height == d.height && c.width == d.width;
  }

  /// Covers the grid points [begin, end) with strips of equally spaced rows and calls
  /// body(patches, distance between patches, count, first number of the destination, distance between its rows).
  template <class Body>
  void for_each_strip(Index begin, Index end, T* scratch, const Body& body) const {
    GridPoint p{begin / (c_.width * c_.height), begin / c_.width % c_.height, begin % c_.width};
    if (runs_.size() != 1 && dense_) {
      const Index row = destination_of(p);
      for (Index i = 0; i < end - begin; ++i, step(p, 1)) gather(p, scratch + i * c_.patch());
      body(scratch, c_.patch(), end - begin, row, c_.destination.depth);
      return;
    }
    while (begin < end) {
      const Index count = std::min(end - begin, c_.width - p.x);
      const auto [first, last] = whole(p, count);
      gathered_strip(p, first, scratch, body);
      if (last > first) {
        const Run& run = runs_[0];
        const Index patch = source_of(p.batch, p.y * c_.step_y + run.y, (p.x + first) * c_.step_x + run.x);
        body(source_ + patch, c_.step_x * c_.source.depth, last - first, destination_of({p.batch, p.y, p.x + first}),
             spacing());
      }
      gathered_strip({p.batch, p.y, p.x + last}, count - last, scratch, body);
      begin += count;
      step(p, count);
    }
  }

 private:
  Index spacing() const { return c_.spread_x * c_.destination.depth; }

  Index source_of(Index batch, Index y, Index x) const {
    const Field& s = c_.source;
    return ((batch * s.height + y) * s.width + x) * s.depth + s.first;
  }

  Index destination_of(const GridPoint& p) const {
    const Field& d = c_.destination;
    const Index y = c_.origin_y + p.y * c_.spread_y;
    const Index x = c_.origin_x + p.x * c_.spread_x;
    return ((p.batch * d.height + y) * d.width + x) * d.depth + d.first;
  }

  void step(GridPoint& p, Index count) const {
    p.x += count;
    if (p.x < c_.width) return;
    p.x = 0;
    if (++p.y < c_.height) return;
    p.y = 0;
    ++p.batch;
  }

  // The points [first, last) of `count` from p on whose patch lies in one piece inside the source.
  std::pair<Index, Index> whole(const GridPoint& p, Index count) const {
    if (runs_.size() != 1) return {0, 0};
    const Run& run = runs_[0];
    const Index y = p.y * c_.step_y + run.y;
    const Index room = c_.source.width - run.taps - run.x;  // the largest x * step_x that fits
    if (y < 0 || y >= c_.source.height || room < 0) return {0, 0};
    const Index lowest = divide_up(std::max<Index>(-run.x, 0), c_.step_x);
    const Index first = std::clamp<Index>(lowest - p.x, 0, count);
    return {first, std::clamp<Index>(room / c_.step_x + 1 - p.x, first, count)};
  }

  template <class Body>
  void gathered_strip(GridPoint p, Index count, T* scratch, const Body& body) const {
    if (count == 0) return;
    const Index row = destination_of(p);
    for (Index i = 0; i < count; ++i, ++p.x) gather(p, scratch + i * c_.patch());
    body(scratch, c_.patch(), count, row, spacing());
  }

  // Copies the patch of a grid point to `out`, zeros where it leaves the source.
  void gather(const GridPoint& p, T* out) const {
    const Field& s = c_.source;
    for (const Run& run : runs_) {
      const Index y = p.y * c_.step_y + run.y;
      const Index x = p.x * c_.step_x + run.x;
      if (y < 0 || y >= s.height) {
        out = std::fill_n(out, run.taps * s.channels, T(0));
        continue;
      }
      const Index begin = std::clamp<Index>(-x, 0, run.taps);
      const Index end = std::clamp<Index>(s.width - x, begin, run.taps);
      out = std::fill_n(out, begin * s.channels, T(0));
      if (end > begin) out = std::copy_n(source_ + source_of(p.batch, y, x + begin), (end - begin) * s.channels, out);
      out = std::fill_n(out, (run.taps - end) * s.channels, T(0));
    }
  }

  const Correlation& c_;
  const T* source_;
  std::vector<Run> runs_;
  bool dense_;  // rows of the destination follow one another in the order of the grid points
};

// The channels that take part are channels of the field.
[[maybe_unused]] bool fits(const Field& f) {
  return f.first >= 0 && f.channels >= 0 && f.first + f.channels <= f.depth;
}

template <class T>
Tensor buffer(Index numbers) {
  return {Shape{numbers}, dtype_of<T>()};
}

double operations(const Correlation& c) {
  return 2.0 * static_cast<double>(c.points()) * static_cast<double>((c.patch() + 1) * c.destination.channels);
}

}  // namespace

template <class T>
void correlate(const Correlation& c, const T* source, const T* kernel, const T* bias, T* destination,
               Activation activation, T* kept) {
  assert(fits(c.source) && fits(c.destination) && (activation == Activation::linear || kept != nullptr));
  const Index patch = c.patch();
  const Index filters = c.destination.channels;
  if (filters == 0 || c.points() == 0) return;
  const Index block = block_points(patch);
  const Patches<T> patches(c, source);
  const Tensor packed = buffer<T>(gemm::packed_size<T>(patch, filters));
  gemm::pack(kernel, filters, 1, patch, filters, packed.data<T>());
  parallel_blocks(c.points(), block, operations(c), [&](Index begin, Index end) {
    const Tensor scratch = buffer<T>(block * patch);
    patches.for_each_strip(begin, end, scratch.data<T>(),
                           [&](const T* a, Index lda, Index count, Index row, Index ldc) {
                             gemm::multiply(a, lda, count, patch, packed.data<T>(), filters, destination + row, ldc,
                                            bias ? gemm::Start::bias : gemm::Start::zero, bias);
                             if (activation != Activation::linear)
                               activate_rows(activation, destination + row, kept + row, count, filters, ldc);
                           });
  });
}

template <class T>
void fill_destination(const Correlation& c, const T* bias, T* destination) {
  const Field& d = c.destination;
  for (Index row = 0; row < c.batch * c.height; ++row) {
    const Index y = row / c.height * d.height + c.origin_y + row % c.height * c.spread_y;
    for (Index column = 0; column < c.width; ++column) {
      T* const to = destination + (y * d.width + c.origin_x + column * c.spread_x) * d.depth + d.first;
      if (bias) std::copy_n(bias, d.channels, to);
      else std::fill_n(to, d.channels, T(0));
    }
  }
}

template <class T>
void correlate_kernel_gradient(const Correlation& c, const T* source, const T* destination, T* kernel_gradient) {
  const Index patch = c.patch();
  const Index filters = c.destination.channels;
  if (patch * filters == 0) return;
  const Index block = block_points(patch);
  const Patches<T> patches(c, source);
  reduce_rows(c.points(), patch * filters, operations(c), kernel_gradient, [&](Index first, Index last, T* sum) {
    const Tensor scratch = buffer<T>(block * patch);
    for (Index begin = first; begin < last; begin += block) {
      patches.for_each_strip(begin, std::min(begin + block, last), scratch.data<T>(),
                             [&](const T* a, Index lda, Index count, Index row, Index ldg) {
                               gemm::multiply_transposed(a, lda, destination + row, ldg, count, patch, filters, sum,
                                                         filters);
                             });
    }
  });
}

#define RECURRA_CORRELATION(T)                                                                      \
  template void correlate<T>(const Correlation&, const T*, const T*, const T*, T*, Activation, T*); \
  template void fill_destination<T>(const Correlation&, const T*, T*);                              \
  template void correlate_kernel_gradient<T>(const Correlation&, const T*, const T*, T*);
RECURRA_CORRELATION(float)
RECURRA_CORRELATION(double)
#undef RECURRA_CORRELATION

}  // namespace recurra::ops
