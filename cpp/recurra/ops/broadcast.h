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
BroadcastPlan<N> broadcast_plan(const Shape& out, const std::array<const Shape*, N>& operands) {
  BroadcastPlan<N> plan;
  plan.size = out.size();
  std::array<Index, N> step;
  step.fill(1);
  int rank = 0;  // axes collected so far, innermost first
  for (int axis = out.rank() - 1; axis >= 0; --axis) {
    const Index extent = out[axis];
    std::array<Index, N> stride;
    for (std::size_t k = 0; k < N; ++k) {
      const int own = axis - (out.rank() - operands[k]->rank());
      const Index length = own >= 0 ? (*operands[k])[own] : 1;
      stride[k] = length == 1 ? 0 : step[k];
      step[k] *= length;
    }
    if (extent == 1) continue;
    bool merges = rank > 0;
    const auto last = static_cast<std::size_t>(rank - 1);
    for (std::size_t k = 0; merges && k < N; ++k) merges = stride[k] == plan.stride[k][last] * plan.extent[last];
    if (merges) {
      plan.extent[last] *= extent;
      continue;
    }
    plan.extent[static_cast<std::size_t>(rank)] = extent;
    for (std::size_t k = 0; k < N; ++k) plan.stride[k][static_cast<std::size_t>(rank)] = stride[k];
    ++rank;
  }
  if (rank == 0) plan.extent[static_cast<std::size_t>(rank++)] = 1;
  for (int i = 0, j = rank - 1; i < j; ++i, --j) {
    const auto a = static_cast<std::size_t>(i);
    const auto b = static_cast<std::size_t>(j);
    std::swap(plan.extent[a], plan.extent[b]);
    for (std::size_t k = 0; k < N; ++k) std::swap(plan.stride[k][a], plan.stride[k][b]);
  }
  plan.rank = rank;
  return plan;
}

/// Elements one task of a parallel elementwise loop handles.
inline constexpr Index elementwise_block = 1 << 14;

/// Calls run(out_offset, count, offsets) for every innermost run; `cost` is operations an element.
template <int N, class Run>
void for_each_run(const BroadcastPlan<N>& plan, double cost, const Run& run) {
  if (plan.size == 0) return;
  const double work = cost * static_cast<double>(plan.size);
  if (plan.rank == 1) {
    parallel_blocks(plan.size, elementwise_block, work, [&](Index begin, Index end) {
      std::array<Index, N> at;
      for (std::size_t k = 0; k < N; ++k) at[k] = begin * plan.stride[k][0];
      run(begin, end - begin, at);
    });
    return;
  }
  const auto inner = static_cast<std::size_t>(plan.rank - 1);
  const Index count = plan.extent[inner];
  const Index block = elementwise_block / count + 1;
  parallel_blocks(plan.size / count, block, work, [&](Index begin, Index end) {
    std::array<Index, Shape::max_rank> index{};
    std::array<Index, N> at{};
    Index rest = begin;
    for (std::size_t axis = inner; axis-- > 0; rest /= plan.extent[axis]) {
      index[axis] = rest % plan.extent[axis];
      for (std::size_t k = 0; k < N; ++k) at[k] += index[axis] * plan.stride[k][axis];
    }
    for (Index row = begin; row < end; ++row) {
      run(row * count, count, at);
      for (std::size_t axis = inner; axis-- > 0;) {
        for (std::size_t k = 0; k < N; ++k) at[k] += plan.stride[k][axis];
        if (++index[axis] < plan.extent[axis]) break;
        for (std::size_t k = 0; k < N; ++k) at[k] -= plan.extent[axis] * plan.stride[k][axis];
        index[axis] = 0;
      }
    }
  });
}

/// z[i] = f(x[i], y[i]) for one run; an operand that does not run is one number. Kept out of line, or every loop around
/// it (serial and parallel, of one axis and of several) would hold a copy, which takes long to compile.
template <class A, class Out, class F>
[[gnu::noinline]] void apply_run(Index count, const A* x, bool x_runs, const A* y, bool y_runs, Out* __restrict z,
                                 const F& f) {
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
  const auto inner = static_cast<std::size_t>(plan.rank - 1);
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
