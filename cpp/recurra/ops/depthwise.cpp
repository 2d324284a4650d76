#include "recurra/ops/depthwise.h"

#include "recurra/ops/row_reduction.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

struct Geometry {
  Index batch, channels, multiplier;
  Window time;

  Index filters() const { return channels * multiplier; }
  double operations() const {
    return 2.0 * static_cast<double>(batch * time.output) * static_cast<double>(time.size * filters());
  }
};

// Calls visit(output row, input row, kernel tap) for every pair of rows of sequence b that a tap connects.
template <class Visit>
void for_each_tap(const Geometry& g, Index b, const Visit& visit) {
  const Window& w = g.time;
  for (Index t = 0; t < w.output; ++t) {
    for (Index k = 0; k < w.size; ++k) {
      const Index s = t * w.stride + k * w.dilation - w.before;
      if (s >= 0 && s < w.input) visit(b * w.output + t, b * w.input + s, k);
    }
  }
}

template <class T>
void forward(const Geometry& g, const T* x, const T* kernel, T* y) {
  const Index filters = g.filters();
  if (filters == 0) return;
  parallel_for(g.batch, g.operations(), [&](Index b) {
    std::fill_n(y + b * g.time.output * filters, g.time.output * filters, T(0));
    for_each_tap(g, b, [&](Index out, Index in, Index k) {
      T* yo = y + out * filters;
      const T* xi = x + in * g.channels;
      const T* w = kernel + k * filters;
      if (g.multiplier == 1) {
        for (Index f = 0; f < filters; ++f) yo[f] += xi[f] * w[f];
        return;
      }
      for (Index f = 0; f < g.channels; ++f)
        for (Index m = f * g.multiplier; m < (f + 1) * g.multiplier; ++m) yo[m] += xi[f] * w[m];
    });
  });
}

// dx[b, s, f] = sum over t, k, m with t s + k d - p = s of dy[b, t, f M + m] kernel[k, f, m]
template <class T>
void input_gradient(const Geometry& g, const T* dy, const T* kernel, T* dx) {
  const Index filters = g.filters();
  if (g.channels == 0) return;
  parallel_for(g.batch, g.operations(), [&](Index b) {
    std::fill_n(dx + b * g.time.input * g.channels, g.time.input * g.channels, T(0));
    for_each_tap(g, b, [&](Index out, Index in, Index k) {
      const T* dyo = dy + out * filters;
      T* dxi = dx + in * g.channels;
      const T* w = kernel + k * filters;
      if (g.multiplier == 1) {
        for (Index f = 0; f < filters; ++f) dxi[f] += dyo[f] * w[f];
        return;
      }
      for (Index f = 0; f < g.channels; ++f)
        for (Index m = f * g.multiplier; m < (f + 1) * g.multiplier; ++m) dxi[f] += dyo[m] * w[m];
    });
  });
}

// dkernel[k, f, m] = sum over b, t of dy[b, t, f M + m] x[b, t s + k d - p, f]
template <class T>
void kernel_gradient(const Geometry& g, const T* x, const T* dy, T* dkernel) {
  const Index filters = g.filters();
  if (g.time.size * filters == 0) return;
  // Rows of the reduction are output steps, so that a long single sequence is shared among threads as well.
  const Window& w = g.time;
  reduce_rows(g.batch * w.output, w.size * filters, g.operations(), dkernel, [&](Index begin, Index end, T* sum) {
    for (Index out = begin; out < end; ++out) {
      const Index b = out / w.output;
      const T* dyo = dy + out * filters;
      for (Index k = 0; k < w.size; ++k) {
        const Index s = out % w.output * w.stride + k * w.dilation - w.before;
        if (s < 0 || s >= w.input) continue;
        const T* xi = x + (b * w.input + s) * g.channels;
        T* dw = sum + k * filters;
        if (g.multiplier == 1) {
          for (Index f = 0; f < filters; ++f) dw[f] += dyo[f] * xi[f];
          continue;
        }
        for (Index f = 0; f < g.channels; ++f)
          for (Index m = f * g.multiplier; m < (f + 1) * g.multiplier; ++m) dw[m] += dyo[m] * xi[f];
      }
    }
  });
}

}  // namespace

Tensor depthwise_conv1d(const Tensor& x, const Tensor& kernel, Index stride, Index dilation, Padding padding) {
  constexpr const char* who = "depthwise_conv1d";
  check_rank(x, 3, who, "x");
  check_rank(kernel, 3, who, "kernel");
  check_same_dtype(x, kernel, who);
  check(kernel.shape(1) == x.shape(2), who, ": the kernel sees ", kernel.shape(1), " channels, but x has ", x.shape(2));
  const Geometry g{x.shape(0), x.shape(2), kernel.shape(2),
                   window_over(x.shape(1), kernel.shape(0), stride, dilation, padding, who)};
  const Tensor y({x.shape(0), g.time.output, g.filters()}, x.dtype());
  dispatch_float(x.dtype(), who, [&]<class T>() { forward(g, x.data<T>(), kernel.data<T>(), y.data<T>()); });
  record(who, {x, kernel}, {y}, [g, x = x.detach(), kernel = kernel.detach()](const BackwardPass& pass) {
    const Tensor& dy = pass.output_gradient();
    dispatch_float(dy.dtype(), who, [&]<class T>() {
      if (pass.wants(0)) {
        const Tensor dx = Tensor::empty_like(x);
        input_gradient(g, dy.data<T>(), kernel.data<T>(), dx.data<T>());
        pass.add(0, dx);
      }
      if (pass.wants(1)) {
        const Tensor dkernel = Tensor::empty_like(kernel);
        kernel_gradient(g, x.data<T>(), dy.data<T>(), dkernel.data<T>());
        pass.add(1, dkernel);
      }
    });
  });
  return y;
}

}  // namespace recurra::ops
