// What the bindings of the ops share: arguments become tensors here, and nowhere else.
#pragma once

#include <utility>

#include "bindings.h"

namespace recurra::bindings {

// One function a family.
void register_operators(py::class_<Tensor>& tensor);
void register_arithmetic(py::module_& m);
void register_reductions(py::module_& m);
void register_layout(py::module_& m);
void register_neural(py::module_& m);

/// The engine's tensor inside a Python object, or null.
const Tensor* tensor_in(py::handle value);

/// Whether `value` is something an op can compute with: a tensor, an array, a number or a sequence of them.
bool is_operand(py::handle value);

/// A tensor from an operand; TypeError for anything else.
Tensor operand(py::handle value);

/// Two operands. A Python number takes the type of the other side: it never makes a float32 tensor float64, and a
/// fraction beside integers is a float32.
std::pair<Tensor, Tensor> operands(py::handle a, py::handle b);

std::vector<Tensor> operand_list(py::handle values);

/// None: all axes; an integer; or a sequence of them.
std::vector<Index> axes_from_python(const py::object& axes);

/// Runs a computation; a large one without the interpreter lock, so that other Python threads run meanwhile.
template <class F>
auto compute(Index elements, const F& f) {
  constexpr Index worth_unlocking = 1 << 14;
  if (elements < worth_unlocking) return f();
  const py::gil_scoped_release unlocked;
  return f();
}

}  // namespace recurra::bindings
