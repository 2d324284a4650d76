// What is compiled for each cell: the pointwise part of a step and its adjoint, for some rows and a group of vectors of
// units. The driver calls it through the table `StepKernels`.
//
// Letters: U units, L lanes.
#pragma once

#include <array>

#include "recurra/base/shape.h"
#include "recurra/rnn/cell_shape.h"
#include "recurra/rnn/functions.h"
#include "recurra/rnn/products.h"

namespace recurra::rnn {

/// The rows of one call of a cell's forward part. States lie as [state][row][padded units], what is saved as CellLayout
/// says, for `capacity` rows each.
template <class T>
struct ForwardRows {
  Index count = 0;
  const Index* place = nullptr;  // where each stands among `capacity` rows
  Index j = 0;                   // the first vector of units
  int group = 1;                 // and how many
  const T* sums = nullptr;       // [row][vector of units][slot of the stage][lane]
  Index capacity = 0, padded_units = 0;
  const T* before = nullptr;  // states
  T* after = nullptr;
  T* saved = nullptr;                    // nullptr where nothing is saved
  const T* recurrent_dropout = nullptr;  // nullptr, or scales laid out like state 0
  const T* zoneout = nullptr;            // nullptr, or shares laid out like the states
  const T* vectors = nullptr;            // nullptr, or the weight vectors of the first vector of units
  T clip = 0;                            // bound of the cell state, 0 for none
};

/// The same of its adjoint.
template <class T>
struct BackwardRows {
  Index count = 0;
  const Index* place = nullptr;
  Index j = 0;
  int group = 1;
  Index capacity = 0, padded_units = 0;
  const T* before = nullptr;
  T* carry = nullptr;  // gradients of the states, laid out like them
  T* saved = nullptr;
  T* operand = nullptr;  // gradient of the operand of the next stage, laid out like a state; in cells of several stages
  const T* recurrent_dropout = nullptr;
  const T* zoneout = nullptr;
  const T* vectors = nullptr;
  T* vector_gradients = nullptr;  // of the first group of rows, and the first vector of units
  Index group_rows = 1;           // rows whose gradients are summed together,
  Index gradient_size = 0;        // so far from the next ones
  T clip = 0;
};

/// A stage of a cell, compiled. Its functions come in three forms: for the usual ones, with tanh and with relu, and for
/// any others.
template <class T>
struct StageKernels {
  std::array<StepProductFunction<T>, gemm::panel_vectors> product{};      // of a group of 1, 2, … vectors of units
  StepProductFunction<T> input_sums = nullptr, recurrent_sums = nullptr;  // of a normalised cell: one without the other
  std::array<void (*)(const Functions&, const ForwardRows<T>&), function_forms> forward{};
  std::array<void (*)(const Functions&, const BackwardRows<T>&), function_forms> backward{};
};

template <class T>
using StepKernels = std::array<StageKernels<T>, CellShape::most_stages>;

}  // namespace recurra::rnn
