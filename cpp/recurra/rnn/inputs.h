// Checks of what a recurrent layer is given.
#pragma once

#include "recurra/rnn/cell_table.h"
#include "recurra/rnn/recurrent.h"

namespace recurra::rnn {

/// Units of the layer, and of its state 0, from the shapes of its weights.
struct Units {
  Index U, P;
  Index of_state(int state) const { return state == 0 ? P : U; }
};

/// Throws std::invalid_argument unless all inputs fit the cell, the options and each other.
Units check_inputs(const CellEntry& cell, const RecurrentInputs& in, const RecurrentOptions& options);

}  // namespace recurra::rnn
