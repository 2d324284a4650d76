#include "recurra/ops/cast.h"

#include "recurra/ops/broadcast.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {

DType promoted(DType a, DType b) {
  const auto rank = [](DType dtype) {
    switch (dtype) {
      case DType::boolean: return 0;
      case DType::int32: return 1;
      case DType::int64: return 2;
      case DType::float32: return 3;
      case DType::float64: return 4;
    }
    return 4;
  };
  return rank(a) >= rank(b) ? a : b;
}

DType floating(DType dtype) { return is_floating(dtype) ? dtype : DType::float32; }

Tensor cast(const Tensor& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  Tensor out(x.shape(), dtype);
  dispatch_any(x.dtype(), [&]<class From>() {
    dispatch_any(dtype, [&]<class To>() {
      const From* in = x.data<From>();
      To* to = out.data<To>();
      parallel_blocks(x.size(), elementwise_block, static_cast<double>(x.size()), [&](Index begin, Index end) {
        for (Index i = begin; i < end; ++i) to[i] = static_cast<To>(in[i]);
      });
    });
  });
  if (is_floating(dtype) && is_floating(x.dtype()))
    record("cast", {x}, {out},
           [from = x.dtype()](const BackwardPass& pass) { pass.add(0, cast(pass.output_gradient(), from)); });
  return out;
}

std::pair<Tensor, Tensor> promoted(const Tensor& a, const Tensor& b) {
  const DType dtype = promoted(a.dtype(), b.dtype());
  return {cast(a, dtype), cast(b, dtype)};
}

}  // namespace recurra::ops
