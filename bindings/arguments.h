// Numbers given by Python: integers and floats of Python and NumPy, and tensors of one element. What fits none raises
// TypeError or ValueError naming the function and the argument.
#pragma once

#include <string>
#include <vector>

#include "bindings.h"

namespace recurra::bindings {

/// An integer of 64 bits. Truth values are none.
Index integer(py::handle value, const char* who, const char* argument);
/// One integer or a sequence of them.
std::vector<Index> integers(py::handle value, const char* who, const char* argument);
/// An integer or a float.
double real(py::handle value, const char* who, const char* argument);
/// The truth of anything that has one.
bool truth(py::handle value);
std::string string(py::handle value, const char* who, const char* argument);

}  // namespace recurra::bindings
