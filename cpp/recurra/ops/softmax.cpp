// Softmax and its logarithm. With s = softmax(x):
//   y = s:       dx = s (dy - sum(dy s))
//   y = log s:   dx = dy - s sum(dy)
#include <algorithm>
#include <cmath>

#include "recurra/kernels/softmax.h"
#include "recurra/ops/activation.h"
#include "recurra/ops/layout.h"
#include "recurra/ops/pointwise.h"

namespace recurra::ops {
namespace {

// Works along the last axis; another axis is brought there and back.
template <class F>
Tensor along_last(const Tensor& x, Index along, const char* who, const F& f) {
  const int axis = checked_axis(along, x.rank(), who);
  if (axis == x.rank() - 1) return f(x);
  std::vector<Index> order;
  for (int k = 0; k < x.rank(); ++k) order.push_back(k);
  std::swap(order[static_cast<std::size_t>(axis)], order.back());
  return transpose(f(transpose(x, order)), order);
}

template <class Row>
void for_each_row(const Tensor& x, const Row& row) {
  const Index count = x.shape(-1);
  if (x.size() == 0) return;
  parallel_blocks(x.size() / count, 1 + elementwise_block / count, 20.0 * static_cast<double>(x.size()),
                  [&](Index begin, Index end) {
                    for (Index r = begin; r < end; ++r) row(r * count, count);
                  });
}

}  // namespace

Tensor softmax(const Tensor& given, Index axis) {
  return along_last(cast(given, floating(given.dtype())), axis, "softmax", [](const Tensor& x) {
    const Tensor out = Tensor::empty_like(x);
    dispatch_float(x.dtype(), "softmax", [&]<class T>() {
      for_each_row(x, [&](Index at, Index count) { softmax_row(x.data<T>() + at, count, out.data<T>() + at); });
    });
    if (needs_recording({&x}))
      record("softmax", {x}, {out}, [y = out.detach()](const BackwardPass& pass) {
        const Tensor& g = pass.output_gradient();
        const Tensor dx = Tensor::empty_like(g);
        dispatch_float(g.dtype(), "softmax", [&]<class T>() {
          for_each_row(g, [&](Index at, Index count) {
            const T* dy = g.data<T>() + at;
            const T* s = y.data<T>() + at;
            T* __restrict to = dx.data<T>() + at;
            T total = 0;
            for (Index i = 0; i < count; ++i) total += dy[i] * s[i];
            for (Index i = 0; i < count; ++i) to[i] = s[i] * (dy[i] - total);
          });
        });
        pass.add(0, dx);
      });
    return out;
  });
}

Tensor log_softmax(const Tensor& given, Index axis) {
  return along_last(cast(given, floating(given.dtype())), axis, "log_softmax", [](const Tensor& x) {
    const Tensor out = Tensor::empty_like(x);
    dispatch_float(x.dtype(), "log_softmax", [&]<class T>() {
      for_each_row(x, [&](Index at, Index count) { log_softmax_row(x.data<T>() + at, count, out.data<T>() + at); });
    });
    if (needs_recording({&x}))
      record("log_softmax", {x}, {out}, [y = out.detach()](const BackwardPass& pass) {
        const Tensor& g = pass.output_gradient();
        const Tensor dx = Tensor::empty_like(g);
        dispatch_float(g.dtype(), "log_softmax", [&]<class T>() {
          for_each_row(g, [&](Index at, Index count) {
            const T* dy = g.data<T>() + at;
            const T* log_s = y.data<T>() + at;
            T* __restrict to = dx.data<T>() + at;
            T total = 0;
            for (Index i = 0; i < count; ++i) total += dy[i];
            for (Index i = 0; i < count; ++i) to[i] = dy[i] - std::exp(log_s[i]) * total;
          });
        });
        pass.add(0, dx);
      });
    return out;
  });
}

}  // namespace recurra::ops
