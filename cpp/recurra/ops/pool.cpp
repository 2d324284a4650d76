#include "recurra/ops/pool.h"

#include <limits>

#include "recurra/base/parallel.h"
#include "recurra/kernels/vec.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

struct Geometry {
  Index batch, channels;
  Window y, x;

  Index input_pixels() const { return y.input * x.input; }
  Index output_pixels() const { return y.output * x.output; }
  double operations() const {
    return static_cast<double>(batch * output_pixels() * channels) * static_cast<double>(y.size * x.size);
  }
};

struct Range {
  Index begin, end;
};

// The inputs of window t that exist; never empty, as Keras pads.
Range inside(const Window& w, Index t) {
  const Index first = t * w.stride - w.before;
  return {std::max<Index>(first, 0), std::min(first + w.size, w.input)};
}

// Calls visit(output pixel, rows, columns) for every window of image b; pixels are counted within the image.
template <class Visit>
void for_each_window(const Geometry& g, const Visit& visit) {
  for (Index oy = 0; oy < g.y.output; ++oy)
    for (Index ox = 0; ox < g.x.output; ++ox) visit(oy * g.x.output + ox, inside(g.y, oy), inside(g.x, ox));
}

// Places and numbers of a vector of channels are compared lane by lane, so both have as many lanes.
template <class T>
using PlaceOf = IntOf<T>;

// y = max over the window; `places`, if given, gets the pixel the maximum came from.
template <class T>
void max_forward(const Geometry& g, const T* x, T* y, PlaceOf<T>* places) {
  using Place = PlaceOf<T>;
  const Index channels = g.channels;
  if (channels == 0) return;
  parallel_for(g.batch, g.operations(), [&](Index b) {
    const T* image = x + b * g.input_pixels() * channels;
    for_each_window(g, [&](Index pixel, Range rows, Range columns) {
      const Index at = (b * g.output_pixels() + pixel) * channels;
      for (Index c = 0; c < channels; c += lanes<T>) {
        const Index left = channels - c;
        const Index first = rows.begin * g.x.input + columns.begin;
        Vec<T> best = load_part(image + first * channels + c, left);
        Vec<Place> place = broadcast(static_cast<Place>(first));
        for (Index i = rows.begin; i < rows.end; ++i) {
          for (Index j = columns.begin; j < columns.end; ++j) {
            const Index source = i * g.x.input + j;
            const Vec<T> value = load_part(image + source * channels + c, left);
            const auto larger = value > best;
            best = larger ? value : best;
            place = larger ? broadcast(static_cast<Place>(source)) : place;
          }
        }
        store_part(y + at + c, best, left);
        if (places) store_part(places + at + c, place, left);
      }
    });
  });
}

template <class T>
void max_backward(const Geometry& g, const T* dy, const PlaceOf<T>* places, T* dx) {
  using Place = PlaceOf<T>;
  const Index channels = g.channels;
  if (channels == 0) return;
  parallel_for(g.batch, g.operations(), [&](Index b) {
    T* image = dx + b * g.input_pixels() * channels;
    std::fill_n(image, g.input_pixels() * channels, T(0));
    for_each_window(g, [&](Index pixel, Range rows, Range columns) {
      const Index at = (b * g.output_pixels() + pixel) * channels;
      for (Index c = 0; c < channels; c += lanes<T>) {
        const Index left = channels - c;
        const Vec<T> gradient = load_part(dy + at + c, left);
        const Vec<Place> place = load_part(places + at + c, left);
        for (Index i = rows.begin; i < rows.end; ++i) {
          for (Index j = columns.begin; j < columns.end; ++j) {
            const Index source = i * g.x.input + j;
            T* const target = image + source * channels + c;
            const Vec<T> share = place == broadcast(static_cast<Place>(source)) ? gradient : Vec<T>{};
            store_part(target, load_part(target, left) + share, left);
          }
        }
      }
    });
  });
}

// y = mean over the window
template <class T>
void average_forward(const Geometry& g, const T* x, T* y) {
  const Index channels = g.channels;
  if (channels == 0) return;
  parallel_for(g.batch, g.operations(), [&](Index b) {
    const T* image = x + b * g.input_pixels() * channels;
    for_each_window(g, [&](Index pixel, Range rows, Range columns) {
      T* mean = y + (b * g.output_pixels() + pixel) * channels;
      std::fill_n(mean, channels, T(0));
      for (Index i = rows.begin; i < rows.end; ++i)
        for (Index j = columns.begin; j < columns.end; ++j)
          for (Index c = 0; c < channels; ++c) mean[c] += image[(i * g.x.input + j) * channels + c];
      const T scale = T(1) / static_cast<T>((rows.end - rows.begin) * (columns.end - columns.begin));
      for (Index c = 0; c < channels; ++c) mean[c] *= scale;
    });
  });
}

template <class T>
void average_backward(const Geometry& g, const T* dy, T* dx) {
  const Index channels = g.channels;
  if (channels == 0) return;
  parallel_for(g.batch, g.operations(), [&](Index b) {
    T* image = dx + b * g.input_pixels() * channels;
    std::fill_n(image, g.input_pixels() * channels, T(0));
    for_each_window(g, [&](Index pixel, Range rows, Range columns) {
      const T* gradient = dy + (b * g.output_pixels() + pixel) * channels;
      const T scale = T(1) / static_cast<T>((rows.end - rows.begin) * (columns.end - columns.begin));
      for (Index i = rows.begin; i < rows.end; ++i)
        for (Index j = columns.begin; j < columns.end; ++j)
          for (Index c = 0; c < channels; ++c) image[(i * g.x.input + j) * channels + c] += scale * gradient[c];
    });
  });
}

Geometry geometry1d(const Tensor& x, Index size, Index stride, Padding padding, const char* who) {
  check_rank(x, 3, who, "x");
  check(padding != Padding::causal, who, ": padding is 'valid' or 'same'");
  return {x.shape(0), x.shape(2), Window{.output = 1}, window_over(x.shape(1), size, stride, 1, padding, who)};
}

Geometry geometry2d(const Tensor& x, std::array<Index, 2> size, std::array<Index, 2> strides, Padding padding,
                    const char* who) {
  check_rank(x, 4, who, "x");
  check(padding != Padding::causal, who, ": padding is 'valid' or 'same'");
  return {x.shape(0), x.shape(3), window_over(x.shape(1), size[0], strides[0], 1, padding, who),
          window_over(x.shape(2), size[1], strides[1], 1, padding, who)};
}

Shape output_shape(const Geometry& g, int rank) {
  if (rank == 3) return {g.batch, g.x.output, g.channels};
  return {g.batch, g.y.output, g.x.output, g.channels};
}

Tensor max_pool(const char* name, const Geometry& g, const Tensor& x) {
  check(g.input_pixels() <= std::numeric_limits<std::int32_t>::max(), name, ": an image has too many pixels");
  const Tensor y(output_shape(g, x.rank()), x.dtype());
  Tensor places;
  dispatch_float(x.dtype(), name, [&]<class T>() {
    if (needs_recording({&x})) places = Tensor(y.shape(), dtype_of<PlaceOf<T>>());
    max_forward(g, x.data<T>(), y.data<T>(), places.defined() ? places.data<PlaceOf<T>>() : nullptr);
  });
  record(name, {x}, {y}, [g, places, shape = x.shape(), name](const BackwardPass& pass) {
    const Tensor& dy = pass.output_gradient();
    const Tensor dx(shape, dy.dtype());
    dispatch_float(dy.dtype(), name,
                   [&]<class T>() { max_backward(g, dy.data<T>(), places.data<PlaceOf<T>>(), dx.data<T>()); });
    pass.add(0, dx);
  });
  return y;
}

Tensor average_pool(const char* name, const Geometry& g, const Tensor& x) {
  const Tensor y(output_shape(g, x.rank()), x.dtype());
  dispatch_float(x.dtype(), name, [&]<class T>() { average_forward(g, x.data<T>(), y.data<T>()); });
  record(name, {x}, {y}, [g, shape = x.shape(), name](const BackwardPass& pass) {
    const Tensor& dy = pass.output_gradient();
    const Tensor dx(shape, dy.dtype());
    dispatch_float(dy.dtype(), name, [&]<class T>() { average_backward(g, dy.data<T>(), dx.data<T>()); });
    pass.add(0, dx);
  });
  return y;
}

}  // namespace

Tensor max_pool1d(const Tensor& x, Index size, Index stride, Padding padding) {
  return max_pool("max_pool1d", geometry1d(x, size, stride, padding, "max_pool1d"), x);
}

Tensor max_pool2d(const Tensor& x, std::array<Index, 2> size, std::array<Index, 2> strides, Padding padding) {
  return max_pool("max_pool2d", geometry2d(x, size, strides, padding, "max_pool2d"), x);
}

Tensor average_pool1d(const Tensor& x, Index size, Index stride, Padding padding) {
  return average_pool("average_pool1d", geometry1d(x, size, stride, padding, "average_pool1d"), x);
}

Tensor average_pool2d(const Tensor& x, std::array<Index, 2> size, std::array<Index, 2> strides, Padding padding) {
  return average_pool("average_pool2d", geometry2d(x, size, strides, padding, "average_pool2d"), x);
}

}  // namespace recurra::ops
