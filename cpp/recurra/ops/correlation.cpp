#include "recurra/ops/correlation.h"

#include <Eigen/Core>
#include <algorithm>

#include "recurra/base/parallel.h"
#include "recurra/ops/row_reduction.h"

namespace recurra::ops {
namespace {

template <class T>
using Rows = Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>, 0, Eigen::OuterStride<>>;
template <class T>
using ConstRows =
    Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>, 0, Eigen::OuterStride<>>;

// Bounds of the work depend on the shape alone, so that any number of threads gives the same bits.
constexpr Index scratch_numbers = 1 << 16;
Index block_rows(Index patch) { return std::clamp<Index>(scratch_numbers / std::max<Index>(patch, 1), 8, 128); }

struct GridPoint {
  Index batch, y, x;
};

GridPoint grid_point(const Correlation& c, Index row) {
  return {row / (c.width * c.height), row / c.width % c.height, row % c.width};
}

void advance(const Correlation& c, GridPoint& p) {
  if (++p.x < c.width) return;
  p.x = 0;
  if (++p.y < c.height) return;
  p.y = 0;
  ++p.batch;
}

// Taps that follow one another in memory.
struct Run {
  Index y, x, taps;
};

template <class T>
class Patches {
 public:
  Patches(const Correlation& c, const T* source) : c_(c), source_(source) {
    const bool whole_pixels = c.source.channels == c.source.depth;
    for (const Tap& tap : c.taps) {
      if (whole_pixels && !runs_.empty() && runs_.back().y == tap.y && runs_.back().x + runs_.back().taps == tap.x)
        ++runs_.back().taps;
      else
        runs_.push_back({tap.y, tap.x, 1});
    }
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
      const T* first = source_ + ((p.batch * s.height + y) * s.width + x + begin) * s.depth + s.first;
      out = std::copy_n(first, (end - begin) * s.channels, out);
      out = std::fill_n(out, (run.taps - end) * s.channels, T(0));
    }
  }

 private:
  const Correlation& c_;
  const T* source_;
  std::vector<Run> runs_;
};

template <class T>
T* destination_row(const Correlation& c, T* destination, const GridPoint& p) {
  const Field& d = c.destination;
  const Index y = c.origin_y + p.y * c.spread_y;
  const Index x = c.origin_x + p.x * c.spread_x;
  return destination + ((p.batch * d.height + y) * d.width + x) * d.depth + d.first;
}

template <class T>
Tensor scratch(Index rows, Index columns) {
  return {Shape{rows, columns}, dtype_of<T>()};
}

}  // namespace

template <class T>
void correlate(const Correlation& c, const T* source, const T* kernel, const T* bias, T* destination) {
  const Index patch = c.patch();
  const Index filters = c.destination.channels;
  const Patches<T> patches(c, source);
  const ConstRows<T> weights(kernel, patch, filters, Eigen::OuterStride<>(filters));
  const double operations = 2.0 * static_cast<double>(c.rows()) * static_cast<double>((patch + 1) * filters);
  parallel_blocks(c.rows(), block_rows(patch), operations, [&](Index begin, Index end) {
    const Tensor gathered = scratch<T>(end - begin, patch);
    const Tensor products = scratch<T>(end - begin, filters);
    GridPoint p = grid_point(c, begin);
    for (Index row = begin; row < end; ++row, advance(c, p)) patches.gather(p, gathered.data<T>() + (row - begin) * patch);
    Rows<T> out(products.data<T>(), end - begin, filters, Eigen::OuterStride<>(filters));
    for (Index row = 0; row < end - begin; ++row) {
      if (bias) std::copy_n(bias, filters, products.data<T>() + row * filters);
      else std::fill_n(products.data<T>() + row * filters, filters, T(0));
    }
    out.noalias() += ConstRows<T>(gathered.data<T>(), end - begin, patch, Eigen::OuterStride<>(patch)) * weights;
    p = grid_point(c, begin);
    for (Index row = begin; row < end; ++row, advance(c, p))
      std::copy_n(products.data<T>() + (row - begin) * filters, filters, destination_row(c, destination, p));
  });
}

template <class T>
void correlate_kernel_gradient(const Correlation& c, const T* source, const T* destination, T* kernel_gradient) {
  const Index patch = c.patch();
  const Index filters = c.destination.channels;
  const Index block = block_rows(patch);
  const Patches<T> patches(c, source);
  const double operations = 2.0 * static_cast<double>(c.rows()) * static_cast<double>(patch * filters);
  reduce_rows(c.rows(), patch * filters, operations, kernel_gradient, [&](Index first, Index last, T* out) {
    if (first == last) return;
    Rows<T> sum(out, patch, filters, Eigen::OuterStride<>(filters));
    const Tensor gathered = scratch<T>(block, patch);
    const Tensor gradients = scratch<T>(block, filters);
    GridPoint p = grid_point(c, first);
    for (Index begin = first; begin < last; begin += block) {
      const Index count = std::min(block, last - begin);
      for (Index row = 0; row < count; ++row, advance(c, p)) {
        patches.gather(p, gathered.data<T>() + row * patch);
        std::copy_n(destination_row(c, destination, p), filters, gradients.data<T>() + row * filters);
      }
      sum.noalias() += ConstRows<T>(gathered.data<T>(), count, patch, Eigen::OuterStride<>(patch)).transpose() *
                       ConstRows<T>(gradients.data<T>(), count, filters, Eigen::OuterStride<>(filters));
    }
  });
}

#define RECURRA_CORRELATION(T)                                                      \
  template void correlate<T>(const Correlation&, const T*, const T*, const T*, T*); \
  template void correlate_kernel_gradient<T>(const Correlation&, const T*, const T*, T*);
RECURRA_CORRELATION(float)
RECURRA_CORRELATION(double)
#undef RECURRA_CORRELATION

}  // namespace recurra::ops
