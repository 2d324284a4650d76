// What a described recurrent cell is in the engine.
#pragma once

#include "recurra/rnn/stepper.h"
#include "recurra/runtime/stage.h"

namespace recurra::runtime {

template <class T>
struct Cell {
  std::unique_ptr<rnn::Stepper<T>> stepper;
  std::vector<Index> widths;  // units of each state; state 0 is the output
  double operations;          // of a row's step
};

/// The class of a cell, or of the layer around it, without "Cell".
std::string cell_kind(const Description& cell);

/// Whether the class, or the class of the cell that a layer is made around, is among those below.
bool is_known_cell(const Description& cell);

/// Refuses settings of later versions, of a cell or of the layer around it.
void know_cell_settings(const Description& cell);

/// Units of the output of a cell or of the layer around it.
Index output_width(const Description& cell);

/// The cell that has the settings `cell`, its weights below `path`; in front of it are added the stages that make of a
/// step's input what the cell reads. Throws std::invalid_argument for a cell that is not known.
template <class T>
Cell<T> make_cell(const Build<T>& build, const Description& cell, const std::string& path);

/// The same for LinearRNN, and for LRU.
template <class T>
Cell<T> make_linear_cell(const Build<T>& build, const Description& cell, const std::string& path);
template <class T>
Cell<T> make_lru_cell(const Build<T>& build, const Description& cell, const std::string& path);

/// The shares of each state that stay, or none if all are 0.
template <class T>
std::vector<T> zoneout_rates(const Description& cell, std::size_t states);

}  // namespace recurra::runtime
