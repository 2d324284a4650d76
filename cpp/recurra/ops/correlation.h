// Cross-correlation of channels-last images as products of rows, the loops under convolution and its adjoints.
//
// For every pixel (b, y, x) of a grid the patch, `taps` pixels of the source with their channels, is one row of
// numbers; times the kernel (taps*channels, filters) it gives one row of the destination. A patch that lies in one
// piece in memory is read where it is; others are gathered, a block of rows at a time, so that nothing is unfolded as a
// whole. Letters: B batch, K taps*channels, O filters.
#pragma once

#include <vector>

#include "recurra/base/shape.h"
#include "recurra/kernels/activation.h"

namespace recurra::ops {

/// Pixel of a patch, relative to the place of its grid point in the source.
struct Tap {
  Index y, x;
};

/// One side of a correlation: pixels of `depth` numbers, of which [first, first + channels) take part.
struct Field {
  Index height, width, depth, first, channels;
};

struct Correlation {
  Index batch;
  Field source;
  Field destination;
  Index height, width;               ///< grid points of an image
  Index step_y, step_x;              ///< source pixels from one grid point to the next
  std::vector<Tap> taps;             ///< those outside the source read zeros
  Index origin_y = 0, origin_x = 0;  ///< destination pixel of the first grid point
  Index spread_y = 1, spread_x = 1;  ///< destination pixels from one grid point to the next

  Index points() const { return batch * height * width; }
  Index patch() const { return static_cast<Index>(taps.size()) * source.channels; }
};

/// destination row = act(bias + patch · kernel) for each grid point; kernel (K, O), bias (O) or null. Where act is not
/// linear, `kept` gets what its slope is found from, in the places of the destination, which it may be.
template <class T>
void correlate(const Correlation& c, const T* source, const T* kernel, const T* bias, T* destination,
               Activation activation = Activation::linear, T* kept = nullptr);

/// destination row = bias, or zeros, for each grid point: a correlation without taps.
template <class T>
void fill_destination(const Correlation& c, const T* bias, T* destination);

/// kernel_gradient (K, O) = sum over grid points of patchᵀ · destination row.
template <class T>
void correlate_kernel_gradient(const Correlation& c, const T* source, const T* destination, T* kernel_gradient);

}  // namespace recurra::ops
