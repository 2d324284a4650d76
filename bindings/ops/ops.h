// What the bindings of the ops share: arguments become tensors here, and nowhere else.
//
// An op is bound as a function of Python objects: its binding turns them into tensors (operand) and numbers (integer,
// real, …) and hands the work to compute(). Functions of as many objects then share one instance of pybind11's code.
#pragma once

#include <utility>

#include "../arguments.h"

namespace recurra::bindings {

using Object = const py::object&;

// One function a family.
void register_operators(py::class_<Tensor>& tensor);
void register_arithmetic(py::module_& m);
void register_attention(py::module_& m);
void register_convolution(py::module_& m);
void register_layout(py::module_& m);
void register_memory(py::module_& m);
void register_neural(py::module_& m);
void register_normalization(py::module_& m);
void register_random(py::module_& m);
void register_reductions(py::module_& m);

/// The engine's tensor inside a Python object, or null.
const Tensor* tensor_in(py::handle value);

/// Whether `value` is something an op can compute with: a tensor, an array, a number or a sequence of them.
bool is_operand(py::handle value);

/// A tensor from an operand; TypeError for anything else.
Tensor operand(py::handle value);

/// A tensor from an operand; undefined for None.
Tensor optional_operand(py::handle value);

/// Two operands. A Python number takes the type of the other side: it never makes a float32 tensor float64, and a
/// fraction beside integers is a float32. An integer that int32 does not hold makes an int32 tensor int64.
std::pair<Tensor, Tensor> operands(py::handle a, py::handle b);

/// A Python number as a tensor of this type. ValueError for an integer that the type does not hold.
Tensor number_of_type(py::handle value, DType type, const char* who);

std::vector<Tensor> operand_list(py::handle values);

/// None: all axes; an integer; or a sequence of them.
std::vector<Index> axes_from_python(py::handle axes, const char* who);

/// Runs a computation on about so many elements; a large one without the interpreter lock, so that other Python threads
/// run meanwhile.
template <class F>
auto compute(double elements, const F& f) {
  constexpr double worth_unlocking = 1 << 14;
  if (elements < worth_unlocking) return f();
  const InterpreterUnlocked unlocked;
  return f();
}

}  // namespace recurra::bindings
