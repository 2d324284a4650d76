// How a cell enters the table: its file in cells/ ends with one Registration, and nothing else has to know it.
#pragma once

#include "recurra/rnn/cell_table.h"
#include "recurra/rnn/units.h"

namespace recurra::rnn {

template <class Cell>
struct Registration {
  Registration() { add_cell({shape_of<Cell>, kernels_of<Cell, float>(), kernels_of<Cell, double>()}); }
};

}  // namespace recurra::rnn
