// The table of cells. A cell's file ends with one Registration; nothing else has to know it.
#pragma once

#include <memory>
#include <string>

#include "recurra/rnn/sequence.h"
#include "recurra/rnn/stepper.h"

namespace recurra::rnn {

/// How the engine makes what runs a cell, for one element type.
template <class T>
struct CellMakers {
  std::unique_ptr<Runner<T>> (*runner)(const Sequence<T>&);
  std::unique_ptr<Stepper<T>> (*stepper)(const StepperOptions<T>&);
};

/// What the engine knows about a cell at run time.
struct CellEntry {
  const char* name;
  int states;
  int input_blocks;      // column blocks of the kernel
  int recurrent_blocks;  // and of the recurrent kernel
  int bias_rows;         // rows of the bias; a bias of one row may have one axis
  int vectors;           // weights of one number a unit
  bool needs_vectors;    // whether it cannot do without
  bool projects;         // whether state 0 is a projection
  int normal_blocks;     // column blocks of sums that are normalised
  CellMakers<float> makers_float;
  CellMakers<double> makers_double;

  template <class T>
  const CellMakers<T>& makers() const {
    if constexpr (std::is_same_v<T, float>) return makers_float;
    else return makers_double;
  }
};

void add_cell(const CellEntry& entry);
/// Throws std::invalid_argument, naming the known cells, for an unknown one.
const CellEntry& find_cell(const std::string& name);

template <class Cell>
struct Registration {
  Registration() {
    using Layout = CellLayout<Cell, float>;
    add_cell({Cell::name, Cell::states, Layout::input_blocks, Layout::recurrent_blocks, Cell::bias_rows,
              Layout::vectors, needs_vectors<Cell>, projects<Cell>, Layout::normal_count, makers<float>(),
              makers<double>()});
  }

 private:
  template <class T>
  static CellMakers<T> makers() {
    return {[](const Sequence<T>& sequence) -> std::unique_ptr<Runner<T>> {
              return std::make_unique<Driver<Cell, T>>(sequence);
            },
            [](const StepperOptions<T>& options) -> std::unique_ptr<Stepper<T>> {
              return std::make_unique<CellStepper<Cell, T>>(options);
            }};
  }
};

}  // namespace recurra::rnn
