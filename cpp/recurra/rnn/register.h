// The table of cells. A cell's file ends with one Registration; nothing else has to know it.
#pragma once

#include <memory>
#include <string>

#include "recurra/rnn/sequence.h"

namespace recurra::rnn {

/// What the engine knows about a cell at run time.
struct CellEntry {
  const char* name;
  int states;
  int blocks;     // column blocks of both kernels
  int bias_rows;  // rows of the bias; a bias of one row may have one axis
  std::unique_ptr<Runner<float>> (*run_float)(const Sequence<float>&);
  std::unique_ptr<Runner<double>> (*run_double)(const Sequence<double>&);

  template <class T>
  std::unique_ptr<Runner<T>> run(const Sequence<T>& sequence) const {
    if constexpr (std::is_same_v<T, float>) return run_float(sequence);
    else return run_double(sequence);
  }
};

void add_cell(const CellEntry& entry);
/// Throws std::invalid_argument, naming the known cells, for an unknown one.
const CellEntry& find_cell(const std::string& name);

template <class Cell>
struct Registration {
  Registration() {
    add_cell({Cell::name, Cell::states, CellLayout<Cell, float>::blocks, Cell::bias_rows, &make<float>, &make<double>});
  }

 private:
  template <class T>
  static std::unique_ptr<Runner<T>> make(const Sequence<T>& sequence) {
    return std::make_unique<Driver<Cell, T>>(sequence);
  }
};

}  // namespace recurra::rnn
