#include "recurra/ops/dense.h"

#include "recurra/ops/broadcast.h"
#include "recurra/ops/indexing.h"
#include "recurra/ops/matmul.h"
#include "recurra/ops/reduction.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {

Tensor dense(const Tensor& x, const Tensor& kernel, const Tensor& bias) {
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
  });
  if (needs_recording({&x, &kernel, &bias}))
    record("dense", {x, kernel, bias}, {out},
           [x = x.detach(), kernel = kernel.detach(), rows, units, features](const BackwardPass& pass) {
             const Tensor& g = pass.output_gradient();
             dispatch_float(g.dtype(), "dense", [&]<class T>() {
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
