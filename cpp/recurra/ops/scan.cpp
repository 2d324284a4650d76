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
#include "recurra/kernels/vec.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

constexpr Index many_rows = 8;         // enough of them to feed the cores without blocks of time
constexpr Index shortest_block = 256;  // steps, below which the second pass costs more than it spreads
constexpr Index most_blocks = 16;

// Rows of U numbers. Every function goes through `count` of them from its pointers on.
struct Real {
  static constexpr Index parts = 1;

  template <class T>
  static void one(T* to, Index U) {
    std::fill_n(to, U, T(1));
  }
  // after = a before + b.
  template <class T>
  static void step(const T* a, const T* before, const T* b, T* after, Index count, Index) {
    for (Index u = 0; u < count; ++u) after[u] = a[u] * before[u] + b[u];
  }
  // The same with the conjugate of a.
  template <class T>
  static void adjoint_step(const T* a, const T* before, const T* b, T* after, Index count, Index U) {
    step(a, before, b, after, count, U);
  }
  // sum += g times the conjugate of h.
  template <class T>
  static void add_product(const T* g, const T* h, T* sum, Index count, Index) {
    for (Index u = 0; u < count; ++u) sum[u] += g[u] * h[u];
  }
};

// Rows of U real parts, followed by U imaginary ones. One product of each sum is rounded by itself, so that the bits do
// not depend on which the compiler fuses with the sum.
struct Complex {
  static constexpr Index parts = 2;

  template <class T>
  static void one(T* to, Index U) {
    std::fill_n(to, U, T(1));
    std::fill_n(to + U, U, T(0));
  }
  template <class T>
  static void step(const T* a, const T* before, const T* b, T* after, Index count, Index U) {
    multiply_add(a, before, b, after, count, U, T(1));
  }
  template <class T>
  static void adjoint_step(const T* a, const T* before, const T* b, T* after, Index count, Index U) {
    multiply_add(a, before, b, after, count, U, T(-1));
  }
  template <class T>
  static void add_product(const T* g, const T* h, T* sum, Index count, Index U) {
    multiply_add(h, g, sum, sum, count, U, T(-1));
  }

 private:
  // after = a before + b, with the imaginary parts of a times `sign`.
  template <class T>
  static void multiply_add(const T* a, const T* before, const T* b, T* after, Index count, Index U, T sign) {
    for (Index u = 0; u < count; u += lanes<T>) {
      const Index left = count - u;
      const Vec<T> re = load_part(a + u, left), im = sign * load_part(a + U + u, left);
      const Vec<T> x = load_part(before + u, left), y = load_part(before + U + u, left);
      const Vec<T> real = re * x + (load_part(b + u, left) - in_register(im * y));
      const Vec<T> imaginary = re * y + (load_part(b + U + u, left) + in_register(im * x));
      store_part(after + u, real, left);
      store_part(after + U + u, imaginary, left);
    }
  }
};

struct Extent {
  Index B, T, U, parts;
  bool constant;  // a is the same in all steps
  bool in_order;  // time is one block
  Index width = parts * U;
  Index block = in_order || B >= many_rows ? std::max<Index>(1, T)
                                           : std::max(shortest_block, (T + most_blocks - 1) / most_blocks);
  Index blocks = (T + block - 1) / block;

  double operations() const { return 4.0 * static_cast<double>(parts * B * T * width); }
  Index start(Index row, Index t) const { return (row * T + t) * width; }
  Index a_start(Index row, Index t) const { return constant ? 0 : start(row, t); }
  Index end_of(Index index) const { return std::min(T, (index + 1) * block); }
};

// body(row, block, carry) for all blocks, `carry` being the state that comes from the block before in the order of the
// recurrence: forward or, with `reverse`, from the last block on. pass(row, block, carry, product) goes through a
// block, replaces the carry by the block's last state and multiplies the product by all its factors.
template <class N, class T, class Pass, class Body>
void for_blocks(const Extent& e, bool reverse, const T* initial, const Pass& pass, const Body& body) {
  if (e.U == 0) return;
  const Buffer<T> carries(e.B * e.blocks * e.width, T(0));
  const auto carry = [&](Index row, Index order) { return carries.data() + (row * e.blocks + order) * e.width; };
  const auto block_at = [&](Index order) { return reverse ? e.blocks - 1 - order : order; };
  if (initial)
    for (Index row = 0; row < e.B; ++row) std::copy_n(initial + row * e.width, e.width, carry(row, 0));
  if (e.blocks > 1) {
    const Index inner = e.blocks - 1;
    const Buffer<T> products(e.B * e.blocks * e.width);
    const Buffer<T> ends(e.B * e.blocks * e.width, T(0));
    parallel_for(e.B * inner, e.operations(), [&](Index i) {
      const Index row = i / inner, order = i % inner, place = (row * e.blocks + order) * e.width;
      N::one(products.data() + place, e.U);
      pass(row, block_at(order), ends.data() + place, products.data() + place);
    });
    for (Index row = 0; row < e.B; ++row)
      for (Index order = 0; order < inner; ++order) {
        const Index place = (row * e.blocks + order) * e.width;
        N::step(products.data() + place, carry(row, order), ends.data() + place, carry(row, order + 1), e.U, e.U);
      }
  }
  parallel_for(e.B * e.blocks, e.operations(), [&](Index i) {
    const Index row = i / e.blocks, order = i % e.blocks;
    body(row, block_at(order), carry(row, order));
  });
}

template <class N, class T>
void forward_in_order(const Extent& e, const T* a, const T* b, const T* h0, T* h) {
  constexpr Index units = 64;  // of a task
  const Index tasks = (e.U + units - 1) / units;
  const Buffer<T> zeros(h0 ? 0 : e.width, T(0));
  parallel_for(e.B * tasks, e.operations(), [&](Index i) {
    const Index row = i / tasks, first = i % tasks * units, count = std::min(e.U - first, units);
    const T* before = h0 ? h0 + row * e.width : zeros.data();
    for (Index t = 0; t < e.T; ++t) {
      T* after = h + e.start(row, t);
      N::step(a + e.a_start(row, t) + first, before + first, b + e.start(row, t) + first, after + first, count, e.U);
      before = after;
    }
  });
}

template <class N, class T>
void forward(const Extent& e, const T* a, const T* b, const T* h0, T* h) {
  if (e.in_order) return forward_in_order<N>(e, a, b, h0, h);
  const Buffer<T> zeros(e.width, T(0));
  for_blocks<N>(
      e, false, h0,
      [&](Index row, Index block, T* state, T* product) {
        for (Index t = block * e.block; t < e.end_of(block); ++t) {
          const T* factor = a + e.a_start(row, t);
          N::step(factor, state, b + e.start(row, t), state, e.U, e.U);
          N::step(factor, product, zeros.data(), product, e.U, e.U);
        }
      },
      [&](Index row, Index block, T* state) {
        for (Index t = block * e.block; t < e.end_of(block); ++t) {
          N::step(a + e.a_start(row, t), state, b + e.start(row, t), state, e.U, e.U);
          std::copy_n(state, e.width, h + e.start(row, t));
        }
      });
}

// With g_t = dh_t + a*_{t+1} g_{t+1}, * the conjugate:  db_t = g_t,  da_t = g_t h*_{t-1},  dh0 = a*_0 g_0.
template <class N, class T>
void backward(const Extent& e, const T* dh, const T* a, const T* h, const T* h0, T* da, T* db, T* dh0) {
  const Buffer<T> zeros(e.width, T(0));
  const auto step = [&](Index row, Index t, T* state) -> const T* {
    const T* term = dh + e.start(row, t);
    if (t + 1 == e.T) {
      std::copy_n(term, e.width, state);
      return nullptr;
    }
    const T* factor = a + e.a_start(row, t + 1);
    N::adjoint_step(factor, state, term, state, e.U, e.U);
    return factor;
  };
  const Buffer<T> partial(da && e.constant ? e.B * e.blocks * e.width : 0, T(0));
  for_blocks<N, T>(
      e, true, nullptr,
      [&](Index row, Index block, T* state, T* product) {
        for (Index t = e.end_of(block) - 1; t >= block * e.block; --t)
          if (const T* factor = step(row, t, state)) N::adjoint_step(factor, product, zeros.data(), product, e.U, e.U);
      },
      [&](Index row, Index block, T* state) {
        for (Index t = e.end_of(block) - 1; t >= block * e.block; --t) {
          step(row, t, state);
          if (db) std::copy_n(state, e.width, db + e.start(row, t));
          const T* before = t > 0 ? h + e.start(row, t - 1) : h0 ? h0 + row * e.width : nullptr;
          if (da) {
            T* sum = e.constant ? partial.data() + (row * e.blocks + block) * e.width : da + e.start(row, t);
            if (!e.constant) std::fill_n(sum, e.width, T(0));
            if (before) N::add_product(state, before, sum, e.U, e.U);
          }
          if (dh0 && t == 0) N::adjoint_step(a + e.a_start(row, 0), state, zeros.data(), dh0 + row * e.width, e.U, e.U);
        }
      });
  if (!da || !e.constant) return;
  std::fill_n(da, e.width, T(0));
  for (Index i = 0; i < e.B * e.blocks; ++i)
    for (Index u = 0; u < e.width; ++u) da[u] += partial[i * e.width + u];
}

template <class N>
Tensor scan(const char* who, const Tensor& a, const Tensor& b, const Tensor& h0) {
  check_rank(b, 3, who, "b");
  const Shape& shape = b.shape();
  const Index width = shape[2];
  check(width % N::parts == 0, who, ": expected real and imaginary parts, an even number of columns, got ", width);
  const Extent e{shape[0], shape[1], width / N::parts, N::parts, a.rank() == 1, !needs_recording({&a, &b, &h0})};
  check(a.shape() == (e.constant ? Shape{width} : shape), who, ": expected a of shape ", shape, " or (", width,
        ",), got ", a.shape());
  check_same_dtype(a, b, who);
  if (h0.defined()) {
    check_same_dtype(h0, b, who);
    check(h0.shape() == Shape{e.B, width}, who, ": expected h0 of shape ", Shape{e.B, width}, ", got ", h0.shape());
  }
  const Tensor h = Tensor::empty_like(b);
  dispatch_float(b.dtype(), who, [&]<class T>() {
    forward<N>(e, a.data<T>(), b.data<T>(), h0.defined() ? h0.data<T>() : nullptr, h.data<T>());
  });
  record(who, {a, b, h0}, {h},
         [e, who, a = a.detach(), h = h.detach(), h0 = h0.defined() ? h0.detach() : h0](const BackwardPass& pass) {
           const Tensor& dh = pass.output_gradient();
           const auto wanted = [&](int input, const Shape& of) {
             return pass.wants(input) ? Tensor(of, dh.dtype()) : Tensor();
           };
           const Tensor da = wanted(0, a.shape()), db = wanted(1, h.shape()), dh0 = wanted(2, {e.B, e.width});
           dispatch_float(dh.dtype(), who, [&]<class T>() {
             const auto data = [](const Tensor& t) { return t.defined() ? t.data<T>() : nullptr; };
             backward<N, T>(e, dh.data<T>(), a.data<T>(), h.data<T>(), data(h0), data(da), data(db), data(dh0));
           });
           for (int input = 0; const Tensor& gradient : {da, db, dh0}) {
             if (gradient.defined()) pass.add(input, gradient);
             ++input;
           }
         });
  return h;
}

}  // namespace

bool scans_in_blocks(Index B, Index T) { return Extent{B, T, 1, 1, false, false}.blocks > 1; }

Tensor linear_scan(const Tensor& a, const Tensor& b, const Tensor& h0) { return scan<Real>("linear_scan", a, b, h0); }

Tensor complex_scan(const Tensor& a, const Tensor& b, const Tensor& h0) {
  return scan<Complex>("complex_scan", a, b, h0);
}

template <class T>
void complex_step(const T* a, const T* before, const T* b, T* after, Index count, Index U) {
  Complex::step(a, before, b, after, count, U);
}

template void complex_step(const float*, const float*, const float*, float*, Index, Index);
template void complex_step(const double*, const double*, const double*, double*, Index, Index);

}  // namespace recurra::ops
