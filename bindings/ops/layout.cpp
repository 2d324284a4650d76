// Arrangement, selection, joining.
#include <numeric>

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

std::vector<std::pair<Index, Index>> pad_widths(py::handle widths) {
  std::vector<std::pair<Index, Index>> out;
  for (const py::handle pair : py::reinterpret_borrow<py::object>(widths)) {
    const std::vector<Index> width = integers(pair, "pad", "pad_width");
    check(width.size() == 2, "pad: expected a pair of widths for each axis, got ", width.size(), " numbers");
    out.emplace_back(width[0], width[1]);
  }
  return out;
}

Tensor reshape(Object x, Object shape) {
  const Tensor t = operand(x);
  return ops::reshape(t, integers(shape, "reshape", "newshape"));
}

Tensor transpose(Object x, Object axes) {
  const Tensor t = operand(x);
  const std::vector<Index> permutation = axes_from_python(axes, "transpose");
  return compute(t.size(), [&] { return ops::transpose(t, permutation); });
}

Tensor broadcast_to(Object x, Object shape) {
  const Tensor t = operand(x);
  const Shape target = shape_from_python(shape, "broadcast_to");
  return compute(target.size(), [&] { return ops::broadcast_to(t, target); });
}

Tensor flip(Object x, Object axis) {
  const Tensor t = operand(x);
  std::vector<Index> axes = axes_from_python(axis, "flip");
  if (axis.is_none()) {
    axes.resize(as_size(t.rank()));
    std::iota(axes.begin(), axes.end(), Index{0});
  }
  return compute(t.size(), [&] { return ops::flip(t, axes); });
}

Tensor join(Object xs, Object axis, const char* who, Tensor (*f)(const std::vector<Tensor>&, Index)) {
  const std::vector<Tensor> parts = operand_list(xs);
  const Index place = integer(axis, who, "axis");
  double size = 0;
  for (const Tensor& part : parts) size += static_cast<double>(part.size());
  return compute(size, [&] { return f(parts, place); });
}

Tensor repeat(Object x, Object repeats, Object axis) {
  const Tensor t = operand(x);
  const Index count = integer(repeats, "repeat", "repeats");
  const Index place = integer(axis, "repeat", "axis");
  return compute(static_cast<double>(t.size()) * static_cast<double>(count),
                 [&] { return ops::repeat(t, count, place); });
}

Tensor tile(Object x, Object repeats) {
  const Tensor t = operand(x);
  const std::vector<Index> counts = integers(repeats, "tile", "repeats");
  return compute(t.size(), [&] { return ops::tile(t, counts); });
}

Tensor roll(Object x, Object shift, Object axis) {
  const Tensor t = operand(x);
  const Index places = integer(shift, "roll", "shift");
  const Index along = integer(axis, "roll", "axis");
  return compute(t.size(), [&] { return ops::roll(t, places, along); });
}

Tensor pad(Object x, Object pad_width, Object mode, Object value) {
  const Tensor t = operand(x);
  const auto widths = pad_widths(pad_width);
  const ops::PadMode how = pad_mode(string(mode, "pad", "mode"));
  const Tensor number = number_of_type(value, t.dtype(), "pad");
  return compute(t.size(), [&] { return ops::pad(t, widths, how, number); });
}

Tensor take(Object x, Object indices, Object axis) {
  const Tensor t = operand(x);
  const Tensor at = operand(indices);
  const Index along = integer(axis, "take", "axis");
  return compute(16.0 * static_cast<double>(at.size()), [&] { return ops::take(t, at, along); });
}

Tensor take_along_axis(Object x, Object indices, Object axis) {
  const Tensor t = operand(x);
  const Tensor at = operand(indices);
  const Index along = integer(axis, "take_along_axis", "axis");
  return compute(at.size(), [&] { return ops::take_along_axis(t, at, along); });
}

Tensor put_rows(Object x, Object indices, Object values, Object overwrite) {
  const Tensor t = operand(x);
  const Tensor at = operand(indices);
  const Tensor updates = operand(values);
  const bool replaces = truth(overwrite);
  return compute(t.size(), [&] { return ops::put_rows(t, at, updates, replaces); });
}

Tensor one_hot(Object x, Object num_classes, Object axis, Object dtype) {
  const Tensor t = operand(x);
  const Index classes = integer(num_classes, "one_hot", "num_classes");
  const Index along = integer(axis, "one_hot", "axis");
  const DType type = dtype_from_python(dtype);
  return compute(static_cast<double>(t.size()) * static_cast<double>(classes),
                 [&] { return ops::one_hot(t, classes, along, type); });
}

Tensor full(Object shape, Object value, Object dtype) {
  const Shape dims = shape_from_python(shape, "full");
  const Tensor number = number_of_type(value, dtype_from_python(dtype), "full");
  return compute(dims.size(), [&] { return ops::full(dims, number); });
}

}  // namespace

void register_layout(py::module_& m) {
  m.def("reshape", &reshape);
  m.def("transpose", &transpose, py::arg("x"), py::arg("axes") = py::none());
  m.def("broadcast_to", &broadcast_to);
  m.def("flip", &flip);
  m.def("concatenate", [](Object xs, Object axis) { return join(xs, axis, "concatenate", ops::concatenate); });
  m.def("stack", [](Object xs, Object axis) { return join(xs, axis, "stack", ops::stack); });
  m.def("repeat", &repeat);
  m.def("tile", &tile);
  m.def("roll", &roll);
  m.def("pad", &pad);
  m.def("take", &take);
  m.def("take_along_axis", &take_along_axis);
  m.def("put_rows", &put_rows);
  m.def("one_hot", &one_hot);
  m.def("full", &full);
}

}  // namespace recurra::bindings
