// The table of cells that the engine has.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "recurra/rnn/step_kernels.h"

namespace recurra::rnn {

struct CellEntry {
  CellShape shape;
  StepKernels<float> kernels_float;
  StepKernels<double> kernels_double;

  template <class T>
  const StepKernels<T>& kernels() const {
    if constexpr (std::is_same_v<T, float>) return kernels_float;
    else return kernels_double;
  }
};

void add_cell(const CellEntry& entry);
/// Throws std::invalid_argument, naming the known cells, for an unknown one.
const CellEntry& find_cell(const std::string& name);
/// Names of the registered cells, sorted.
std::vector<std::string> cell_names();

}  // namespace recurra::rnn
