// How a batch is cut for threads and caches: plain functions of sizes and of the number of threads.
//
// Letters: B batch.
#pragma once

#include "recurra/base/shape.h"

namespace recurra::rnn::plan {

/// Rows of a batch from which on groups are of most_rows, and fewer rows of a batch than which are halved.
inline constexpr Index large_batch = 1024, small_batch = 24, least_halved = 8;
inline constexpr Index most_rows = 64;           // of a chunk
inline constexpr Index usual_rows = 16;          // of a group
inline constexpr Index rows_for_large = 64;      // of a batch, from which on large weights are given even groups
inline constexpr Index team_rows = 16;           // of a batch for each thread, fewer than which are given to a team
inline constexpr double least_team_step = 5e5;   // operations of a step that take longer than a wait
inline constexpr Index private_cache = 1 << 18;  // bytes of weights that a core surely keeps beside its other data
inline constexpr Index second_cache = 1 << 21;   // and beyond which its own cache surely does not hold them
inline constexpr Index gradient_rows = 64, gradient_rows_of_wide = 128;  // of a block of weight gradients
inline constexpr Index wide = 128;                                       // units from which on blocks have more rows

struct Sizes {
  Index B = 0;
  Index weight_bytes = 0;  // of the recurrent kernel
  int threads = 1;
  bool training = false;
  bool skips = false;             // the recurrent products read earlier states too
  bool batch_statistics = false;  // sums are normalised over the rows of the batch,
  bool row_statistics = false;    // or over each row
};

struct Plan {
  Index group_rows = 1;  // whose gradients are summed together
  Index groups = 0;
  Index chunk_rows = 1;  // whole groups, which a task takes through the sequence
  Index chunks = 0;
  bool team = false;  // all threads take all rows together, each with units of its own
};

Plan make(const Sizes& sizes);

/// Rows whose gradients of weights are multiplied together.
Index block_rows(const Plan& plan, Index units);

}  // namespace recurra::rnn::plan
