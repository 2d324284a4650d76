// A recurrence that is linear in the state is associative: blocks of time can be gone through at once (Blelloch,
// "Prefix sums and their applications", 1990). In training on few rows, each block first computes what it makes of a
// state of zero, and the product of its a; from these the state at the head of every block follows, and each block is
// then gone through from there. Bounds of blocks depend on the shape alone, so the bits do not depend on the number of
// threads. Without a gradient to come time is gone through in order, some units a task: that costs half as much, and
// gives the bits of one step after another.
#include "recurra/ops/scan.h"

#include <algorithm>

#include "recurra/base/buffer.h"
#include "recurra/base/parallel.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

constexpr Index many_rows = 8;         // enough of them to feed the cores without blocks of time
constexpr Index shortest_block = 256;  // steps, below which the second pass costs more than it spreads
constexpr Index most_blocks = 16;

struct Extent {
  Index B, T, U;
  bool constant;  // a is the same in all steps
  bool in_order;  // time is one block
  Index block = in_order || B >= many_rows ? std::max<Index>(1, T)
                                           : std::max(shortest_block, (T + most_blocks - 1) / most_blocks);
  Index blocks = (T + block - 1) / block;

  double operations() const { return 4.0 * static_cast<double>(B * T * U); }
  Index start(Index row, Index t) const { return (row * T + t) * U; }
  Index a_start(Index row, Index t) const { return constant ? 0 : start(row, t); }
  Index end_of(Index index) const { return std::min(T, (index + 1) * block); }
};

// body(row, block, carry) for all blocks, `carry` (U) being the state that comes from the block before in the order of
// the recurrence: forward or, with `reverse`, from the last block on. pass(row, block, carry, product) goes through a
// block, replaces the carry by the block's last state and, unless it is nullptr, the product by that of all its
// factors.
template <class T, class Pass, class Body>
void for_blocks(const Extent& e, bool reverse, const T* initial, const Pass& pass, const Body& body) {
  if (e.U == 0) return;
  const Buffer<T> carries(e.B * e.blocks * e.U, T(0));
  const auto carry = [&](Index row, Index order) { return carries.data() + (row * e.blocks + order) * e.U; };
  const auto block_at = [&](Index order) { return reverse ? e.blocks - 1 - order : order; };
  if (initial)
    for (Index row = 0; row < e.B; ++row) std::copy_n(initial + row * e.U, e.U, carry(row, 0));
  if (e.blocks > 1) {
    const Index inner = e.blocks - 1;
    const Buffer<T> products(e.B * e.blocks * e.U, T(1));
    const Buffer<T> ends(e.B * e.blocks * e.U, T(0));
    parallel_for(e.B * inner, e.operations(), [&](Index i) {
      const Index row = i / inner, order = i % inner, place = (row * e.blocks + order) * e.U;
      pass(row, block_at(order), ends.data() + place, products.data() + place);
    });
    for (Index row = 0; row < e.B; ++row)
      for (Index order = 0; order < inner; ++order)
        for (Index u = 0; u < e.U; ++u) {
          const Index place = (row * e.blocks + order) * e.U + u;
          carry(row, order + 1)[u] = ends[place] + products[place] * carry(row, order)[u];
        }
  }
  parallel_for(e.B * e.blocks, e.operations(), [&](Index i) {
    const Index row = i / e.blocks, order = i % e.blocks;
    body(row, block_at(order), carry(row, order));
  });
}

template <class T>
void forward_in_order(const Extent& e, const T* a, const T* b, const T* h0, T* h) {
  constexpr Index units = 64;  // of a task
  const Index tasks = (e.U + units - 1) / units;
  const Buffer<T> zeros(h0 ? 0 : e.U, T(0));
  parallel_for(e.B * tasks, e.operations(), [&](Index i) {
    const Index row = i / tasks, first = i % tasks * units, last = std::min(e.U, first + units);
    const T* before = h0 ? h0 + row * e.U : zeros.data();
    for (Index t = 0; t < e.T; ++t) {
      const T *factor = a + e.a_start(row, t), *term = b + e.start(row, t);
      T* after = h + e.start(row, t);
      for (Index u = first; u < last; ++u) after[u] = factor[u] * before[u] + term[u];
      before = after;
    }
  });
}

template <class T>
void forward(const Extent& e, const T* a, const T* b, const T* h0, T* h) {
  if (e.in_order) return forward_in_order(e, a, b, h0, h);
  const auto step = [&](Index row, Index t, T* state) {
    const T* factor = a + e.a_start(row, t);
    const T* term = b + e.start(row, t);
    for (Index u = 0; u < e.U; ++u) state[u] = factor[u] * state[u] + term[u];
    return factor;
  };
  for_blocks(
      e, false, h0,
      [&](Index row, Index block, T* state, T* product) {
        for (Index t = block * e.block; t < e.end_of(block); ++t) {
          const T* factor = step(row, t, state);
          for (Index u = 0; u < e.U; ++u) product[u] *= factor[u];
        }
      },
      [&](Index row, Index block, T* state) {
        for (Index t = block * e.block; t < e.end_of(block); ++t) {
          step(row, t, state);
          std::copy_n(state, e.U, h + e.start(row, t));
        }
      });
}

// With g_t = dh_t + a_{t+1} g_{t+1}:  db_t = g_t,  da_t = g_t h_{t-1},  dh0 = a_0 g_0.
template <class T>
void backward(const Extent& e, const T* dh, const T* a, const T* h, const T* h0, T* da, T* db, T* dh0) {
  const auto step = [&](Index row, Index t, T* state) -> const T* {
    const T* term = dh + e.start(row, t);
    if (t + 1 == e.T) {
      std::copy_n(term, e.U, state);
      return nullptr;
    }
    const T* factor = a + e.a_start(row, t + 1);
    for (Index u = 0; u < e.U; ++u) state[u] = term[u] + factor[u] * state[u];
    return factor;
  };
  const Buffer<T> partial(da && e.constant ? e.B * e.blocks * e.U : 0, T(0));
  for_blocks<T>(
      e, true, nullptr,
      [&](Index row, Index block, T* state, T* product) {
        for (Index t = e.end_of(block) - 1; t >= block * e.block; --t) {
          const T* factor = step(row, t, state);
          if (!factor) continue;
          for (Index u = 0; u < e.U; ++u) product[u] *= factor[u];
        }
      },
      [&](Index row, Index block, T* state) {
        for (Index t = e.end_of(block) - 1; t >= block * e.block; --t) {
          step(row, t, state);
          if (db) std::copy_n(state, e.U, db + e.start(row, t));
          const T* before = t > 0 ? h + e.start(row, t - 1) : h0 ? h0 + row * e.U : nullptr;
          if (da && e.constant && before) {
            T* sum = partial.data() + (row * e.blocks + block) * e.U;
            for (Index u = 0; u < e.U; ++u) sum[u] += state[u] * before[u];
          } else if (da && !e.constant) {
            T* out = da + e.start(row, t);
            for (Index u = 0; u < e.U; ++u) out[u] = before ? state[u] * before[u] : T(0);
          }
          if (dh0 && t == 0)
            for (Index u = 0; u < e.U; ++u) dh0[row * e.U + u] = a[e.a_start(row, 0) + u] * state[u];
        }
      });
  if (!da || !e.constant) return;
  std::fill_n(da, e.U, T(0));
  for (Index i = 0; i < e.B * e.blocks; ++i)
    for (Index u = 0; u < e.U; ++u) da[u] += partial[i * e.U + u];
}

}  // namespace

bool scans_in_blocks(Index B, Index T) { return Extent{B, T, 1, false, false}.blocks > 1; }

Tensor linear_scan(const Tensor& a, const Tensor& b, const Tensor& h0) {
  constexpr const char* who = "linear_scan";
  check_rank(b, 3, who, "b");
  const Shape& shape = b.shape();
  const Extent e{shape[0], shape[1], shape[2], a.rank() == 1, !needs_recording({&a, &b, &h0})};
  check(a.shape() == (e.constant ? Shape{e.U} : shape), who, ": expected a of shape ", shape, " or (", e.U, ",), got ",
        a.shape());
  check_same_dtype(a, b, who);
  if (h0.defined()) {
    check_same_dtype(h0, b, who);
    check(h0.shape() == Shape{e.B, e.U}, who, ": expected h0 of shape ", Shape{e.B, e.U}, ", got ", h0.shape());
  }
  const Tensor h = Tensor::empty_like(b);
  dispatch_float(b.dtype(), who, [&]<class T>() {
    forward(e, a.data<T>(), b.data<T>(), h0.defined() ? h0.data<T>() : nullptr, h.data<T>());
  });
  record(who, {a, b, h0}, {h},
         [e, a = a.detach(), h = h.detach(), h0 = h0.defined() ? h0.detach() : h0](const BackwardPass& pass) {
           const Tensor& dh = pass.output_gradient();
           const auto wanted = [&](int input, const Shape& of) {
             return pass.wants(input) ? Tensor(of, dh.dtype()) : Tensor();
           };
           const Tensor da = wanted(0, a.shape()), db = wanted(1, h.shape()), dh0 = wanted(2, {e.B, e.U});
           dispatch_float(dh.dtype(), who, [&]<class T>() {
             const auto data = [](const Tensor& t) { return t.defined() ? t.data<T>() : nullptr; };
             backward<T>(e, dh.data<T>(), a.data<T>(), h.data<T>(), data(h0), data(da), data(db), data(dh0));
           });
           for (int input = 0; const Tensor& gradient : {da, db, dh0}) {
             if (gradient.defined()) pass.add(input, gradient);
             ++input;
           }
         });
  return h;
}

}  // namespace recurra::ops
