// Python numbers as numbers of the engine.
#include "arguments.h"

namespace recurra::bindings {
namespace {

std::string described(py::handle value) {
  return text(std::string(py::repr(value)), " (", Py_TYPE(value.ptr())->tp_name, ")");
}

bool is_truth(py::handle value) {
  return PyBool_Check(value.ptr()) || std::string_view(Py_TYPE(value.ptr())->tp_name).ends_with("numpy.bool");
}

bool is_integer(py::handle value) { return PyIndex_Check(value.ptr()) && !is_truth(value); }

}  // namespace

Index integer(py::handle value, const char* who, const char* argument) {
  if (is_integer(value)) {
    if (const auto number = py::reinterpret_steal<py::object>(PyNumber_Index(value.ptr()))) {
      int overflow = 0;
      const long long index = PyLong_AsLongLongAndOverflow(number.ptr(), &overflow);
      if (overflow != 0)
        throw py::value_error(text(who, ": ", argument, " must fit into 64 bits, got ", std::string(py::str(number))));
      return index;
    }
    PyErr_Clear();  // an array or a tensor of several elements
  }
  throw py::type_error(text(who, ": ", argument, " must be an integer, got ", described(value)));
}

std::vector<Index> integers(py::handle value, const char* who, const char* argument) {
  if (is_integer(value) &&
      !(PySequence_Check(value.ptr()) && py::hasattr(value, "ndim") && value.attr("ndim").cast<int>() > 0))
    return {integer(value, who, argument)};
  const auto items = py::reinterpret_steal<py::object>(
      PyUnicode_Check(value.ptr()) || PyBytes_Check(value.ptr()) ? nullptr : PySequence_Fast(value.ptr(), ""));
  if (!items) {
    PyErr_Clear();
    throw py::type_error(
        text(who, ": ", argument, " must be an integer or a sequence of integers, got ", described(value)));
  }
  std::vector<Index> out;
  out.reserve(as_size(PySequence_Fast_GET_SIZE(items.ptr())));
  for (const py::handle item : items) out.push_back(integer(item, who, argument));
  return out;
}

double real(py::handle value, const char* who, const char* argument) {
  if (PyFloat_CheckExact(value.ptr())) return PyFloat_AS_DOUBLE(value.ptr());
  if (PyNumber_Check(value.ptr()) && !PyComplex_Check(value.ptr())) {
    const double number = PyFloat_AsDouble(value.ptr());
    if (!(number == -1 && PyErr_Occurred())) return number;
    const bool too_large = PyErr_ExceptionMatches(PyExc_OverflowError) != 0;
    PyErr_Clear();
    if (too_large) throw py::value_error(text(who, ": ", argument, " is too large, got ", described(value)));
  }
  throw py::type_error(text(who, ": ", argument, " must be a number, got ", described(value)));
}

bool truth(py::handle value) {
  const int holds = PyObject_IsTrue(value.ptr());
  if (holds < 0) throw py::error_already_set();
  return holds != 0;
}

std::string string(py::handle value, const char* who, const char* argument) {
  if (!PyUnicode_Check(value.ptr()))
    throw py::type_error(text(who, ": ", argument, " must be a string, got ", described(value)));
  return value.cast<std::string>();
}

}  // namespace recurra::bindings
