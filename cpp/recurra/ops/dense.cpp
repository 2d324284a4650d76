#include "recurra/ops/dense.h"

#include <algorithm>

#include "recurra/ops/broadcast.h"
#include "recurra/ops/indexing.h"
#include "recurra/ops/matmul.h"
#include "recurra/ops/reduction.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {

namespace {

// y = f(z); what the slope will be found from is left in `kept`, which may be y itself.
template <class T>
void activate_all(Activation kind, T* y, T* kept, Index size) {
  parallel_blocks(size, elementwise_block, 20.0 * static_cast<double>(size), [=](Index begin, Index end) {
    for (Index i = begin; i < end; i += lanes<T>) {
      const Index count = std::min<Index>(lanes<T>, end - i);
      const Vec<T> z = load_part(y + i, count);
      store_part(y + i, activate<T>(kind, z), count);
      if (kept != y) store_part(kept + i, z, count);
    }
  });
}

// dz = dy f'(z)
template <class T>
void slope_all(Activation kind, const T* dy, const T* kept, T* dz, Index size) {
  parallel_blocks(size, elementwise_block, 20.0 * static_cast<double>(size), [=](Index begin, Index end) {
    for (Index i = begin; i < end; i += lanes<T>) {
      const Index count = std::min<Index>(lanes<T>, end - i);
      store_part(dz + i, load_part(dy + i, count) * slope_of<T>(kind, load_part(kept + i, count)), count);
    }
  });
}

}  // namespace

Tensor dense(const Tensor& x, const Tensor& kernel, const Tensor& bias, Activation activation) {
  check_rank(kernel, 2, "dense", "the kernel");
  check_same_dtype(x, kernel, "dense");
  const Index features = kernel.shape(0);
  const Index units = kernel.shape(1);
  check(x.rank() >= 1 && x.shape(-1) == features, "dense: the kernel of shape ", kernel.shape().str(), " expects ",
        features, " features, got an input of shape ", x.shape().str());
  if (bias.defined()) {
    check_same_dtype(x, bias, "dense");
    check(bias.rank() == 1 && bias.shape(0) == units, "dense: expected a bias of shape (", units, ",), got ",
          bias.shape().str());
  }
  Shape shape = x.shape();
  shape[-1] = units;
  const Index rows = shape.count(0, shape.rank() - 1);
  const Tensor out(shape, x.dtype());
  const bool records = needs_recording({&x, &kernel, &bias});
  const Tensor kept = records && slope_needs_input(activation) ? Tensor::empty_like(out) : out.detach();
  dispatch_float(x.dtype(), "dense", [&]<class T>() {
    T* y = out.data<T>();
    if (bias.defined()) {
      const T* b = bias.data<T>();
      parallel_blocks(rows, 1 + elementwise_block / (units + 1), static_cast<double>(out.size()),
                      [&](Index begin, Index end) {
                        for (Index r = begin; r < end; ++r) std::copy_n(b, units, y + r * units);
                      });
    }
    product<T>(rows, units, features, {x.data<T>()}, {kernel.data<T>()}, y, bias.defined());
    if (activation != Activation::linear) activate_all<T>(activation, y, kept.data<T>(), out.size());
  });
  if (records)
    record("dense", {x, kernel, bias}, {out},
           [x = x.detach(), kernel = kernel.detach(), kept = activation == Activation::linear ? Tensor() : kept,
            activation, rows, units, features](const BackwardPass& pass) {
             Tensor g = pass.output_gradient();
             dispatch_float(g.dtype(), "dense", [&]<class T>() {
               if (kept.defined()) {
                 const Tensor dz = Tensor::empty_like(g);
                 slope_all<T>(activation, g.data<T>(), kept.data<T>(), dz.data<T>(), g.size());
                 g = dz;
               }
               const T* dy = g.data<T>();
               if (pass.wants(0)) {
                 const Tensor dx = Tensor::empty_like(x);
                 product<T>(rows, features, units, {dy}, {kernel.data<T>(), true}, dx.data<T>());
                 pass.add(0, dx);
               }
               if (pass.wants(1))
                 product<T>(features, units, rows, {x.data<T>(), true}, {dy}, pass.accumulator(1).data<T>(), true);
               if (pass.wants(2)) pass.add(2, sum_to(g, {units}));
             });
           });
  return out;
}

Tensor embedding(const Tensor& indices, const Tensor& table) {
  check_rank(table, 2, "embedding", "the table");
  return take(table, indices, 0);
}

}  // namespace recurra::ops
