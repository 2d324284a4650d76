// The two selectable nonlinearities of a cell, and which of them the compiler knows.
#pragma once

#include "recurra/kernels/activation.h"

namespace recurra::rnn {

struct Functions {
  Activation activation = Activation::tanh;
  Activation recurrent = Activation::sigmoid;
};

/// A cell's step is compiled for the usual functions, with tanh and with relu, and once more for any others.
enum FunctionForm : int { usual_tanh, usual_relu, any_functions, function_forms };

constexpr FunctionForm form_of(const Functions& functions) {
  if (functions.recurrent != Activation::sigmoid) return any_functions;
  if (functions.activation == Activation::tanh) return usual_tanh;
  return functions.activation == Activation::relu ? usual_relu : any_functions;
}

}  // namespace recurra::rnn
