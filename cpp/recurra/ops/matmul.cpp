#include "recurra/ops/matmul.h"

#include <Eigen/Core>
#include <algorithm>
#include <type_traits>

#include "recurra/base/buffer.h"
#include "recurra/kernels/gemm.h"
#include "recurra/ops/broadcast.h"
#include "recurra/ops/cast.h"
#include "recurra/ops/reduction.h"
#include "recurra/ops/row_reduction.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Strided = Eigen::Map<RowMajor<T>, 0, Eigen::OuterStride<>>;
template <class T>
using ConstStrided = Eigen::Map<const RowMajor<T>, 0, Eigen::OuterStride<>>;

// Part of the rows and columns of c, over the part [first, first + depth) of the contraction.
struct Block {
  Index row, rows, column, columns, first, depth;
};

template <class T>
void product_block(Index m, Index n, Index k, Matrix<T> a, Matrix<T> b, T* c, bool accumulate, const Block& block) {
  const auto [row, rows, column, columns, first, depth] = block;
  Strided<T> out(c + row * n + column, rows, columns, Eigen::OuterStride<>(n));
  const ConstStrided<T> right(b.transposed ? b.data + column * k + first : b.data + first * n + column,
                              b.transposed ? columns : depth, b.transposed ? depth : columns,
                              Eigen::OuterStride<>(b.transposed ? k : n));
  const ConstStrided<T> left(a.transposed ? a.data + first * m + row : a.data + row * k + first,
                             a.transposed ? depth : rows, a.transposed ? rows : depth,
                             Eigen::OuterStride<>(a.transposed ? m : k));
  const auto assign = [&](const auto& value) {
    if (accumulate) out.noalias() += value;
    else out.noalias() = value;
  };
  if (a.transposed && b.transposed) assign(left.transpose() * right.transpose());
  else if (a.transposed) assign(left.transpose() * right);
  else if (b.transposed) assign(left * right.transpose());
  else assign(left * right);
}

constexpr Index row_block = 128;
constexpr Index column_block = 1024;  // of a wide right side, which Eigen would pack anew for every block of rows
constexpr Index depth_block = 2048;

// Eigen packs both operands for every block of rows, and splits them for the caches, which large matrices need. Where
// many rows meet a few columns, packing the right side once is faster; measured at the bounds below.
bool packs_once(Index m, Index n, Index k) { return m >= 64 && n >= 8 && n <= 256 && k <= 8192; }
bool sums_over_rows(Index m, Index n, Index k) { return n >= 8 && m * n <= (1 << 16) && k >= 1024; }

template <class T>
void packed_product(Index m, Index n, Index k, const T* a, Matrix<T> b, T* c, bool accumulate, double work) {
  const Buffer<T> packed(gemm::packed_size<T>(k, n));
  gemm::pack(b.data, b.transposed ? 1 : n, b.transposed ? k : 1, k, n, packed.data());
  parallel_blocks(m, row_block, work, [&](Index begin, Index end) {
    gemm::multiply(a + begin * k, k, end - begin, k, packed.data(), n, c + begin * n, n,
                   accumulate ? gemm::Start::present : gemm::Start::zero);
  });
}

// c (m, n) = or += the sum over k rows of a (k, m) times b (k, n).
template <class T>
void product_over_rows(Index m, Index n, Index k, const T* a, const T* b, T* c, bool accumulate, double work) {
  const Buffer<T> sum(accumulate ? m * n : 0);
  reduce_rows(k, m * n, work, accumulate ? sum.data() : c, [&](Index begin, Index end, T* out) {
    gemm::multiply_transposed(a + begin * m, m, b + begin * n, n, end - begin, m, n, out, n);
  });
  for (Index i = 0; accumulate && i < m * n; ++i) c[i] += sum[i];
}

// How the axes of a matmul line up.
struct Plan {
  Shape batch_a, batch_b, batch;
  Index m = 1, k = 1, n = 1;
  Shape out;          // as NumPy gives it
  bool flat = false;  // b is one matrix: the batch of a is more rows

  Plan(const Shape& a, const Shape& b) {
    check(a.rank() >= 1 && b.rank() >= 1, "matmul: expected at least one axis each, got shapes ", a, " and ", b);
    m = a.rank() > 1 ? a[-2] : 1;
    k = a[-1];
    n = b.rank() > 1 ? b[-1] : 1;
    const Index other = b.rank() > 1 ? b[-2] : b[-1];
    check(k == other, "matmul: shapes ", a, " and ", b, " do not fit: ", k, " columns against ", other, " rows");
    for (int axis = 0; axis < a.rank() - 2; ++axis) batch_a.push_back(a[axis]);
    for (int axis = 0; axis < b.rank() - 2; ++axis) batch_b.push_back(b[axis]);
    batch = broadcast_shape(batch_a, batch_b, "matmul");
    out = batch;
    if (a.rank() > 1) out.push_back(m);
    if (b.rank() > 1) out.push_back(n);
    if (batch_b.size() == 1 && batch_a.size() == batch.size()) {
      flat = true;
      m *= batch.size();
    }
  }
};

// One product for each element of the batch; c is dense, a and b are stretched.
template <class T>
void batched(const Shape& batch, const Shape& batch_a, const Shape& batch_b, Index m, Index n, Index k, Matrix<T> a,
             Matrix<T> b, T* c) {
  const Index count = batch.size();
  const double work = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  const auto plan = broadcast_plan<2>(batch, {&batch_a, &batch_b});
  const auto one = [&](Index index) {
    Index at_a = 0;
    Index at_b = 0;
    Index rest = index;
    for (int axis = plan.rank - 1; axis >= 0; --axis) {
      const auto here = as_size(axis);
      at_a += rest % plan.extent[here] * plan.stride[0][here];
      at_b += rest % plan.extent[here] * plan.stride[1][here];
      rest /= plan.extent[here];
    }
    product<T>(m, n, k, {a.data + at_a * m * k, a.transposed}, {b.data + at_b * k * n, b.transposed},
               c + index * m * n);
  };
  if (count == 1) return one(0);
  parallel_for(count, work * static_cast<double>(count), one);
}

// Products of integers, which wrap round at the ends of their range.
template <class T>
void integer_product(const Plan& plan, const T* a, const T* b, T* c) {
  using Unsigned = std::make_unsigned_t<T>;
  const Index m = plan.m;
  const Index k = plan.k;
  const Index n = plan.n;
  const auto offsets = broadcast_plan<2>(plan.batch, {&plan.batch_a, &plan.batch_b});
  const Index count = plan.flat ? 1 : plan.batch.size();
  if (n == 0) return;
  parallel_for(count * m, 2.0 * static_cast<double>(count * m) * static_cast<double>(n * k), [&](Index row) {
    Index at_a = 0;
    Index at_b = 0;
    Index rest = plan.flat ? 0 : row / m;
    for (int axis = offsets.rank - 1; axis >= 0; --axis) {
      const std::size_t here = as_size(axis);
      at_a += rest % offsets.extent[here] * offsets.stride[0][here];
      at_b += rest % offsets.extent[here] * offsets.stride[1][here];
      rest /= offsets.extent[here];
    }
    auto* out = reinterpret_cast<Unsigned*>(c + row * n);
    const auto* left = reinterpret_cast<const Unsigned*>(a + (at_a * m + row % m) * k);
    const auto* right = reinterpret_cast<const Unsigned*>(b + at_b * k * n);
    std::fill_n(out, n, Unsigned{0});
    for (Index i = 0; i < k; ++i)
      for (Index j = 0; j < n; ++j) out[j] += left[i] * right[i * n + j];
  });
}

Tensor integer_matmul(const Tensor& x, const Tensor& y, DType dtype) {
  if (dtype == DType::boolean) return cast(integer_matmul(x, y, DType::int32), DType::boolean);
  const Tensor a = cast(x.detach(), dtype);
  const Tensor b = cast(y.detach(), dtype);
  const Plan plan(a.shape(), b.shape());
  const Tensor out(plan.out, dtype);
  if (out.size() == 0) return out;
  if (dtype == DType::int32)
    integer_product(plan, a.data<std::int32_t>(), b.data<std::int32_t>(), out.data<std::int32_t>());
  else integer_product(plan, a.data<std::int64_t>(), b.data<std::int64_t>(), out.data<std::int64_t>());
  return out;
}

}  // namespace

template <class T>
void product(Index m, Index n, Index k, Matrix<T> a, Matrix<T> b, T* c, bool accumulate) {
  assert(m >= 0 && n >= 0 && k >= 0);
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (!accumulate) std::fill_n(c, m * n, T(0));
    return;
  }
  const double work = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  if (!a.transposed && packs_once(m, n, k)) return packed_product(m, n, k, a.data, b, c, accumulate, work);
  if (a.transposed && !b.transposed && sums_over_rows(m, n, k))
    return product_over_rows(m, n, k, a.data, b.data, c, accumulate, work);
  const Index pieces = m <= row_block && k > 2 * depth_block ? (k + depth_block - 1) / depth_block : 1;
  if (m > row_block && n > 2 * column_block) {
    parallel_blocks(n, column_block, work, [&](Index begin, Index end) {
      product_block<T>(m, n, k, a, b, c, accumulate, {0, m, begin, end - begin, 0, k});
    });
    return;
  }
  if (pieces == 1) {
    parallel_blocks(m, row_block, work, [&](Index begin, Index end) {
      product_block<T>(m, n, k, a, b, c, accumulate, {begin, end - begin, 0, n, 0, k});
    });
    return;
  }
  const Tensor parts(Shape{pieces, m, n}, dtype_of<T>());
  parallel_for(pieces, work, [&](Index piece) {
    const Index first = piece * depth_block;
    product_block<T>(m, n, k, a, b, parts.data<T>() + piece * m * n, false,
                     {0, m, 0, n, first, std::min(depth_block, k - first)});
  });
  const T* part = parts.data<T>();
  for (Index piece = 0; piece < pieces; ++piece, part += m * n)
    for (Index i = 0; i < m * n; ++i) c[i] = piece == 0 && !accumulate ? part[i] : c[i] + part[i];
}

template void product<float>(Index, Index, Index, Matrix<float>, Matrix<float>, float*, bool);
template void product<double>(Index, Index, Index, Matrix<double>, Matrix<double>, double*, bool);

Tensor matmul(const Tensor& x, const Tensor& y) {
  const DType dtype = promoted(x.dtype(), y.dtype());
  if (!is_floating(dtype)) return integer_matmul(x, y, dtype);
  const Tensor a = cast(x, dtype);
  const Tensor b = cast(y, dtype);
  const Plan plan(a.shape(), b.shape());
  Tensor out(plan.out, dtype);
  dispatch_float(dtype, "matmul", [&]<class T>() {
    const Matrix<T> left{a.data<T>()};
    const Matrix<T> right{b.data<T>()};
    if (plan.flat) product<T>(plan.m, plan.n, plan.k, left, right, out.data<T>());
    else batched<T>(plan.batch, plan.batch_a, plan.batch_b, plan.m, plan.n, plan.k, left, right, out.data<T>());
  });
  if (needs_recording({&a, &b}))
    record("matmul", {a, b}, {out}, [a = a.detach(), b = b.detach(), plan](const BackwardPass& pass) {
      const Tensor& g = pass.output_gradient();
      dispatch_float(g.dtype(), "matmul", [&]<class T>() {
        const Index m = plan.m;
        const Index n = plan.n;
        const Index k = plan.k;
        const T* dc = g.data<T>();
        if (plan.flat) {
          if (pass.wants(0)) {
            const Tensor da = Tensor::empty_like(a);
            product<T>(m, k, n, {dc}, {b.data<T>(), true}, da.data<T>());
            pass.add(0, da);
          }
          if (pass.wants(1)) product<T>(k, n, m, {a.data<T>(), true}, {dc}, pass.accumulator(1).data<T>(), true);
          return;
        }
        const auto with_matrix = [&](Index rows, Index columns) {
          Shape shape = plan.batch;
          shape.push_back(rows);
          shape.push_back(columns);
          return Tensor(shape, g.dtype());
        };
        const auto to_operand = [&](const Tensor& d, const Shape& batch, const Tensor& operand) {
          Shape shape = batch;
          shape.push_back(d.shape(-2));
          shape.push_back(d.shape(-1));
          return sum_to(d, shape).reshaped(operand.shape());
        };
        if (pass.wants(0)) {
          const Tensor da = with_matrix(m, k);
          batched<T>(plan.batch, plan.batch, plan.batch_b, m, k, n, {dc}, {b.data<T>(), true}, da.data<T>());
          pass.add(0, to_operand(da, plan.batch_a, a));
        }
        if (pass.wants(1)) {
          const Tensor db = with_matrix(k, n);
          batched<T>(plan.batch, plan.batch_a, plan.batch, k, n, m, {a.data<T>(), true}, {dc}, db.data<T>());
          pass.add(1, to_operand(db, plan.batch_b, b));
        }
      });
    });
  return out;
}

}  // namespace recurra::ops
