// The rows of a batch that go through the sequence together, and what a thread needs to take them.
//
// Letters: B batch, P units of state 0.
#pragma once

#include <algorithm>
#include <vector>

#include "recurra/rnn/plan.h"
#include "recurra/rnn/sequence.h"
#include "recurra/rnn/step.h"

namespace recurra::rnn {

template <class T>
struct Chunk {
  Index first = 0, rows = 0;
  Share share;                      // of the units
  T* saved = nullptr;               // of the current segment
  T* states = nullptr;              // of the current segment
  Index held = 0;                   // how many steps' states there are; step t's stand at t % held
  std::vector<const T*> x, h;       // what the products of a step read, for each active row
  std::vector<Index> active;        // rows that are not masked at this step
  std::vector<Index> first_active;  // first step a row takes part in
  Buffer<T> x_dropped, h_dropped;
  Buffer<T> scale;    // recurrent dropout, laid out like a state
  Buffer<T> zoneout;  // shares, laid out like the states

  /// The threads of a team wait for each other.
  void wait() const {
    if (share.parts > 1) wait_for_team();
  }
};

/// How chunks of a sequence lie in memory, and how they are filled. All that is given is borrowed.
template <class T>
class Chunks {
 public:
  Chunks(const Sequence<T>& sequence, const CellLayout<T>& layout, const plan::Plan& plan);

  const Index rows;          // of a chunk
  const Index state_stride;  // numbers of one state of its rows
  const Index states_size;   // of all its states
  const Index saved_size;    // of what a step saves
  const Index longest;       // steps back that the recurrent product reads
  const bool copied;         // whether the recurrent product reads copies of the state's rows
  const bool zoned;          // whether there is zoneout

  Index width_of(int state) const { return state == 0 ? s_.P : s_.U; }

  Chunk<T> open(Index index, const Share& share) const;
  /// Finds the rows that take part in a step.
  void find_active(Chunk<T>& c, Index step) const {
    if (s_.mask) find_unmasked(c, step);
  }
  /// Loads what is drawn anew for each step: shares of zoneout, scales of dropout.
  void load_noise(Chunk<T>& c, Index step) const {
    if (s_.dropout_per_step || !s_.zoneout.empty()) load_noise_of_step(c, step);
  }
  void load_states(const Chunk<T>& c, const std::vector<const T*>& from, T* to) const;
  void store_states(const Chunk<T>& c, const T* from, const std::vector<T*>& to) const;
  /// Masked rows keep their states.
  void keep_masked(const Chunk<T>& c, Index step, const T* before, T* after) const {
    if (c.active.size() < static_cast<std::size_t>(c.rows)) copy_masked(c, step, before, after);
  }
  /// Whether a row's output at a step is zero: before its first step and, if asked, where it is masked.
  bool silent(const Chunk<T>& c, Index row, Index step) const {
    if (!s_.mask) return false;
    if (c.first_active[static_cast<std::size_t>(row)] > step) return true;
    return s_.zero_output_for_mask && s_.masked(c.first + row, step);
  }
  /// The states after so many steps.
  T* states_of(const Chunk<T>& c, Index step) const { return c.states + step % c.held * states_size; }

  /// What the input product reads of a row at a step: x, or a scaled copy in `scratch`.
  const T* input_row(const Chunk<T>& c, const T* x, Index row, Index step, T* scratch) const {
    const T* from = x + ((c.first + row) * s_.steps + s_.source_time(step)) * s_.F;
    if (!s_.input_dropout) return from;
    scale_row(from, s_.input_dropout + (c.first + row) * s_.F, s_.F, scratch);
    return scratch;
  }
  /// What the recurrent product reads: the state before, or a copy in `scratch` with dropout and earlier states.
  const T* recurrent_row(const Chunk<T>& c, Index row, Index step, const T* before, T* scratch) const {
    const T* state = before + row * layout_.stride;
    if (!copied) return state;
    copy_recurrent_row(c, row, step, state, scratch);
    return scratch;
  }
  static T* scratch_row(const Buffer<T>& rows, Index row, Index width) {
    return rows.size() > 0 ? rows.data() + row * width : nullptr;
  }

 private:
  void find_unmasked(Chunk<T>& c, Index step) const;
  void load_noise_of_step(Chunk<T>& c, Index step) const;
  void copy_masked(const Chunk<T>& c, Index step, const T* before, T* after) const;
  static void scale_row(const T* from, const T* scale, Index count, T* to);
  void copy_recurrent_row(const Chunk<T>& c, Index row, Index step, const T* state, T* to) const;

  const Sequence<T>& s_;
  const CellLayout<T>& layout_;
};

}  // namespace recurra::rnn
