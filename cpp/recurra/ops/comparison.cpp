#include "recurra/ops/comparison.h"

#include <cmath>

#include "recurra/ops/broadcast.h"
#include "recurra/ops/cast.h"
#include "recurra/ops/reduction.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

template <class F>
Tensor compare(const Tensor& x, const Tensor& y, const char* who, const F& f) {
  const Tensor out(broadcast_shape(x.shape(), y.shape(), who), DType::boolean);
  const auto [a, b] = promoted(x.detach(), y.detach());
  dispatch_any(a.dtype(), [&, &a = a, &b = b]<class T>() { broadcast_apply<T, bool>(a, b, out, 1, f); });
  return out;
}

template <class F>
Tensor combine(const Tensor& x, const Tensor& y, const char* who, const F& f) {
  const Tensor out(broadcast_shape(x.shape(), y.shape(), who), DType::boolean);
  broadcast_apply<bool, bool>(cast(x, DType::boolean), cast(y, DType::boolean), out, 1, f);
  return out;
}

template <class F>
Tensor test(const Tensor& x, bool of_integers, const F& f) {
  if (!is_floating(x.dtype())) return Tensor::full(x.shape(), DType::boolean, of_integers);
  const Tensor out(x.shape(), DType::boolean);
  dispatch_float(x.dtype(), "test", [&]<class T>() {
    const T* in = x.data<T>();
    bool* to = out.data<bool>();
    for (Index i = 0, n = x.size(); i < n; ++i) to[i] = f(in[i]);
  });
  return out;
}

}  // namespace

Tensor equal(const Tensor& a, const Tensor& b) {
  return compare(a, b, "equal", [](auto x, auto y) { return x == y; });
}
Tensor not_equal(const Tensor& a, const Tensor& b) {
  return compare(a, b, "not_equal", [](auto x, auto y) { return x != y; });
}
Tensor less(const Tensor& a, const Tensor& b) {
  return compare(a, b, "less", [](auto x, auto y) { return x < y; });
}
Tensor less_equal(const Tensor& a, const Tensor& b) {
  return compare(a, b, "less_equal", [](auto x, auto y) { return x <= y; });
}
Tensor greater(const Tensor& a, const Tensor& b) {
  return compare(a, b, "greater", [](auto x, auto y) { return x > y; });
}
Tensor greater_equal(const Tensor& a, const Tensor& b) {
  return compare(a, b, "greater_equal", [](auto x, auto y) { return x >= y; });
}

Tensor logical_and(const Tensor& a, const Tensor& b) {
  return combine(a, b, "logical_and", [](bool x, bool y) { return x && y; });
}
Tensor logical_or(const Tensor& a, const Tensor& b) {
  return combine(a, b, "logical_or", [](bool x, bool y) { return x || y; });
}
Tensor logical_xor(const Tensor& a, const Tensor& b) {
  return combine(a, b, "logical_xor", [](bool x, bool y) { return x != y; });
}
Tensor logical_not(const Tensor& x) {
  const Tensor truth = cast(x.detach(), DType::boolean);
  const Tensor out(x.shape(), DType::boolean);
  const bool* in = truth.data<bool>();
  bool* to = out.data<bool>();
  for (Index i = 0, n = x.size(); i < n; ++i) to[i] = !in[i];
  return out;
}

Tensor isnan(const Tensor& x) {
  return test(x, false, [](auto v) { return std::isnan(v); });
}
Tensor isinf(const Tensor& x) {
  return test(x, false, [](auto v) { return std::isinf(v); });
}
Tensor isfinite(const Tensor& x) {
  return test(x, true, [](auto v) { return std::isfinite(v); });
}

Tensor where(const Tensor& condition, const Tensor& x, const Tensor& y) {
  const auto [a, b] = promoted(x, y);
  const Shape values = broadcast_shape(a.shape(), b.shape(), "where");
  const Tensor out(broadcast_shape(condition.shape(), values, "where"), a.dtype());
  const Tensor truth = cast(condition.detach(), DType::boolean);
  const auto plan = broadcast_plan<3>(out.shape(), {&truth.shape(), &a.shape(), &b.shape()});
  const auto inner = as_size(plan.rank - 1);
  dispatch_any(a.dtype(), [&, &a = a, &b = b]<class T>() {
    const bool* choose = truth.data<bool>();
    const T* left = a.data<T>();
    const T* right = b.data<T>();
    T* to = out.data<T>();
    const Index c = plan.stride[0][inner];
    const Index l = plan.stride[1][inner];
    const Index r = plan.stride[2][inner];
    for_each_run<3>(plan, 1, [&](Index offset, Index count, const std::array<Index, 3>& at) {
      for (Index i = 0; i < count; ++i)
        to[offset + i] = choose[at[0] + i * c] ? left[at[1] + i * l] : right[at[2] + i * r];
    });
  });
  if (needs_recording({&a, &b}))
    record("where", {a, b}, {out}, [truth, a = a.shape(), b = b.shape()](const BackwardPass& pass) {
      const Tensor& g = pass.output_gradient();
      const Tensor zero = Tensor::scalar(0, g.dtype());
      if (pass.wants(0)) pass.add(0, sum_to(where(truth, g, zero), a));
      if (pass.wants(1)) pass.add(1, sum_to(where(truth, zero, g), b));
    });
  return out;
}

}  // namespace recurra::ops
