// NumPy's broadcasting as loops: axes of extent 1 are repeated, neighbouring axes that every operand walks with one
// stride are merged, so that equal shapes become one flat run and a bias becomes rows.
#pragma once

#include <array>

#include "recurra/base/parallel.h"
#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// The shape both operands are stretched to; throws, naming `who`, where extents differ and neither is 1.
Shape broadcast_shape(const Shape& a, const Shape& b, const char* who);

/// How N operands are walked to fill an output. The innermost stride of an operand is 1 or 0.
template <int N>
struct BroadcastPlan {
  int rank = 0;
  Index size = 0;
  std::array<Index, Shape::max_rank> extent{};  // outermost first
  std::array<std::array<Index, Shape::max_rank>, N> stride{};
};

template <int N>
BroadcastPlan<N> broadcast_plan(const Shape& out, const std::array<const Shape*, N>& operands);

/// Elements one task of a parallel elementwise loop handles.
inline constexpr Index elementwise_block = 1 << 14;

/// Calls run(body, out_offset, count, offsets) for every innermost run, as for_each_run does; compiled once for all
/// bodies.
template <int N>
void walk_runs(const BroadcastPlan<N>& plan, double cost, const void* body,
               void (*run)(const void* body, Index offset, Index count, const std::array<Index, N>& at));

/// Calls run(out_offset, count, offsets) for every innermost run; `cost` is operations an element.
template <int N, class Run>
void for_each_run(const BroadcastPlan<N>& plan, double cost, const Run& run) {
  walk_runs<N>(plan, cost, &run, [](const void* erased, Index offset, Index count, const std::array<Index, N>& at) {
    (*static_cast<const Run*>(erased))(offset, count, at);
  });
}

/// z[i] = f(x[i], y[i]) for one run; an operand that does not run is one number.
template <class A, class Out, class F>
void apply_run(Index count, const A* x, bool x_runs, const A* y, bool y_runs, Out* __restrict z, const F& f) {
  if (x_runs && y_runs) {
    for (Index i = 0; i < count; ++i) z[i] = static_cast<Out>(f(x[i], y[i]));
  } else if (x_runs) {
    const A right = *y;
    for (Index i = 0; i < count; ++i) z[i] = static_cast<Out>(f(x[i], right));
  } else {
    const A left = *x;
    for (Index i = 0; i < count; ++i) z[i] = static_cast<Out>(f(left, y_runs ? y[i] : *y));
  }
}

/// out[i] = f(a[i], b[i]) with a and b broadcast to the shape of `out`.
template <class A, class Out, class F>
void broadcast_apply(const Tensor& a, const Tensor& b, const Tensor& out, double cost, const F& f) {
  const auto plan = broadcast_plan<2>(out.shape(), {&a.shape(), &b.shape()});
  const auto inner = as_size(plan.rank - 1);
  const bool a_runs = plan.stride[0][inner] == 1;
  const bool b_runs = plan.stride[1][inner] == 1;
  const A* const a_data = a.data<A>();
  const A* const b_data = b.data<A>();
  Out* const out_data = out.data<Out>();
  for_each_run<2>(plan, cost, [&](Index offset, Index count, const std::array<Index, 2>& at) {
    apply_run(count, a_data + at[0], a_runs, b_data + at[1], b_runs, out_data + offset, f);
  });
}

}  // namespace recurra::ops
