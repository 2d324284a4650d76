#include "recurra/ops/dropout.h"

#include <algorithm>
#include <array>

#include "recurra/kernels/noise.h"
#include "recurra/ops/arithmetic.h"
#include "recurra/ops/broadcast.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

double operations(Index elements) { return 4.0 * static_cast<double>(elements); }

void check_rate(double rate) { check(rate >= 0 && rate < 1, "dropout: expected a rate in [0, 1), got ", rate); }

Tensor masked(const Tensor& x, double rate, const Philox& numbers) {
  const Tensor out = Tensor::empty_like(x);
  dispatch_float(x.dtype(), "dropout", [&]<class T>() {
    const DropoutMask<T> mask(numbers, rate);
    const T* in = x.data<T>();
    T* to = out.data<T>();
    parallel_blocks(x.size(), elementwise_block, operations(x.size()), [&](Index begin, Index end) {
      std::array<T, 256> factor;
      for (Index at = begin; at < end;) {
        const Index count = std::min<Index>(static_cast<Index>(factor.size()), end - at);
        mask.fill(static_cast<std::uint64_t>(at), static_cast<std::uint64_t>(count), factor.data());
        for (Index i = 0; i < count; ++i) to[at + i] = in[at + i] * factor[as_size(i)];
        at += count;
      }
    });
  });
  return out;
}

}  // namespace

Tensor dropout(const Tensor& x, double rate, const Philox& numbers) {
  check_rate(rate);
  if (rate == 0) return x;
  const Tensor out = masked(x, rate, numbers);
  record("dropout", {x}, {out},
         [rate, numbers](const BackwardPass& pass) { pass.add(0, masked(pass.output_gradient(), rate, numbers)); });
  return out;
}

Tensor dropout(const Tensor& x, double rate, const Philox& numbers, const Shape& mask_shape) {
  if (mask_shape == x.shape()) return dropout(x, rate, numbers);
  check(broadcast_shape(x.shape(), mask_shape, "dropout") == x.shape(), "dropout: a mask of shape ", mask_shape,
        " does not stretch to ", x.shape());
  return multiply(x, dropout_mask(mask_shape, rate, numbers, x.dtype()));
}

Tensor dropout_mask(const Shape& shape, double rate, const Philox& numbers, DType dtype, std::optional<double> kept) {
  check_rate(rate);
  const Tensor out(shape, dtype);
  dispatch_float(dtype, "dropout_mask", [&]<class T>() {
    const DropoutMask<T> mask(numbers, rate, static_cast<T>(kept.value_or(1 / (1 - rate))));
    T* to = out.data<T>();
    parallel_blocks(out.size(), elementwise_block, operations(out.size()), [&](Index begin, Index end) {
      mask.fill(static_cast<std::uint64_t>(begin), static_cast<std::uint64_t>(end - begin), to + begin);
    });
  });
  return out;
}

}  // namespace recurra::ops
