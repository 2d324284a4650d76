// Layers and losses that are one node each.
#include "ops.h"
#include "recurra/ops/dense.h"
#include "recurra/ops/dropout.h"
#include "recurra/ops/embedding.h"
#include "recurra/ops/losses.h"
#include "recurra/ops/scan.h"

namespace recurra::bindings {
namespace {

void crossentropy(py::module_& m, const char* name, Tensor (*f)(const Tensor&, const Tensor&, bool, double)) {
  m.def(name, [f, name](Object target, Object output, Object from_logits, Object epsilon) {
    const Tensor t = operand(target);
    const Tensor o = operand(output);
    const bool logits = truth(from_logits);
    const double limit = real(epsilon, name, "epsilon");
    return compute(o.size(), [&] { return f(t, o, logits, limit); });
  });
}

void error(py::module_& m, const char* name, Tensor (*f)(const Tensor&, const Tensor&)) {
  m.def(name, [f](Object target, Object output) {
    const Tensor t = operand(target);
    const Tensor o = operand(output);
    return compute(o.size(), [&] { return f(t, o); });
  });
}

Tensor dense(Object x, Object kernel, Object bias, Object activation, Object transposed) {
  const Activation kind = activation_named(string(activation, "dense", "activation"), "dense");
  const Tensor t = operand(x);
  const Tensor w = operand(kernel);
  const Tensor b = optional_operand(bias);
  const bool turned = truth(transposed);
  return compute(t.size() + w.size(), [&] { return ops::dense(t, w, b, kind, turned); });
}

using Scan = Tensor (*)(const Tensor&, const Tensor&, const Tensor&);

void scan(py::module_& m, const char* name, Scan f) {
  const auto run = [f](Object a, Object b, Object h0) {
    const auto pair = operands(a, b);
    const Tensor start = optional_operand(h0);
    return compute(pair.second.size(), [&] { return f(pair.first, pair.second, start); });
  };
  m.def(name, run, py::arg("a"), py::arg("b"), py::arg("h0") = py::none());
}

Tensor embedding(Object indices, Object table) {
  const Tensor t = operand(indices);
  const Tensor rows = operand(table);
  return compute(16.0 * static_cast<double>(t.size()), [&] { return ops::embedding(t, rows); });
}

Tensor dropout(Object x, Object rate, std::uint64_t seed, std::uint64_t stream, Object noise_shape) {
  const Tensor t = operand(x);
  const double share = real(rate, "dropout", "rate");
  const Philox numbers(seed, stream);
  if (noise_shape.is_none()) return compute(t.size(), [&] { return ops::dropout(t, share, numbers); });
  const Shape mask = shape_from_python(noise_shape, "dropout");
  return compute(t.size(), [&] { return ops::dropout(t, share, numbers, mask); });
}

Tensor dropout_mask(Object shape, Object rate, std::uint64_t seed, std::uint64_t stream, Object dtype, Object kept) {
  const Shape dims = shape_from_python(shape, "dropout_mask");
  const double share = real(rate, "dropout_mask", "rate");
  const DType type = dtype_from_python(dtype);
  const auto factor = kept.is_none() ? std::nullopt : std::optional(real(kept, "dropout_mask", "kept"));
  return compute(dims.size(), [&] { return ops::dropout_mask(dims, share, Philox(seed, stream), type, factor); });
}

}  // namespace

void register_neural(py::module_& m) {
  m.def("dense", &dense, py::arg("x"), py::arg("kernel"), py::arg("bias") = py::none(),
        py::arg("activation") = "linear", py::arg("transpose_kernel") = false);
  m.def("scans_in_blocks", &ops::scans_in_blocks, py::arg("batch"), py::arg("time"),
        "Whether scans go through blocks of time at once.");
  scan(m, "linear_scan", ops::linear_scan);
  scan(m, "complex_scan", ops::complex_scan);
  m.def("embedding", &embedding);
  m.def("dropout", &dropout, py::arg("x"), py::arg("rate"), py::arg("seed"), py::arg("stream"),
        py::arg("noise_shape") = py::none());
  m.def("dropout_mask", &dropout_mask, py::arg("shape"), py::arg("rate"), py::arg("seed"), py::arg("stream"),
        py::arg("dtype") = "float32", py::arg("kept") = py::none());
  error(m, "mean_absolute_error", ops::mean_absolute_error);
  error(m, "mean_squared_error", ops::mean_squared_error);
  crossentropy(m, "binary_crossentropy", ops::binary_crossentropy);
  crossentropy(m, "categorical_crossentropy", ops::categorical_crossentropy);
  crossentropy(m, "sparse_categorical_crossentropy", ops::sparse_categorical_crossentropy);
}

}  // namespace recurra::bindings
