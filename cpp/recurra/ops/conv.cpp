#include "recurra/ops/conv.h"

#include "recurra/base/checked.h"
#include "recurra/ops/activated.h"
#include "recurra/ops/correlation.h"
#include "recurra/ops/embedding_conv.h"
#include "recurra/ops/row_reduction.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

// Everything about one convolution but its numbers: from the wide side (height y.input, width x.input, `channels`) to
// the narrow side (y.output, x.output, `filters`). The transposed convolution runs the same maps the other way.
struct Geometry {
  Index batch, channels, filters, groups;
  Window y, x;

  Field wide(Index group) const { return {y.input, x.input, channels, group * channels / groups, channels / groups}; }
  Field narrow(Index group) const { return {y.output, x.output, filters, group * filters / groups, filters / groups}; }

  Correlation forward(Index group) const {
    Correlation c{batch, wide(group), narrow(group), y.output, x.output, y.stride, x.stride, {}};
    for (Index i = 0; i < y.size; ++i)
      for (Index j = 0; j < x.size; ++j) c.taps.push_back({i * y.dilation - y.before, j * x.dilation - x.before});
    return c;
  }
};

// Columns [first, first + count) of a (rows, columns) matrix as a matrix of their own.
template <class T>
Tensor columns_of(const T* matrix, Index rows, Index columns, Index first, Index count) {
  Tensor out({rows, count}, dtype_of<T>());
  for (Index row = 0; row < rows; ++row)
    std::copy_n(matrix + row * columns + first, count, out.data<T>() + row * count);
  return out;
}

// narrow = f(bias + kernel over wide).
template <class T>
void to_narrow(const Geometry& g, const T* wide, const T* kernel, const T* bias, T* narrow,
               Activation activation = Activation::linear, T* kept = nullptr) {
  const Index filters = g.filters / g.groups;
  for (Index group = 0; group < g.groups; ++group) {
    const Correlation c = g.forward(group);
    const T* group_bias = bias ? bias + group * filters : nullptr;
    if (g.groups == 1) {
      correlate(c, wide, kernel, group_bias, narrow, activation, kept);
      continue;
    }
    const Tensor part = columns_of(kernel, c.patch(), g.filters, group * filters, filters);
    correlate(c, wide, part.data<T>(), group_bias, narrow, activation, kept);
  }
}

// The taps of one axis that reach wide positions congruent to `phase` modulo the stride, nearest source first:
// wide position phase + j*stride sees narrow position j + offset through tap k.
struct PhaseTap {
  Index k, offset;
};

std::vector<PhaseTap> phase_taps(const Window& w, Index phase) {
  std::vector<PhaseTap> taps;
  for (Index k = w.size - 1; k >= 0; --k)
    if (const Index steps = phase + w.before - k * w.dilation; steps % w.stride == 0)
      taps.push_back({k, steps / w.stride});
  return taps;
}

// wide = bias + the adjoint of to_narrow applied to narrow. Each residue of the stride is a correlation of its own,
// with the taps that reach it, so no product with an inserted zero is ever made.
template <class T>
void to_wide(const Geometry& g, const T* narrow, const T* kernel, const T* bias, T* wide) {
  const Index channels = g.channels / g.groups;
  const Index filters = g.filters / g.groups;
  if (g.batch == 0 || channels == 0) return;
  for (Index group = 0; group < g.groups; ++group) {
    for (Index phase_y = 0; phase_y < std::min(g.y.stride, g.y.input); ++phase_y) {
      for (Index phase_x = 0; phase_x < std::min(g.x.stride, g.x.input); ++phase_x) {
        const auto taps_y = phase_taps(g.y, phase_y);
        const auto taps_x = phase_taps(g.x, phase_x);
        Correlation c{g.batch,
                      g.narrow(group),
                      g.wide(group),
                      (g.y.input - phase_y - 1) / g.y.stride + 1,
                      (g.x.input - phase_x - 1) / g.x.stride + 1,
                      1,
                      1,
                      {}};
        c.origin_y = phase_y;
        c.origin_x = phase_x;
        c.spread_y = g.y.stride;
        c.spread_x = g.x.stride;
        const T* group_bias = bias ? bias + group * channels : nullptr;
        if (taps_y.empty() || taps_x.empty()) {  // most phases of a stride larger than the kernel
          fill_destination(c, group_bias, wide);
          continue;
        }
        const Tensor turned({static_cast<Index>(taps_y.size() * taps_x.size()) * filters, channels}, dtype_of<T>());
        T* out = turned.data<T>();
        for (const PhaseTap& ty : taps_y) {
          for (const PhaseTap& tx : taps_x) {
            c.taps.push_back({ty.offset, tx.offset});
            const T* tap = kernel + (ty.k * g.x.size + tx.k) * channels * g.filters + group * filters;
            for (Index o = 0; o < filters; ++o)
              for (Index f = 0; f < channels; ++f) *out++ = tap[f * g.filters + o];
          }
        }
        correlate(c, narrow, turned.data<T>(), group_bias, wide);
      }
    }
  }
}

// Gradient of the kernel, whichever way the product ran.
template <class T>
Tensor kernel_gradient(const Geometry& g, const Shape& shape, const T* wide, const T* narrow) {
  const Tensor out(shape, dtype_of<T>());
  const Index filters = g.filters / g.groups;
  for (Index group = 0; group < g.groups; ++group) {
    const Correlation c = g.forward(group);
    if (g.groups == 1) {
      correlate_kernel_gradient(c, wide, narrow, out.data<T>());
      continue;
    }
    const Tensor part({c.patch(), filters}, dtype_of<T>());
    correlate_kernel_gradient(c, wide, narrow, part.data<T>());
    for (Index row = 0; row < c.patch(); ++row)
      std::copy_n(part.data<T>() + row * filters, filters, out.data<T>() + row * g.filters + group * filters);
  }
  return out;
}

template <class T>
Tensor bias_gradient(const Tensor& dy) {
  const Index columns = dy.shape().back();
  const Tensor out({columns}, dtype_of<T>());
  sum_rows(dy.data<T>(), dy.size() / std::max<Index>(columns, 1), columns, out.data<T>());
  return out;
}

void check_bias(const Tensor& bias, const Tensor& x, Index filters, const char* who) {
  if (!bias.defined()) return;
  check_same_dtype(x, bias, who);
  check(bias.rank() == 1 && bias.shape(0) == filters, who, ": expected a bias of shape (", filters, ",), got ",
        bias.shape());
}

// The gradient of rows of a table that a convolution was computed from: its own elements, or the way to the table.
class GradientThroughTable final : public GradientOfRows {
 public:
  GradientThroughTable(std::shared_ptr<const EmbeddingConvolution> plan, const Geometry& g, Tensor dproducts, Tensor dz,
                       Tensor kernel)
      : GradientOfRows(plan->rows()),
        plan_(std::move(plan)),
        g_(g),
        dproducts_(std::move(dproducts)),
        dz_(std::move(dz)),
        kernel_(std::move(kernel)) {}

  void make(std::byte* elements) const override {
    dispatch_float(dz_.dtype(), "conv1d", [&]<class T>() {
      to_wide<T>(g_, dz_.data<T>(), kernel_.data<T>(), nullptr, reinterpret_cast<T*>(elements));
    });
  }
  void add_to(const Tensor& table_gradient) const override {
    dispatch_float(dz_.dtype(), "conv1d",
                   [&]<class T>() { plan_->add_table_gradient<T>(dproducts_, kernel_, table_gradient); });
  }

 private:
  std::shared_ptr<const EmbeddingConvolution> plan_;
  Geometry g_;
  Tensor dproducts_, dz_, kernel_;
};

Tensor convolve(const char* name, const Geometry& g, const Tensor& x, const Tensor& kernel, const Tensor& bias,
                Activation activation, Shape output,
                const std::shared_ptr<const EmbeddingConvolution>& through_table = nullptr) {
  const Tensor y(output, x.dtype());
  const bool records = needs_recording({&x, &kernel, &bias});
  const Tensor kept = records && slope_needs_input(activation) ? Tensor::empty_like(y) : y.detach();
  dispatch_float(x.dtype(), name, [&]<class T>() {
    if (through_table) return through_table->forward<T>(kernel, bias, activation, y, kept);
    to_narrow(g, x.data<T>(), kernel.data<T>(), bias.defined() ? bias.data<T>() : nullptr, y.data<T>(), activation,
              kept.data<T>());
  });
  if (!records) return y;
  record(name, {x, kernel, bias}, {y},
         [g, x = x.detach(), kernel = kernel.detach(), kept = activation == Activation::linear ? Tensor() : kept,
          activation, name, through_table](const BackwardPass& pass) {
           const Tensor& dy = pass.output_gradient();
           const Tensor dz = activation == Activation::linear ? dy : Tensor::empty_like(dy);
           dispatch_float(dy.dtype(), name, [&]<class T>() {
             const Tensor db = pass.wants(2) ? Tensor({g.filters}, dy.dtype()) : Tensor();
             through_activation<T>(activation, dy, kept, dz, db);
             if (db.defined()) pass.add(2, db);
             // Once somebody has read the rows, they are what the outputs were made from; the table may have changed.
             if (through_table && x.recipe()) {
               const Tensor dproducts = through_table->products_gradient<T>(dz);
               if (pass.wants(0))
                 pass.add(0, {x.shape(), x.dtype(),
                              std::make_unique<GradientThroughTable>(through_table, g, dproducts, dz, kernel)});
               if (pass.wants(1)) pass.add(1, through_table->kernel_gradient<T>(dproducts));
               return;
             }
             if (pass.wants(0)) {
               const Tensor dx = Tensor::empty_like(x);
               to_wide<T>(g, dz.data<T>(), kernel.data<T>(), nullptr, dx.data<T>());
               pass.add(0, dx);
             }
             if (pass.wants(1)) pass.add(1, kernel_gradient(g, kernel.shape(), x.data<T>(), dz.data<T>()));
           });
         });
  return y;
}

// Checks what conv1d and conv2d share; `spatial` axes stand between the batch and the channels.
void check_convolution(const Tensor& x, const Tensor& kernel, const Tensor& bias, int spatial, Index groups,
                       const char* who) {
  check_rank(x, spatial + 2, who, "x");
  check_rank(kernel, spatial + 2, who, "kernel");
  check_same_dtype(x, kernel, who);
  const Index channels = x.shape().back();
  const Index filters = kernel.shape().back();
  check(groups >= 1 && channels % groups == 0 && filters % groups == 0, who, ": groups must divide the ", channels,
        " channels and the ", filters, " filters, got ", groups);
  check(kernel.shape(spatial) * groups == channels, who, ": the kernel sees ", kernel.shape(spatial),
        " channels in each of ", groups, " groups, but x has ", channels, " channels");
  check_bias(bias, x, filters, who);
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& kernel, const Tensor& bias, Index stride, Index dilation, Index groups,
              Padding padding, Activation activation) {
  check_convolution(x, kernel, bias, 1, groups, "conv1d");
  const Geometry g{x.shape(0),          x.shape(2),
                   kernel.shape(2),     groups,
                   Window{.output = 1}, window_over(x.shape(1), kernel.shape(0), stride, dilation, padding, "conv1d")};
  return convolve("conv1d", g, x, kernel, bias, activation, {x.shape(0), g.x.output, g.filters},
                  groups == 1 ? EmbeddingConvolution::plan(x, kernel, g.x) : nullptr);
}

Tensor conv2d(const Tensor& x, const Tensor& kernel, const Tensor& bias, std::array<Index, 2> strides,
              std::array<Index, 2> dilations, Index groups, Padding padding, Activation activation) {
  check(padding != Padding::causal, "conv2d: padding is 'valid' or 'same'");
  check_convolution(x, kernel, bias, 2, groups, "conv2d");
  const Geometry g{x.shape(0),
                   x.shape(3),
                   kernel.shape(3),
                   groups,
                   window_over(x.shape(1), kernel.shape(0), strides[0], dilations[0], padding, "conv2d"),
                   window_over(x.shape(2), kernel.shape(1), strides[1], dilations[1], padding, "conv2d")};
  return convolve("conv2d", g, x, kernel, bias, activation, {x.shape(0), g.y.output, g.x.output, g.filters});
}

Tensor conv1d_transpose(const Tensor& x, const Tensor& kernel, const Tensor& bias, Index stride, Index dilation,
                        Index before, Index output) {
  constexpr const char* who = "conv1d_transpose";
  check_rank(x, 3, who, "x");
  check_rank(kernel, 3, who, "kernel");
  check_same_dtype(x, kernel, who);
  check(kernel.shape(2) == x.shape(2), who, ": the kernel sees ", kernel.shape(2), " channels, but x has ", x.shape(2));
  check(kernel.shape(0) >= 1 && stride >= 1 && dilation >= 1, who,
        ": window size, stride and dilation must be at least 1");
  check(output >= 0, who, ": the output would have ", output, " steps");
  check_bias(bias, x, kernel.shape(1), who);
  // Every position of a tap: from `before` in front of the output to behind the last window.
  check(before >= 0, who, ": the steps cut off in front cannot be negative, got ", before);
  const Index last = checked_multiply(std::max<Index>(x.shape(1) - 1, 0), stride, who);
  const Index span = checked_add(checked_multiply(kernel.shape(0) - 1, dilation, who), 1, who);
  [[maybe_unused]] const Index reach = checked_add(checked_add(last, span, who), checked_add(output, before, who), who);
  const Geometry g{x.shape(0),          kernel.shape(1),
                   kernel.shape(2),     1,
                   Window{.output = 1}, Window{kernel.shape(0), stride, dilation, before, output, x.shape(1)}};
  const Tensor y({x.shape(0), output, g.channels}, x.dtype());
  dispatch_float(x.dtype(), who, [&]<class T>() {
    to_wide(g, x.data<T>(), kernel.data<T>(), bias.defined() ? bias.data<T>() : nullptr, y.data<T>());
  });
  record(who, {x, kernel, bias}, {y}, [g, x = x.detach(), kernel = kernel.detach()](const BackwardPass& pass) {
    const Tensor& dy = pass.output_gradient();
    dispatch_float(dy.dtype(), who, [&]<class T>() {
      if (pass.wants(0)) {
        const Tensor dx = Tensor::empty_like(x);
        to_narrow<T>(g, dy.data<T>(), kernel.data<T>(), nullptr, dx.data<T>());
        pass.add(0, dx);
      }
      if (pass.wants(1)) pass.add(1, kernel_gradient(g, kernel.shape(), dy.data<T>(), x.data<T>()));
      if (pass.wants(2)) pass.add(2, bias_gradient<T>(dy));
    });
  });
  return y;
}

}  // namespace recurra::ops
