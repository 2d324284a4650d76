// Python objects as operands.
#include "ops.h"

namespace recurra::bindings {
namespace {

constexpr double tensor_priority = 1000;

PyTypeObject* tensor_type() {
  static auto* const type = reinterpret_cast<PyTypeObject*>(py::type::of<Tensor>().ptr());
  return type;
}

bool is_number(py::handle value) {
  return PyFloat_CheckExact(value.ptr()) || PyLong_CheckExact(value.ptr()) || PyBool_Check(value.ptr());
}

// A Python number beside a tensor of type `other`.
Tensor number_beside(py::handle value, DType other) {
  if (PyFloat_CheckExact(value.ptr()))
    return Tensor::scalar(PyFloat_AS_DOUBLE(value.ptr()), is_floating(other) ? other : DType::float32);
  if (PyBool_Check(value.ptr())) return Tensor::scalar(value.ptr() == Py_True, other);
  if (other == DType::int64) {
    const Tensor out(Shape{}, DType::int64);
    *out.data<std::int64_t>() = value.cast<std::int64_t>();
    return out;
  }
  return Tensor::scalar(value.cast<double>(), other == DType::boolean ? DType::int32 : other);
}

}  // namespace

const Tensor* tensor_in(py::handle value) {
  return PyObject_TypeCheck(value.ptr(), tensor_type()) ? &value.cast<const Tensor&>() : nullptr;
}

bool is_operand(py::handle value) {
  if (tensor_in(value) || is_number(value) || py::isinstance<py::array>(value)) return true;
  if (PyList_Check(value.ptr()) || PyTuple_Check(value.ptr())) return true;
  // An object of a higher priority, such as a symbolic tensor, wants to do the operation itself.
  const py::object priority = py::getattr(value, "__array_priority__", py::int_(0));
  if (py::hasattr(value, "__array__")) return priority.cast<double>() <= tensor_priority;
  return PyNumber_Check(value.ptr()) && PyIndex_Check(value.ptr());
}

Tensor operand(py::handle value) {
  if (const Tensor* tensor = tensor_in(value)) return *tensor;
  if (!is_operand(value))
    throw py::type_error(text("expected a tensor, an array or numbers, got ", Py_TYPE(value.ptr())->tp_name));
  return tensor_from_python(py::reinterpret_borrow<py::object>(value));
}

std::pair<Tensor, Tensor> operands(py::handle a, py::handle b) {
  const Tensor* left = tensor_in(a);
  const Tensor* right = tensor_in(b);
  if (left && right) return {*left, *right};
  if (is_number(b) && !is_number(a)) {
    Tensor first = operand(a);
    Tensor second = number_beside(b, first.dtype());
    return {std::move(first), std::move(second)};
  }
  if (is_number(a) && !is_number(b)) {
    Tensor second = operand(b);
    Tensor first = number_beside(a, second.dtype());
    return {std::move(first), std::move(second)};
  }
  return {operand(a), operand(b)};
}

std::vector<Tensor> operand_list(py::handle values) {
  if (tensor_in(values) || py::isinstance<py::array>(values) || !PySequence_Check(values.ptr()))
    throw py::type_error(text("expected a list of tensors, got ", Py_TYPE(values.ptr())->tp_name));
  std::vector<Tensor> out;
  for (const py::handle value : values) out.push_back(operand(value));
  return out;
}

std::vector<Index> axes_from_python(const py::object& axes) {
  if (axes.is_none()) return {};
  if (PyIndex_Check(axes.ptr())) return {axes.cast<Index>()};
  return axes.cast<std::vector<Index>>();
}

}  // namespace recurra::bindings
