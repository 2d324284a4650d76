// WeightNormalization around a layer: the layer is built with the kernel g v / |v|, made once by the operations that
// the layer takes in Python.
#include <algorithm>
#include <cstring>

#include "recurra/ops/arithmetic.h"
#include "recurra/ops/elementwise.h"
#include "recurra/ops/reduction.h"
#include "recurra/runtime/stage.h"
#include "recurra/tensor/tape.h"

namespace recurra::runtime {
namespace {

template <class T>
Tensor tensor_of(const Buffer<T>& numbers, const Shape& shape) {
  Tensor out(shape, dtype_of<T>());
  std::copy_n(numbers.data(), numbers.size(), out.data<T>());
  return out;
}

// v (g / sqrt(sum of v^2 + 1e-30)), with the sum over all axes but the last.
template <class T>
Tensor normalized(const Tensor& direction, const Tensor& scale) {
  const NoGradient off;
  std::vector<Index> axes;
  for (Index axis = 0; axis + 1 < direction.rank(); ++axis) axes.push_back(axis);
  Tensor least({}, dtype_of<T>());
  *least.data<T>() = static_cast<T>(1e-30);
  const Tensor squares = ops::sum(ops::multiply(direction, direction), axes);
  return ops::multiply(direction, ops::divide(scale, ops::sqrt(ops::add(squares, least))));
}

}  // namespace

template <class T>
bool build_weight_normalization(const Build<T>& build) {
  const Description& layer = build.layer;
  if (!layer.from("recurra.layers") || layer.class_name() != "WeightNormalization") return false;
  const Description inner = layer.inside("layer");
  if (inner.class_name() != "Conv1D" && inner.class_name() != "Dense")
    inner.refuse("the engine normalises the kernels of Conv1D and Dense only");
  const std::string path = inner.path() + "kernel";
  const Shape shape = build.weights.shape(inner, path);
  check(shape.rank() >= 2, inner.title(), ": its kernel must have at least 2 axes, got ", shape);
  const Tensor direction = tensor_of(build.weights.template copy<T>(inner, path, shape), shape);
  const Tensor scale = tensor_of(build.weight("kernel_scale", {shape.back()}), {shape.back()});
  const Tensor kernel = normalized<T>(direction, scale);
  const Array replacement{dtype_of<T>(), shape, reinterpret_cast<const std::byte*>(kernel.data<T>())};
  const Weights weights(build.weights, path, replacement);
  build_layer(Build<T>{weights, inner, build.flow, build.stages});
  return true;
}

template bool build_weight_normalization(const Build<float>&);
template bool build_weight_normalization(const Build<double>&);

}  // namespace recurra::runtime
