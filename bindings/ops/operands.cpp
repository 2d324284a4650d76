// Python objects as operands.
#include <optional>

#include "ops.h"
#include "recurra/ops/cast.h"

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

// A Python integer as a scalar of an integer type, or nothing where the type does not hold it.
std::optional<Tensor> integer_scalar(py::handle value, DType type) {
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(value.ptr(), &overflow);
  if (overflow != 0 || (type == DType::int32 && number != static_cast<std::int32_t>(number))) return std::nullopt;
  Tensor out(Shape{}, type);
  if (type == DType::int32) *out.data<std::int32_t>() = static_cast<std::int32_t>(number);
  else *out.data<std::int64_t>() = number;
  return out;
}

// A Python number beside a tensor of type `other`.
Tensor number_beside(py::handle value, DType other) {
  if (PyFloat_CheckExact(value.ptr()))
    return Tensor::scalar(PyFloat_AS_DOUBLE(value.ptr()), is_floating(other) ? other : DType::float32);
  if (PyBool_Check(value.ptr())) return Tensor::scalar(value.ptr() == Py_True, other);
  if (is_floating(other)) return Tensor::scalar(real(value, "operand", "the number"), other);
  for (const DType type : {DType::int32, DType::int64}) {
    if (other == DType::int64 && type == DType::int32) continue;
    if (const auto scalar = integer_scalar(value, type)) return *scalar;
  }
  throw py::value_error(text("the integer ", std::string(py::str(value)), " does not fit into int64"));
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
  return PyIndex_Check(value.ptr()) != 0;
}

Tensor operand(py::handle value) {
  if (const Tensor* tensor = tensor_in(value)) return *tensor;
  if (!is_operand(value))
    throw py::type_error(text("expected a tensor, an array or numbers, got ", Py_TYPE(value.ptr())->tp_name));
  return tensor_from_python(py::reinterpret_borrow<py::object>(value));
}

Tensor optional_operand(py::handle value) { return value.is_none() ? Tensor() : operand(value); }

Tensor number_of_type(py::handle value, DType type, const char* who) {
  if (!is_floating(type) && type != DType::boolean && PyIndex_Check(value.ptr()) && !tensor_in(value)) {
    const py::object number = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()));
    if (!number) throw py::error_already_set();
    if (const auto scalar = integer_scalar(number, type)) return *scalar;
    throw py::value_error(
        text(who, ": the integer ", std::string(py::str(number)), " does not fit into ", name_of(type)));
  }
  if (const Tensor* tensor = tensor_in(value)) {
    check(tensor->size() == 1, who, ": expected one number, got a tensor of shape ", tensor->shape());
    return ops::cast(tensor->detach(), type);
  }
  const double number = real(value, who, "the value");
  const bool fits = is_floating(type) || type == DType::boolean || (number >= -0x1p63 && number < 0x1p63);
  if (!fits || (type == DType::int32 && (number <= -0x1p31 - 1 || number >= 0x1p31)))
    throw py::value_error(text(who, ": the number ", number, " does not fit into ", name_of(type)));
  return Tensor::scalar(number, type);
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

std::vector<Index> axes_from_python(py::handle axes, const char* who) {
  return axes.is_none() ? std::vector<Index>{} : integers(axes, who, "axis");
}

}  // namespace recurra::bindings
