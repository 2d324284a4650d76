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
  m.def(name, [f](const py::object& target, const py::object& output, bool from_logits, double epsilon) {
    const Tensor t = operand(target);
    const Tensor o = operand(output);
    return compute(o.size(), [&] { return f(t, o, from_logits, epsilon); });
  });
}

void error(py::module_& m, const char* name, Tensor (*f)(const Tensor&, const Tensor&)) {
  m.def(name, [f](const py::object& target, const py::object& output) {
    const Tensor t = operand(target);
    const Tensor o = operand(output);
    return compute(o.size(), [&] { return f(t, o); });
  });
}

}  // namespace

void register_neural(py::module_& m) {
  m.def(
      "dense",
      [](const py::object& x, const py::object& kernel, const py::object& bias, const std::string& activation) {
        const Activation kind = activation_named(activation, "dense");
        const Tensor t = operand(x);
        const Tensor w = operand(kernel);
        const Tensor b = bias.is_none() ? Tensor() : operand(bias);
        return compute(t.size() + w.size(), [&] { return ops::dense(t, w, b, kind); });
      },
      py::arg("x"), py::arg("kernel"), py::arg("bias") = py::none(), py::arg("activation") = "linear");
  m.def("scans_in_blocks", &ops::scans_in_blocks, py::arg("batch"), py::arg("time"),
        "Whether linear_scan goes through blocks of time at once.");
  m.def(
      "linear_scan",
      [](const py::object& a, const py::object& b, const py::object& h0) {
        const auto pair = operands(a, b);
        const Tensor start = h0.is_none() ? Tensor() : operand(h0);
        return compute(pair.second.size(), [&] { return ops::linear_scan(pair.first, pair.second, start); });
      },
      py::arg("a"), py::arg("b"), py::arg("h0") = py::none());
  m.def("embedding", [](const py::object& indices, const py::object& table) {
    const Tensor t = operand(indices);
    const Tensor rows = operand(table);
    return compute(t.size() * 16, [&] { return ops::embedding(t, rows); });
  });
  m.def(
      "dropout",
      [](const py::object& x, double rate, std::uint64_t seed, std::uint64_t stream, const py::object& noise_shape) {
        const Tensor t = operand(x);
        const Philox numbers(seed, stream);
        if (noise_shape.is_none()) return compute(t.size(), [&] { return ops::dropout(t, rate, numbers); });
        const Shape mask = shape_from_python(noise_shape);
        return compute(t.size(), [&] { return ops::dropout(t, rate, numbers, mask); });
      },
      py::arg("x"), py::arg("rate"), py::arg("seed"), py::arg("stream"), py::arg("noise_shape") = py::none());
  m.def(
      "dropout_mask",
      [](const py::object& shape, double rate, std::uint64_t seed, std::uint64_t stream, const py::object& dtype,
         std::optional<double> kept) {
        const Shape dims = shape_from_python(shape);
        const DType type = dtype_from_python(dtype);
        return compute(dims.size(), [&] { return ops::dropout_mask(dims, rate, Philox(seed, stream), type, kept); });
      },
      py::arg("shape"), py::arg("rate"), py::arg("seed"), py::arg("stream"), py::arg("dtype") = "float32",
      py::arg("kept") = py::none());
  error(m, "mean_absolute_error", ops::mean_absolute_error);
  error(m, "mean_squared_error", ops::mean_squared_error);
  crossentropy(m, "binary_crossentropy", ops::binary_crossentropy);
  crossentropy(m, "categorical_crossentropy", ops::categorical_crossentropy);
  crossentropy(m, "sparse_categorical_crossentropy", ops::sparse_categorical_crossentropy);
}

}  // namespace recurra::bindings
