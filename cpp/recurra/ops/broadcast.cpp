#include "recurra/ops/broadcast.h"

#include <algorithm>

namespace recurra::ops {

Shape broadcast_shape(const Shape& a, const Shape& b, const char* who) {
  if (a == b) return a;
  Shape out = a.rank() >= b.rank() ? a : b;
  for (int back = 1; back <= std::min(a.rank(), b.rank()); ++back) {
    const Index x = a[-back];
    const Index y = b[-back];
    check(x == y || x == 1 || y == 1, who, ": shapes ", a, " and ", b, " do not broadcast: axis ", -back, " has ", x,
          " against ", y, " elements");
    out[-back] = x == 1 ? y : x;
  }
  return out;
}

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
    const std::size_t last = rank > 0 ? as_size(rank - 1) : 0;
    for (std::size_t k = 0; merges && k < N; ++k) merges = stride[k] == plan.stride[k][last] * plan.extent[last];
    if (merges) {
      plan.extent[last] *= extent;
      continue;
    }
    plan.extent[as_size(rank)] = extent;
    for (std::size_t k = 0; k < N; ++k) plan.stride[k][as_size(rank)] = stride[k];
    ++rank;
  }
  if (rank == 0) plan.extent[as_size(rank++)] = 1;
  for (int i = 0, j = rank - 1; i < j; ++i, --j) {
    const auto a = as_size(i);
    const auto b = as_size(j);
    std::swap(plan.extent[a], plan.extent[b]);
    for (std::size_t k = 0; k < N; ++k) std::swap(plan.stride[k][a], plan.stride[k][b]);
  }
  plan.rank = rank;
  return plan;
}

template <int N>
void walk_runs(const BroadcastPlan<N>& plan, double cost, const void* body,
               void (*run)(const void*, Index, Index, const std::array<Index, N>&)) {
  assert(plan.rank >= 1 && plan.size >= 0);
  if (plan.size == 0) return;
  const double work = cost * static_cast<double>(plan.size);
  if (plan.rank == 1) {
    parallel_blocks(plan.size, elementwise_block, work, [&](Index begin, Index end) {
      std::array<Index, N> at;
      for (std::size_t k = 0; k < N; ++k) at[k] = begin * plan.stride[k][0];
      run(body, begin, end - begin, at);
    });
    return;
  }
  const auto inner = as_size(plan.rank - 1);
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
      run(body, row * count, count, at);
      for (std::size_t axis = inner; axis-- > 0;) {
        for (std::size_t k = 0; k < N; ++k) at[k] += plan.stride[k][axis];
        if (++index[axis] < plan.extent[axis]) break;
        for (std::size_t k = 0; k < N; ++k) at[k] -= plan.extent[axis] * plan.stride[k][axis];
        index[axis] = 0;
      }
    }
  });
}

#define RECURRA_BROADCAST(N)                                                                     \
  template BroadcastPlan<N> broadcast_plan<N>(const Shape&, const std::array<const Shape*, N>&); \
  template void walk_runs<N>(const BroadcastPlan<N>&, double, const void*,                       \
                             void (*)(const void*, Index, Index, const std::array<Index, N>&));
RECURRA_BROADCAST(2)
RECURRA_BROADCAST(3)
#undef RECURRA_BROADCAST

}  // namespace recurra::ops
