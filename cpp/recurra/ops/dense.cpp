#include "recurra/ops/dense.h"

#include <algorithm>

#include "recurra/base/buffer.h"
#include "recurra/kernels/gemm.h"
#include "recurra/ops/activated.h"
#include "recurra/ops/broadcast.h"
#include "recurra/ops/matmul.h"
#include "recurra/ops/reduction.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {

namespace {

constexpr Index wide = 2048;         // units from which each block of columns is packed by the task that needs it
constexpr Index column_block = 256;  // a whole number of panels

// gemm::pack for a block of columns, `row_stride` and `column_stride` as there, which reads the kernel in the order in
// which it lies: rows far apart would each be fetched from memory anew for every panel.
template <class T>
void pack_in_order(const T* b, Index row_stride, Index column_stride, Index K, Index N, T* packed) {
  constexpr Index width = gemm::panel_vectors * lanes<T>;
  const Index whole = N / width * width;
  if (column_stride == 1) {
    for (Index k = 0; k < K; ++k)
      for (Index n = 0; n < whole; n += width) copy_row(packed + n * K + k * width, b + k * row_stride + n, width);
  } else {
    for (Index n = 0; n < whole; ++n)
      for (Index k = 0; k < K; ++k)
        packed[n / width * width * K + k * width + n % width] = b[k * row_stride + n * column_stride];
  }
  if (whole < N) gemm::pack(b + whole * column_stride, row_stride, column_stride, K, N - whole, packed + whole * K);
}

// y = bias + x kernel. Every element is one chain over ascending features that starts from the bias, whatever the
// number of rows: a stream, which has few, gives the bits of a batch.
template <class T>
void forward_product(Index rows, Index units, Index features, const T* x, Matrix<T> kernel, const T* bias, T* y) {
  constexpr Index row_block = 96;
  constexpr Index few = 8;  // rows for which packing the kernel costs more than it saves
  const gemm::Start start = bias ? gemm::Start::bias : gemm::Start::zero;
  if (rows < few && units % lanes<T> == 0 && !kernel.transposed) {
    const FlushDenormals flush;
    gemm::multiply_unpacked(x, features, rows, features, kernel.data, units, y, units, start, bias);
    return;
  }
  const Index across = kernel.transposed ? features : 1;
  const Index down = kernel.transposed ? 1 : units;
  const double operations =
      2.0 * static_cast<double>(rows) * static_cast<double>(units) * static_cast<double>(features);
  if (units >= wide) {
    parallel_blocks(units, column_block, operations, [&](Index begin, Index end) {
      const Buffer<T> packed(gemm::packed_size<T>(features, end - begin));
      pack_in_order(kernel.data + begin * across, down, across, features, end - begin, packed.data());
      for (Index row = 0; row < rows; row += row_block)  // so many rows and a panel stay in the caches of a core
        gemm::multiply(x + row * features, features, std::min(row_block, rows - row), features, packed.data(),
                       end - begin, y + row * units + begin, units, start, bias ? bias + begin : nullptr);
    });
    return;
  }
  const Buffer<T> packed(gemm::packed_size<T>(features, units));
  gemm::pack(kernel.data, down, across, features, units, packed.data());
  parallel_blocks(rows, row_block, operations, [&](Index begin, Index end) {
    gemm::multiply(x + begin * features, features, end - begin, features, packed.data(), units, y + begin * units,
                   units, start, bias);
  });
}

}  // namespace

Tensor dense(const Tensor& x, const Tensor& kernel, const Tensor& bias, Activation activation, bool transposed) {
  check_rank(kernel, 2, "dense", "the kernel");
  check_same_dtype(x, kernel, "dense");
  const Index features = kernel.shape(transposed ? 1 : 0);
  const Index units = kernel.shape(transposed ? 0 : 1);
  check(x.rank() >= 1 && x.shape(-1) == features, "dense: the kernel of shape ", kernel.shape(), " expects ", features,
        " features, got an input of shape ", x.shape());
  if (bias.defined()) {
    check_same_dtype(x, bias, "dense");
    check(bias.rank() == 1 && bias.shape(0) == units, "dense: expected a bias of shape (", units, ",), got ",
          bias.shape());
  }
  Shape shape = x.shape();
  shape[-1] = units;
  const Index rows = shape.count(0, shape.rank() - 1);
  const Tensor out(shape, x.dtype());
  const bool records = needs_recording({&x, &kernel, &bias});
  const Tensor kept = records && slope_needs_input(activation) ? Tensor::empty_like(out) : out.detach();
  dispatch_float(x.dtype(), "dense", [&]<class T>() {
    T* y = out.data<T>();
    forward_product<T>(rows, units, features, x.data<T>(), {kernel.data<T>(), transposed},
                       bias.defined() ? bias.data<T>() : nullptr, y);
    if (activation != Activation::linear)
      parallel_blocks(
          out.size(), elementwise_block, 20.0 * static_cast<double>(out.size()),
          [&](Index begin, Index end) { activate_run<T>(activation, y + begin, kept.data<T>() + begin, end - begin); });
  });
  if (records)
    record("dense", {x, kernel, bias}, {out},
           [x = x.detach(), kernel = kernel.detach(), kept = activation == Activation::linear ? Tensor() : kept,
            activation, rows, units, features, transposed](const BackwardPass& pass) {
             const Tensor g =
                 activation == Activation::linear ? pass.output_gradient() : Tensor::empty_like(pass.output_gradient());
             dispatch_float(g.dtype(), "dense", [&]<class T>() {
               const Tensor db = pass.wants(2) ? Tensor({units}, g.dtype()) : Tensor();
               through_activation<T>(activation, pass.output_gradient(), kept, g, db);
               const T* dy = g.data<T>();
               if (pass.wants(0)) {
                 const Tensor dx = Tensor::empty_like(x);
                 product<T>(rows, features, units, {dy}, {kernel.data<T>(), !transposed}, dx.data<T>());
                 pass.add(0, dx);
               }
               if (pass.wants(1)) {
                 T* dk = pass.accumulator(1).data<T>();
                 if (transposed) product<T>(units, features, rows, {dy, true}, {x.data<T>()}, dk, true);
                 else product<T>(features, units, rows, {x.data<T>(), true}, {dy}, dk, true);
               }
               if (db.defined()) pass.add(2, db);
             });
           });
  return out;
}

}  // namespace recurra::ops
