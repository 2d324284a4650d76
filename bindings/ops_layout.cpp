// Arrangement, selection, joining.
#include "ops.h"
#include "recurra/ops/indexing.h"
#include "recurra/ops/joining.h"
#include "recurra/ops/layout.h"

namespace recurra::bindings {
namespace {

ops::PadMode pad_mode(const std::string& mode) {
  if (mode == "constant") return ops::PadMode::constant;
  if (mode == "reflect") return ops::PadMode::reflect;
  if (mode == "symmetric") return ops::PadMode::symmetric;
  if (mode == "edge") return ops::PadMode::edge;
  throw py::value_error(text("pad: mode '", mode, "' is not one of constant, reflect, symmetric, edge"));
}

}  // namespace

void register_layout(py::module_& m) {
  m.def("reshape", [](const py::object& x, const py::object& shape) {
    const Tensor t = operand(x);
    return ops::reshape(t, axes_from_python(shape));
  });
  m.def(
      "transpose",
      [](const py::object& x, const py::object& axes) {
        const Tensor t = operand(x);
        const std::vector<Index> permutation = axes_from_python(axes);
        return compute(t.size(), [&] { return ops::transpose(t, permutation); });
      },
      py::arg("x"), py::arg("axes") = py::none());
  m.def("broadcast_to", [](const py::object& x, const py::object& shape) {
    const Tensor t = operand(x);
    const Shape target = shape_from_python(shape);
    return compute(target.size(), [&] { return ops::broadcast_to(t, target); });
  });
  m.def("flip", [](const py::object& x, const py::object& axis) {
    const Tensor t = operand(x);
    const std::vector<Index> axes = axes_from_python(axis);
    return compute(t.size(), [&] { return ops::flip(t, axes); });
  });
  m.def("concatenate", [](const py::object& xs, Index axis) {
    const std::vector<Tensor> parts = operand_list(xs);
    Index size = 0;
    for (const Tensor& part : parts) size += part.size();
    return compute(size, [&] { return ops::concatenate(parts, axis); });
  });
  m.def("stack", [](const py::object& xs, Index axis) {
    const std::vector<Tensor> parts = operand_list(xs);
    Index size = 0;
    for (const Tensor& part : parts) size += part.size();
    return compute(size, [&] { return ops::stack(parts, axis); });
  });
  m.def("repeat", [](const py::object& x, Index count, Index axis) {
    const Tensor t = operand(x);
    return compute(t.size() * count, [&] { return ops::repeat(t, count, axis); });
  });
  m.def("tile", [](const py::object& x, const py::object& counts) {
    const Tensor t = operand(x);
    const std::vector<Index> repeats = axes_from_python(counts);
    return compute(t.size(), [&] { return ops::tile(t, repeats); });
  });
  m.def("roll", [](const py::object& x, Index shift, Index axis) {
    const Tensor t = operand(x);
    return compute(t.size(), [&] { return ops::roll(t, shift, axis); });
  });
  m.def("pad", [](const py::object& x, const std::vector<std::pair<Index, Index>>& widths, const std::string& mode,
                  double value) {
    const Tensor t = operand(x);
    const ops::PadMode how = pad_mode(mode);
    return compute(t.size(), [&] { return ops::pad(t, widths, how, value); });
  });
  m.def("take", [](const py::object& x, const py::object& indices, Index axis) {
    const Tensor t = operand(x);
    const Tensor at = operand(indices);
    return compute(at.size() * 16, [&] { return ops::take(t, at, axis); });
  });
  m.def("take_along_axis", [](const py::object& x, const py::object& indices, Index axis) {
    const Tensor t = operand(x);
    const Tensor at = operand(indices);
    return compute(at.size(), [&] { return ops::take_along_axis(t, at, axis); });
  });
  m.def("put_rows", [](const py::object& x, const py::object& indices, const py::object& values, bool overwrite) {
    const Tensor t = operand(x);
    const Tensor at = operand(indices);
    const Tensor updates = operand(values);
    return compute(t.size(), [&] { return ops::put_rows(t, at, updates, overwrite); });
  });
  m.def("one_hot", [](const py::object& x, Index classes, Index axis, const py::object& dtype) {
    const Tensor t = operand(x);
    const DType type = dtype_from_python(dtype);
    return compute(t.size() * classes, [&] { return ops::one_hot(t, classes, axis, type); });
  });
  m.def("full", [](const py::object& shape, double value, const py::object& dtype) {
    return Tensor::full(shape_from_python(shape), dtype_from_python(dtype), value);
  });
}

}  // namespace recurra::bindings
