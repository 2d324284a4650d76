#include "recurra/ops/reduction.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>

#include "recurra/base/buffer.h"
#include "recurra/kernels/vec.h"
#include "recurra/ops/arithmetic.h"
#include "recurra/ops/broadcast.h"
#include "recurra/ops/cast.h"
#include "recurra/ops/comparison.h"
#include "recurra/ops/elementwise.h"
#include "recurra/ops/layout.h"
#include "recurra/ops/wrapping.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

// x as (outer, count, inner), reduced over the middle.
struct Reduction {
  Tensor x;
  Index outer = 1, count = 1, inner = 1;
  Shape reduced;  // axes dropped
  Shape kept;     // reduced axes with extent 1

  Reduction(const Tensor& given, const Axes& axes, const char* who) : x(given.detach()) {
    const int rank = x.rank();
    std::array<bool, Shape::max_rank> gone{};
    for (int axis = 0; axes.empty() && axis < rank; ++axis) gone[as_size(axis)] = true;
    for (const Index axis : axes) gone[as_size(checked_axis(axis, rank, who))] = true;
    int first = rank;
    int last = -1;
    std::vector<Index> order;  // kept axes first
    for (int axis = 0; axis < rank; ++axis) {
      if (gone[as_size(axis)]) {
        first = std::min(first, axis);
        last = axis;
        kept.push_back(1);
      } else {
        kept.push_back(x.shape(axis));
        reduced.push_back(x.shape(axis));
        order.push_back(axis);
      }
    }
    bool together = true;
    for (int axis = first; axis <= last; ++axis) {
      together = together && gone[as_size(axis)];
      if (gone[as_size(axis)]) {
        count *= x.shape(axis);
        order.push_back(axis);
      }
    }
    if (together) {
      outer = x.shape().count(0, std::min(first, rank));
      inner = x.shape().count(last < 0 ? rank : last + 1, rank);
    } else {
      x = transpose(x, order);
      outer = reduced.size();
    }
  }

  const Shape& shape(bool keepdims) const { return keepdims ? kept : reduced; }
};

// Combines a run of consecutive elements in sixteen lanes, which are then combined pairwise.
template <class T, class F>
T fold_run(const T* x, Index count, T start, const F& f) {
  constexpr Index lanes = 16;
  T lane[lanes];
  std::fill_n(lane, lanes, start);
  Index i = 0;
  for (; i + lanes <= count; i += lanes)
    for (Index k = 0; k < lanes; ++k) lane[k] = f(lane[k], x[i + k]);
  for (Index k = 0; i < count; ++i, ++k) lane[k] = f(lane[k], x[i]);
  for (Index width = lanes / 2; width > 0; width /= 2)
    for (Index k = 0; k < width; ++k) lane[k] = f(lane[k], lane[k + width]);
  return lane[0];
}

constexpr Index fold_chunk = 1 << 12;  // elements of the reduced axis in one chunk

// out[o, i] = f(… f(f(start, x[o, 0, i]), x[o, 1, i]) …)
template <class T, class F>
void fold(const Reduction& r, T* out, T start, double cost, const F& f) {
  const T* const x = r.x.data<T>();
  const Index width = r.outer * r.inner;
  if (width == 0) return;
  if (r.count == 0) {
    std::fill_n(out, width, start);
    return;
  }
  const Index chunk = r.inner == 1 ? fold_chunk : std::max<Index>(64, fold_chunk / r.inner);
  const Index chunks = (r.count + chunk - 1) / chunk;
  const Tensor partial = chunks > 1 ? Tensor(Shape{chunks, r.outer, r.inner}, dtype_of<T>()) : Tensor();
  const Index tasks = r.outer * chunks;
  const Index tasks_together = std::max<Index>(1, fold_chunk / (std::min(r.count, chunk) * r.inner));
  const double work = cost * static_cast<double>(width) * static_cast<double>(r.count);
  parallel_blocks(tasks, tasks_together, work, [&](Index begin, Index end) {
    for (Index task = begin; task < end; ++task) {
      const Index o = task / chunks;
      const Index c = task % chunks;
      const Index first = c * chunk;
      const Index length = std::min(chunk, r.count - first);
      const T* source = x + (o * r.count + first) * r.inner;
      T* __restrict target = (chunks > 1 ? partial.data<T>() + c * width : out) + o * r.inner;
      if (r.inner == 1) {
        *target = fold_run(source, length, start, f);
      } else {
        std::fill_n(target, r.inner, start);
        for (Index k = 0; k < length; ++k)
          for (Index i = 0; i < r.inner; ++i) target[i] = f(target[i], source[k * r.inner + i]);
      }
    }
  });
  if (chunks == 1) return;
  const T* parts = partial.data<T>();
  std::copy_n(parts, width, out);
  for (Index c = 1; c < chunks; ++c)
    for (Index i = 0; i < width; ++i) out[i] = f(out[i], parts[c * width + i]);
}

double count_of(const Reduction& r) { return static_cast<double>(r.count); }

Tensor scaled(const Tensor& x, double factor) { return multiply(x, Tensor::scalar(factor, x.dtype())); }

// dx[o, k, i] = g[o, i] / (how many x[o, k, i] equal y[o, i]) where x[o, k, i] does, else 0.
template <class T>
void share_among_equals(const Reduction& r, const T* x, const T* y, const T* g, T* dx) {
  const Index count = r.count;
  const Index inner = r.inner;
  const double work = 4.0 * static_cast<double>(r.outer * inner) * static_cast<double>(count);
  parallel_blocks(r.outer, 1 + fold_chunk / (count * inner + 1), work, [&](Index begin, Index end) {
    const Buffer<T> shares(inner);
    for (Index o = begin; o < end; ++o) {
      const T* const from = x + o * count * inner;
      const T* __restrict best = y + o * inner;
      T* __restrict to = dx + o * count * inner;
      T* __restrict share = shares.data();
      std::fill_n(share, inner, T(0));
      for (Index k = 0; k < count; ++k)
        for (Index i = 0; i < inner; ++i) share[i] += from[k * inner + i] == best[i] ? T(1) : T(0);
      for (Index i = 0; i < inner; ++i) share[i] = g[o * inner + i] / share[i];
      for (Index k = 0; k < count; ++k)
        for (Index i = 0; i < inner; ++i) to[k * inner + i] = (from[k * inner + i] == best[i] ? T(1) : T(0)) * share[i];
    }
  });
}

// The largest (or smallest) elements, with the gradient shared among equals.
template <class Better>
Tensor extreme(const char* name, const Tensor& x, const Axes& axes, bool keepdims, const Better& better) {
  const Reduction r(x, axes, name);
  check(r.count > 0 || r.outer * r.inner == 0, name, ": no elements along the axis; the shape is ", x.shape());
  const Tensor out(r.shape(keepdims), x.dtype());
  dispatch_any(x.dtype(), [&]<class T>() {
    using Limits = std::numeric_limits<T>;
    const T low = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
    const T high = Limits::has_infinity ? Limits::infinity() : Limits::max();
    const T start = better(low, high) ? high : low;
    fold<T>(r, out.data<T>(), start, 1, [&](T a, T b) { return better(b, a) || b != b ? b : a; });
  });
  if (needs_recording({&x}))
    record(name, {x}, {out}, [x = x.detach(), y = out.detach(), axes, name](const BackwardPass& pass) {
      const Reduction r(x, axes, name);
      const Tensor& g = pass.output_gradient();
      if (r.x.storage() == x.storage()) {
        const Tensor dx = Tensor::empty_like(x);
        dispatch_float(x.dtype(), name,
                       [&]<class T>() { share_among_equals(r, x.data<T>(), y.data<T>(), g.data<T>(), dx.data<T>()); });
        return pass.add(0, dx);
      }
      const Tensor hit = cast(equal(x, y.reshaped(r.kept)), x.dtype());
      pass.add(0, multiply(hit, divide(g.reshaped(r.kept), sum(hit, axes, true))));
    });
  return out;
}

template <class Better>
Tensor position(const char* name, const Tensor& x, Index axis, bool keepdims, const Better& better) {
  const Reduction r(x, {axis}, name);
  check(r.count > 0 || r.outer * r.inner == 0, name, ": no elements along the axis; the shape is ", x.shape());
  const Tensor out(r.shape(keepdims), DType::int32);
  if (out.size() == 0) return out;
  dispatch_any(x.dtype(), [&]<class T>() {
    const T* data = x.data<T>();
    auto* to = out.data<std::int32_t>();
    parallel_blocks(r.outer, 1 + fold_chunk / (r.count * r.inner + 1), static_cast<double>(x.size()),
                    [&](Index begin, Index end) {
                      for (Index o = begin; o < end; ++o)
                        for (Index i = 0; i < r.inner; ++i) {
                          const T* column = data + o * r.count * r.inner + i;
                          Index best = 0;
                          for (Index k = 1; k < r.count; ++k) {
                            const T candidate = column[k * r.inner];
                            const T leader = column[best * r.inner];
                            if (better(candidate, leader) || (candidate != candidate && leader == leader)) best = k;
                          }
                          to[o * r.inner + i] = static_cast<std::int32_t>(best);
                        }
                    });
  });
  return out;
}

Tensor truth(const char* name, const Tensor& x, const Axes& axes, bool keepdims, bool all) {
  const Reduction r(cast(x.detach(), DType::boolean), axes, name);
  const Tensor out(r.shape(keepdims), DType::boolean);
  fold<bool>(r, out.data<bool>(), all, 1, [all](bool a, bool b) { return all ? a && b : a || b; });
  return out;
}

// Calls line(first, stride, count) for every line of x along an axis; positions are element offsets.
template <class Line>
void for_each_line(const Tensor& x, int axis, const Line& line) {
  const Index count = x.shape(axis);
  const Index inner = x.shape().count(axis + 1, x.rank());
  const Index outer = x.shape().count(0, axis);
  if (x.size() == 0) return;
  parallel_blocks(outer, 1 + fold_chunk / (count * inner + 1), 2.0 * static_cast<double>(x.size()),
                  [&](Index begin, Index end) {
                    for (Index o = begin; o < end; ++o)
                      for (Index i = 0; i < inner; ++i) line(o * count * inner + i, inner, count);
                  });
}

}  // namespace

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  Axes axes;
  for (int axis = 0; axis < x.rank(); ++axis) {
    const int own = axis - (x.rank() - shape.rank());
    if (own < 0 || (shape[own] == 1 && x.shape(axis) != 1)) axes.push_back(axis);
  }
  return axes.empty() ? x.reshaped(shape) : sum(x.detach(), axes).reshaped(shape);
}

Tensor sum(const Tensor& given, const Axes& axes, bool keepdims) {
  const Tensor x = given.dtype() == DType::boolean ? cast(given, DType::int32) : given;
  const Reduction r(x, axes, "sum");
  const Tensor out(r.shape(keepdims), x.dtype());
  dispatch_any(x.dtype(), [&]<class T>() {
    fold<T>(r, out.data<T>(), T(0), 1, [](T a, T b) { return wrapping(std::plus<>(), a, b); });
  });
  if (needs_recording({&x}))
    record("sum", {x}, {out}, [from = x.shape(), kept = r.kept](const BackwardPass& pass) {
      pass.add(0, broadcast_to(pass.output_gradient().reshaped(kept), from));
    });
  return out;
}

Tensor mean(const Tensor& given, const Axes& axes, bool keepdims) {
  const Tensor x = cast(given, floating(given.dtype()));
  const Reduction r(x, axes, "mean");
  const Tensor out(r.shape(keepdims), x.dtype());
  dispatch_float(x.dtype(), "mean", [&]<class T>() {
    fold<T>(r, out.data<T>(), T(0), 1, [](T a, T b) { return a + b; });
    for (T& value : out.span<T>()) value /= static_cast<T>(r.count);
  });
  if (needs_recording({&x}))
    record("mean", {x}, {out}, [from = x.shape(), kept = r.kept, n = count_of(r)](const BackwardPass& pass) {
      pass.add(0, broadcast_to(scaled(pass.output_gradient().reshaped(kept), 1 / n), from));
    });
  return out;
}

Tensor var(const Tensor& given, const Axes& axes, bool keepdims) {
  const Tensor x = cast(given, floating(given.dtype()));
  const Reduction r(x, axes, "var");
  const Tensor distance = subtract(x.detach(), mean(x.detach(), axes, true));
  const Tensor out = mean(square(distance), axes, keepdims);
  if (needs_recording({&x}))
    record("var", {x}, {out}, [distance, kept = r.kept, n = count_of(r)](const BackwardPass& pass) {
      pass.add(0, multiply(distance, scaled(pass.output_gradient().reshaped(kept), 2 / n)));
    });
  return out;
}

Tensor std(const Tensor& x, const Axes& axes, bool keepdims) { return sqrt(var(x, axes, keepdims)); }

Tensor prod(const Tensor& given, const Axes& axes, bool keepdims) {
  const Tensor x = given.dtype() == DType::boolean ? cast(given, DType::int32) : given;
  const Reduction r(x, axes, "prod");
  const Tensor out(r.shape(keepdims), x.dtype());
  dispatch_any(x.dtype(), [&]<class T>() {
    fold<T>(r, out.data<T>(), T(1), 1, [](T a, T b) { return wrapping(std::multiplies<>(), a, b); });
  });
  if (needs_recording({&x}))
    record("prod", {x}, {out}, [x = x.detach(), axes, kept = r.kept](const BackwardPass& pass) {
      // The derivative for an element is the product of all others: exact also where elements are 0.
      std::vector<Index> order;
      std::vector<Index> back(as_size(x.rank()));
      for (int axis = 0; axis < x.rank(); ++axis)
        if (kept[axis] == x.shape(axis)) order.push_back(axis);
      const std::size_t leading = order.size();
      for (int axis = 0; axis < x.rank(); ++axis)
        if (kept[axis] != x.shape(axis)) order.push_back(axis);
      for (std::size_t k = 0; k < order.size(); ++k) back[as_size(order[k])] = static_cast<Index>(k);
      const Tensor lines = transpose(x, order);
      const Index count = lines.shape().count(static_cast<int>(leading), lines.rank());
      const Tensor others = Tensor::empty_like(lines);
      const Tensor& g = pass.output_gradient();
      dispatch_float(x.dtype(), "prod", [&]<class T>() {
        const Index rows = count > 0 ? lines.size() / count : 0;
        for (Index row = 0; row < rows; ++row) {
          const T* line = lines.data<T>() + row * count;
          T* to = others.data<T>() + row * count;
          T before = g.data<T>()[row];
          for (Index k = 0; k < count; ++k) {
            to[k] = before;
            before *= line[k];
          }
          T after = 1;
          for (Index k = count; k-- > 0;) {
            to[k] *= after;
            after *= line[k];
          }
        }
      });
      pass.add(0, transpose(others, back));
    });
  return out;
}

Tensor max(const Tensor& x, const Axes& axes, bool keepdims) {
  return extreme("max", x, axes, keepdims, [](auto a, auto b) { return a > b; });
}
Tensor min(const Tensor& x, const Axes& axes, bool keepdims) {
  return extreme("min", x, axes, keepdims, [](auto a, auto b) { return a < b; });
}

Tensor logsumexp(const Tensor& given, const Axes& axes, bool keepdims) {
  const Tensor x = cast(given, floating(given.dtype()));
  const Reduction r(x, axes, "logsumexp");
  const Tensor top = max(x.detach(), axes, true);
  // Where all elements are -inf (or one is inf) the maximum is the answer and must not be subtracted.
  const Tensor shift = where(isfinite(top), top, Tensor::scalar(0, x.dtype()));
  const Tensor out = add(log(sum(exp(subtract(x.detach(), shift)), axes, true)), shift).reshaped(r.shape(keepdims));
  if (needs_recording({&x}))
    record("logsumexp", {x}, {out}, [x = x.detach(), y = out.detach().reshaped(r.kept)](const BackwardPass& pass) {
      pass.add(0, multiply(exp(subtract(x, y)), pass.output_gradient().reshaped(y.shape())));
    });
  return out;
}

Tensor any(const Tensor& x, const Axes& axes, bool keepdims) { return truth("any", x, axes, keepdims, false); }
Tensor all(const Tensor& x, const Axes& axes, bool keepdims) { return truth("all", x, axes, keepdims, true); }

bool all_finite(const Tensor& x) {
  if (!is_floating(x.dtype())) return true;
  return dispatch_float(x.dtype(), "all_finite", [&]<class T>() {
    const T* data = x.data<T>();
    std::atomic<bool> finite{true};
    parallel_blocks(x.size(), fold_chunk, static_cast<double>(x.size()), [&](Index begin, Index end) {
      Vec<T> sum{};  // v - v is 0 or NaN
      for (Index i = begin; i < end; i += lanes<T>) {
        const Vec<T> v = load_part(data + i, end - i);
        sum += v - v;
      }
      for (int lane = 0; lane < lanes<T>; ++lane)
        if (sum[lane] != 0) finite.store(false, std::memory_order_relaxed);
    });
    return finite.load();
  });
}

Tensor argmax(const Tensor& x, Index axis, bool keepdims) {
  return position("argmax", x, axis, keepdims, [](auto a, auto b) { return a > b; });
}
Tensor argmin(const Tensor& x, Index axis, bool keepdims) {
  return position("argmin", x, axis, keepdims, [](auto a, auto b) { return a < b; });
}

Tensor cumsum(const Tensor& given, Index along) {
  const Tensor x = given.dtype() == DType::boolean ? cast(given, DType::int32) : given;
  const int axis = checked_axis(along, x.rank(), "cumsum");
  const Tensor out = Tensor::empty_like(x);
  dispatch_any(x.dtype(), [&]<class T>() {
    const T* in = x.data<T>();
    T* to = out.data<T>();
    for_each_line(x, axis, [&](Index at, Index stride, Index count) {
      T total = 0;
      for (Index k = 0; k < count; ++k, at += stride) to[at] = total = wrapping(std::plus<>(), total, in[at]);
    });
  });
  if (needs_recording({&x}))
    record("cumsum", {x}, {out}, [axis](const BackwardPass& pass) {
      const Tensor& g = pass.output_gradient();
      const Tensor dx = Tensor::empty_like(g);
      dispatch_float(g.dtype(), "cumsum", [&]<class T>() {
        for_each_line(g, axis, [&](Index at, Index stride, Index count) {
          T total = 0;
          for (Index k = count; k-- > 0;) dx.data<T>()[at + k * stride] = total += g.data<T>()[at + k * stride];
        });
      });
      pass.add(0, dx);
    });
  return out;
}

Tensor cumprod(const Tensor& given, Index along) {
  const Tensor x = given.dtype() == DType::boolean ? cast(given, DType::int32) : given;
  const int axis = checked_axis(along, x.rank(), "cumprod");
  const Tensor out = Tensor::empty_like(x);
  dispatch_any(x.dtype(), [&]<class T>() {
    const T* in = x.data<T>();
    T* to = out.data<T>();
    for_each_line(x, axis, [&](Index at, Index stride, Index count) {
      T total = 1;
      for (Index k = 0; k < count; ++k, at += stride) to[at] = total = wrapping(std::multiplies<>(), total, in[at]);
    });
  });
  if (needs_recording({&x}))
    record("cumprod", {x}, {out}, [x = x.detach(), y = out.detach(), axis](const BackwardPass& pass) {
      // y[k] = y[k-1] x[k], run backwards; exact also where elements are 0.
      const Tensor& g = pass.output_gradient();
      const Tensor dx = Tensor::empty_like(g);
      dispatch_float(g.dtype(), "cumprod", [&]<class T>() {
        for_each_line(g, axis, [&](Index at, Index stride, Index count) {
          T carried = 0;
          for (Index k = count; k-- > 0;) {
            const Index here = at + k * stride;
            carried += g.data<T>()[here];
            dx.data<T>()[here] = carried * (k > 0 ? y.data<T>()[here - stride] : T(1));
            carried *= x.data<T>()[here];
          }
        });
      });
      pass.add(0, dx);
    });
  return out;
}

}  // namespace recurra::ops
