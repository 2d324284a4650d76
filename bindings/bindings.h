// What the binding files share: registration, and the conversion of arguments, shapes and arrays.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "interpreter_lock.h"
#include "recurra/tensor/tensor.h"

namespace py = pybind11;

namespace recurra::bindings {

// One function for each part of the engine.
void register_config(py::module_& m);
void register_data(py::module_& m);
void register_ops(py::module_& m);
void register_optim(py::module_& m);
void register_rnn(py::module_& m);
void register_runtime(py::module_& m);
void register_tensor(py::module_& m);
void register_text(py::module_& m);

/// The engine works without the interpreter lock: other Python threads run meanwhile.
using Unlocked = py::call_guard<InterpreterUnlocked>;

/// float32 for "float32", np.float32, np.dtype("f4"), …; ValueError for what the engine does not have.
DType dtype_from_python(const py::object& dtype);

/// The elements of an array, borrowed where type and layout fit, else converted once. Python numbers and sequences
/// become float32 (int32 for whole numbers, int64 where they need it, bool for truth values), as in Keras; `dtype` may
/// ask for another type.
Tensor tensor_from_python(const py::object& value, const py::object& dtype = py::none());

/// A NumPy view of the elements; it keeps them alive. Read-only where the elements are.
py::array array_from_tensor(const Tensor& tensor, bool writeable = true);

/// An argument that is a tensor or None, which makes it undefined. (pybind11 takes None for a null pointer too, after a
/// search that lasts longer than most short operations.)
class OptionalTensor : public Tensor {
 public:
  OptionalTensor() = default;
  explicit OptionalTensor(const Tensor& tensor) : Tensor(tensor) {}
};

/// Shape from any Python sequence of integers, or from one integer; `who` names the function in the error.
Shape shape_from_python(const py::object& shape, const char* who);
py::tuple shape_to_python(const Shape& shape);

}  // namespace recurra::bindings

namespace pybind11::detail {

template <>
struct type_caster<recurra::bindings::OptionalTensor> {
  PYBIND11_TYPE_CASTER(recurra::bindings::OptionalTensor, make_caster<recurra::Tensor>::name | const_name("None"));

  bool load(handle source, bool convert) {
    if (source.is_none()) return true;
    make_caster<recurra::Tensor> tensor;
    if (!tensor.load(source, convert)) return false;
    value = recurra::bindings::OptionalTensor(cast_op<const recurra::Tensor&>(tensor));
    return true;
  }
};

}  // namespace pybind11::detail
