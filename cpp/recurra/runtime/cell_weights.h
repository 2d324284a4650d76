// The weights of a described cell as the engine takes them.
#pragma once

#include "recurra/rnn/cell_table.h"
#include "recurra/runtime/stage.h"

namespace recurra::runtime {

template <class T>
struct CellWeights {
  Buffer<T> kernel, recurrent_kernel, bias, vectors, projection, projection_bias;
};

/// Sizes of a cell: features of what it reads, units, the width of its output, rows of its recurrent kernel.
struct CellSizes {
  Index features, units, width, depth;
};

/// The weights below `path` of the cell with the settings `cell`, which is `entry` in the engine's table.
template <class T>
CellWeights<T> cell_weights(const Build<T>& build, const Description& cell, const std::string& path,
                            const rnn::CellEntry& entry, const CellSizes& sizes);

/// Adds the stage in front of a cell that reads more than the step's input: the window of a QRNN, the completed
/// measurements of a GRU-D. Returns the features of what the cell reads.
template <class T>
Index add_front(const Build<T>& build, const Description& cell, const std::string& path);

}  // namespace recurra::runtime
