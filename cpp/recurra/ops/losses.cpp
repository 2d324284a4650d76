#include "recurra/ops/losses.h"

#include <algorithm>
#include <cmath>

#include "recurra/kernels/softmax.h"
#include "recurra/ops/broadcast.h"
#include "recurra/ops/cast.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

// Target and output in the output's type and in one shape.
struct Pair {
  Tensor target, output;
  Index rows = 0, count = 0;  // the last axis is one sample
  Shape per_sample;

  Pair(const Tensor& t, const Tensor& o, const char* who)
      : target(cast(t, floating(o.dtype()))), output(cast(o, floating(o.dtype()))) {
    check(t.shape() == o.shape(), who, ": expected target and output of one shape, got ", t.shape(), " and ",
          o.shape());
    check(o.rank() >= 1, who, ": expected at least one axis");
    count = output.shape(-1);
    rows = output.shape().count(0, output.rank() - 1);
    for (int axis = 0; axis < output.rank() - 1; ++axis) per_sample.push_back(output.shape(axis));
  }
};

template <class Row>
void for_each_row(Index rows, Index count, double cost, const Row& row) {
  parallel_blocks(rows, 1 + elementwise_block / (count + 1), cost * static_cast<double>(rows * count),
                  [&](Index begin, Index end) {
                    for (Index r = begin; r < end; ++r) row(r);
                  });
}

// mean of f(output - target); slope(difference) is the derivative in the output.
template <class F, class Slope>
Tensor mean_of_differences(const char* name, const Tensor& t, const Tensor& o, const F& f, const Slope& slope) {
  const Pair p(t, o, name);
  const Tensor out(p.per_sample, p.output.dtype());
  dispatch_float(out.dtype(), name, [&]<class T>() {
    for_each_row(p.rows, p.count, 2, [&](Index row) {
      const T* target = p.target.data<T>() + row * p.count;
      const T* output = p.output.data<T>() + row * p.count;
      T total = 0;
      for (Index i = 0; i < p.count; ++i) total += f(output[i] - target[i]);
      out.data<T>()[row] = total / static_cast<T>(p.count);
    });
  });
  if (needs_recording({&p.target, &p.output}))
    record(name, {p.target, p.output}, {out},
           [target = p.target.detach(), output = p.output.detach(), rows = p.rows, count = p.count, name,
            slope](const BackwardPass& pass) {
             const Tensor& g = pass.output_gradient();
             for (const int side : {0, 1}) {
               if (!pass.wants(side)) continue;
               const Tensor d = Tensor::empty_like(output);
               dispatch_float(g.dtype(), name, [&]<class T>() {
                 for_each_row(rows, count, 2, [&](Index row) {
                   const T weight = (side == 0 ? T(-1) : T(1)) * g.data<T>()[row] / static_cast<T>(count);
                   for (Index i = row * count; i < (row + 1) * count; ++i)
                     d.data<T>()[i] = weight * slope(output.data<T>()[i] - target.data<T>()[i]);
                 });
               });
               pass.add(side, d);
             }
           });
  return out;
}

// Probabilities of one row as the loss sees them: from logits their logarithms by log-softmax, else limited to
// [epsilon, 1 - epsilon] after division by their sum. Returns what the row was divided by (1 for logits).
template <class T>
T log_probabilities(const T* output, Index count, bool from_logits, T epsilon, T* log_p) {
  if (from_logits) {
    log_softmax_row(output, count, log_p);
    return T(1);
  }
  T total = 0;
  for (Index i = 0; i < count; ++i) total += output[i];
  for (Index i = 0; i < count; ++i) log_p[i] = std::log(std::min(std::max(output[i] / total, epsilon), T(1) - epsilon));
  return total;
}

// y = factor e^(x - shift)
template <class T>
void exponentials_row(const T* x, T shift, T factor, Index count, T* y) {
  for (Index i = 0; i < count; i += lanes<T>) {
    const Index part = std::min<Index>(lanes<T>, count - i);
    store_part(y + i, factor * math::exp<T>(load_part(x + i, part) - shift), part);
  }
}

// With l = -sum t log p and weight = dl of the row:
//   from logits:        dz = weight (p sum(t) - t)
//   from probabilities: dq = -weight t / q inside the limits, do = (dq - sum(dq q)) / total, q = o / total
template <class T, class Target>
void output_gradient_row(const T* output, const T* log_p, Index count, bool from_logits, T epsilon, T weight,
                         const Target& target, T* d) {
  if (from_logits) {
    T mass = 0;
    for (Index i = 0; i < count; ++i) mass += target(i);
    exponentials_row(log_p, T(0), weight * mass, count, d);
    for (Index i = 0; i < count; ++i) d[i] -= weight * target(i);
    return;
  }
  T total = 0;
  for (Index i = 0; i < count; ++i) total += output[i];
  T along = 0;
  for (Index i = 0; i < count; ++i) {
    const T q = output[i] / total;
    d[i] = q >= epsilon && q <= T(1) - epsilon ? -weight * target(i) / q : T(0);
    along += d[i] * q;
  }
  for (Index i = 0; i < count; ++i) d[i] = (d[i] - along) / total;
}

}  // namespace

Tensor mean_absolute_error(const Tensor& target, const Tensor& output) {
  return mean_of_differences(
      "mean_absolute_error", target, output, [](auto d) { return std::abs(d); },
      []<class T>(T d) { return static_cast<T>((d > 0) - (d < 0)); });
}

Tensor mean_squared_error(const Tensor& target, const Tensor& output) {
  return mean_of_differences(
      "mean_squared_error", target, output, [](auto d) { return d * d; }, [](auto d) { return 2 * d; });
}

Tensor binary_crossentropy(const Tensor& t, const Tensor& o, bool from_logits, double limit) {
  const Pair p(t, o, "binary_crossentropy");
  const Tensor out = Tensor::empty_like(p.output);
  dispatch_float(out.dtype(), "binary_crossentropy", [&]<class T>() {
    const auto epsilon = static_cast<T>(limit);
    broadcast_apply<T, T>(p.target, p.output, out, 40, [=](T target, T value) {
      if (from_logits) return std::max(value, T(0)) - target * value + std::log1p(std::exp(-std::abs(value)));
      const T q = std::min(std::max(value, epsilon), T(1) - epsilon);
      return -(target * std::log(q) + (T(1) - target) * std::log(T(1) - q));
    });
  });
  if (needs_recording({&p.target, &p.output}))
    record("binary_crossentropy", {p.target, p.output}, {out},
           [target = p.target.detach(), output = p.output.detach(), from_logits, limit](const BackwardPass& pass) {
             const Tensor& g = pass.output_gradient();
             dispatch_float(g.dtype(), "binary_crossentropy", [&]<class T>() {
               const auto epsilon = static_cast<T>(limit);
               const T* dy = g.data<T>();
               const T* truth = target.data<T>();
               const T* value = output.data<T>();
               if (pass.wants(0)) {
                 const Tensor d = Tensor::empty_like(output);
                 for (Index i = 0; i < d.size(); ++i) {
                   const T q = std::min(std::max(value[i], epsilon), T(1) - epsilon);
                   d.data<T>()[i] = dy[i] * (from_logits ? -value[i] : std::log(T(1) - q) - std::log(q));
                 }
                 pass.add(0, d);
               }
               if (!pass.wants(1)) return;
               const Tensor d = Tensor::empty_like(output);
               T* to = d.data<T>();
               parallel_blocks(d.size(), elementwise_block, 20.0 * static_cast<double>(d.size()),
                               [&](Index begin, Index end) {
                                 for (Index i = begin; i < end; ++i) {
                                   const T v = value[i];
                                   if (from_logits) {
                                     const T e = std::exp(-std::abs(v));
                                     to[i] = dy[i] * ((v >= 0 ? T(1) : e) / (T(1) + e) - truth[i]);
                                   } else {
                                     const bool inside = v >= epsilon && v <= T(1) - epsilon;
                                     to[i] = inside ? dy[i] * (v - truth[i]) / (v * (T(1) - v)) : T(0);
                                   }
                                 }
                               });
               pass.add(1, d);
             });
           });
  return out;
}

Tensor categorical_crossentropy(const Tensor& t, const Tensor& o, bool from_logits, double limit) {
  const Pair p(t, o, "categorical_crossentropy");
  const Tensor out(p.per_sample, p.output.dtype());
  const Tensor log_p = Tensor::empty_like(p.output);
  dispatch_float(out.dtype(), "categorical_crossentropy", [&]<class T>() {
    for_each_row(p.rows, p.count, 40, [&](Index row) {
      const Index at = row * p.count;
      log_probabilities<T>(p.output.data<T>() + at, p.count, from_logits, static_cast<T>(limit), log_p.data<T>() + at);
      T total = 0;
      for (Index i = at; i < at + p.count; ++i) total -= p.target.data<T>()[i] * log_p.data<T>()[i];
      out.data<T>()[row] = total;
    });
  });
  if (needs_recording({&p.target, &p.output}))
    record("categorical_crossentropy", {p.target, p.output}, {out},
           [target = p.target.detach(), output = p.output.detach(), log_p, from_logits, limit, rows = p.rows,
            count = p.count](const BackwardPass& pass) {
             const Tensor& g = pass.output_gradient();
             dispatch_float(g.dtype(), "categorical_crossentropy", [&]<class T>() {
               const T* dy = g.data<T>();
               if (pass.wants(0)) {
                 const Tensor d = Tensor::empty_like(output);
                 for (Index i = 0; i < d.size(); ++i) d.data<T>()[i] = -dy[i / count] * log_p.data<T>()[i];
                 pass.add(0, d);
               }
               if (!pass.wants(1)) return;
               const Tensor d = Tensor::empty_like(output);
               for_each_row(rows, count, 20, [&](Index row) {
                 const Index at = row * count;
                 output_gradient_row<T>(
                     output.data<T>() + at, log_p.data<T>() + at, count, from_logits, static_cast<T>(limit), dy[row],
                     [truth = target.data<T>() + at](Index i) { return truth[i]; }, d.data<T>() + at);
               });
               pass.add(1, d);
             });
           });
  return out;
}

Tensor sparse_categorical_crossentropy(const Tensor& target, const Tensor& given, bool from_logits, double limit) {
  const char* const who = "sparse_categorical_crossentropy";
  const Tensor o = cast(given, floating(given.dtype()));
  check(o.rank() >= 1, who, ": expected an output with at least one axis");
  Shape per_sample;
  for (int axis = 0; axis < o.rank() - 1; ++axis) per_sample.push_back(o.shape(axis));
  check(target.shape() == per_sample, who, ": for an output of shape ", o.shape(), " expected class numbers of shape ",
        per_sample, ", got ", target.shape());
  const Index count = o.shape(-1);
  const Index rows = per_sample.size();
  const Tensor classes = cast(target.detach(), DType::int64);
  const auto* label = classes.data<std::int64_t>();
  for (Index row = 0; row < rows; ++row)
    check(label[row] >= 0 && label[row] < count, who, ": class ", label[row], " is outside 0 to ", count - 1,
          ", the classes of an output of shape ", o.shape());
  const Tensor out(per_sample, o.dtype());
  const Tensor shift(per_sample, o.dtype());  // log sum e^z of each row; nothing else is kept of the logits' softmax
  dispatch_float(o.dtype(), who, [&]<class T>() {
    for_each_row(rows, count, from_logits ? 10 : 2, [&](Index row) {
      const T* output = o.data<T>() + row * count;
      if (from_logits) {
        shift.data<T>()[row] = log_sum_of_exponentials(output, count);
        out.data<T>()[row] = shift.data<T>()[row] - output[label[row]];
        return;
      }
      T total = 0;
      for (Index i = 0; i < count; ++i) total += output[i];
      const auto epsilon = static_cast<T>(limit);
      out.data<T>()[row] = -std::log(std::min(std::max(output[label[row]] / total, epsilon), T(1) - epsilon));
    });
  });
  if (needs_recording({&o}))
    record(who, {o}, {out},
           [classes, output = o.detach(), shift, from_logits, limit, rows, count](const BackwardPass& pass) {
             const Tensor& g = pass.output_gradient();
             const Tensor d = Tensor::empty_like(output);
             dispatch_float(g.dtype(), "sparse_categorical_crossentropy", [&]<class T>() {
               for_each_row(rows, count, 10, [&](Index row) {
                 const T weight = g.data<T>()[row];
                 const Index here = classes.data<std::int64_t>()[row];
                 const T* from = output.data<T>() + row * count;
                 T* to = d.data<T>() + row * count;
                 if (from_logits) {
                   exponentials_row(from, shift.data<T>()[row], weight, count, to);
                   to[here] -= weight;
                   return;
                 }
                 output_gradient_row<T>(
                     from, nullptr, count, false, static_cast<T>(limit), weight,
                     [here](Index i) { return i == here ? T(1) : T(0); }, to);
               });
             });
             pass.add(0, d);
           });
  return out;
}

}  // namespace recurra::ops
