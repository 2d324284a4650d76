// The one sequence driver of all recurrent cells: time, direction, masks, dropout, products, threads, backpropagation.
//
// Rows of a batch are independent, so a batch is cut into chunks of rows, and one task takes its chunk through the
// whole sequence with no barrier on the way. Weight gradients are summed over groups of rows whose bounds depend on the
// shape alone, then group by group in a fixed order; hence the same bits for any number of threads. A chunk is one
// group; where the weights are too large for a core's own cache it is several, as many as still feed all threads, since
// every step of a chunk reads the weights once (plan.h).
//
// Where the weights are large and the rows few, one chunk has all rows, and a team of threads goes through it together,
// each with a share of the units: it waits for the others before it reads what they made.
//
// A step (step.h) saves what backward needs per unit side by side; backward replaces it by the gradients of the sums,
// from which dh, dX and the weight gradients are products again. The last are taken over blocks of a few time steps,
// while these are in the cache.
//
// With checkpointing only the states at the borders of segments are saved, and each segment is run again before it is
// passed backward: memory grows with the square root of T (Chen et al., "Training deep nets with sublinear memory
// cost", 2016).
//
// Where the input is rows of a table that nobody has read yet, steps look their sums up (table_rows.h).
//
// Letters: B batch, T time, F features, U units, P units of state 0, L lanes, J vectors of units.
#pragma once

#include "recurra/rnn/chunk.h"
#include "recurra/rnn/statistics.h"
#include "recurra/rnn/table_rows.h"
#include "recurra/rnn/weight_gradients.h"

namespace recurra::rnn {

/// A cell's work on one sequence. What the sequence points to is borrowed.
template <class T>
class Driver {
 public:
  Driver(const CellEntry& cell, const Sequence<T>& sequence);
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// Elements a training pass needs in the two areas given to use().
  Index saved_size() const;
  Index states_size() const;
  void use(T* saved, T* states) {
    saved_ = saved;
    states_ = states;
  }
  Pass forward();
  /// After forward() was called: the weights as its products read them, for other drivers.
  std::shared_ptr<const void> packed_weights() const { return step_.layout.packed_weights(); }
  /// Once only: it overwrites what forward saved. `g` is read until the end of the pass.
  Pass backward(const SequenceGradients<T>& g);
  /// After backward() of a layer over a table: adds to the gradient (N, F) of the table.
  void add_table_gradient(T* dtable) const { table_.add_gradient(dtable); }
  /// After the same: the gradient (B, T, F) of the rows themselves.
  void input_gradient(T* dx) const;

 private:
  static constexpr int L = lanes<T>;

  // Memory of a chunk that all its threads use.
  struct ForwardScratch {
    explicit ForwardScratch(const Driver& d);
    const Buffer<T> states, saved;
  };
  struct BackwardScratch {
    explicit BackwardScratch(const Driver& d);
    // `carry`: gradients of the states; `earlier`: of states 0 before the previous one, that of the states after t
    // steps at t % longest.
    const Buffer<T> carry, operand, earlier, states, saved;
  };

  template <class Scratch, class Body>
  Pass for_chunks(double work, const Body& body) const;
  double operations() const;
  bool saves_all() const { return s_.training && s_.segment == s_.steps; }
  void use_saved(Chunk<T>& c, Index index) const;
  T* border(Index index, Index segment) const {
    return states_ + (index * (segments_ + 1) + segment) * chunks_.states_size;
  }

  void forward_chunk(Index index, const Share& share, const ForwardScratch& scratch) const;
  void forward_step(Chunk<T>& c, Index step, const T* before, T* after, T* saved) const;
  void emit(const Chunk<T>& c, Index step, const T* states, T* y, Index stride) const;

  void backward_chunk(Index index, const Share& share, const BackwardScratch& scratch, const SequenceGradients<T>& g,
                      T* partials) const;
  void restore_segment(Chunk<T>& c, Index index, Index segment, Index begin, Index end,
                       const BackwardScratch& scratch) const;
  void absorb(const Chunk<T>& c, const SequenceGradients<T>& g, Index step, T* carry) const;
  BackwardRows<T> backward_rows(const Chunk<T>& c, const BackwardScratch& scratch, T* partial) const;
  void backward_step(const Chunk<T>& c, Index step, BackwardRows<T>& rows, T* earlier) const;
  void state_product(const Chunk<T>& c, int stage, const T* saved, Index tap, T* to, const T* operand) const;
  void normal_gradient(const Chunk<T>& c, int stage, Index step, T* saved, T* operand, T* vector_gradients) const;
  void input_gradient(const Chunk<T>& c, Index step, const T* saved, T* dx) const;
  GradientProduct<T> gradient_product(const Chunk<T>& c, const T* saved, int slot) const;
  GatheredRows<T> open_block() const;
  void gather(const Chunk<T>& c, std::vector<GatheredRows<T>>& blocks, Index step, const T* before,
              const T* saved) const;
  void sum_gradients(const SequenceGradients<T>& g);

  const Sequence<T> s_;
  Step<T> step_;
  const plan::Plan plan_;
  const Chunks<T> chunks_;
  const Index segments_;
  const WeightGradients<T> weight_gradients_;
  const StepStatistics<T> statistics_;
  TableRows<T> table_;
  const T* x_;
  bool by_table_;
  T* saved_ = nullptr;
  T* states_ = nullptr;
  Buffer<T> partial_;  // sums of the weights' gradients, for each group
};

}  // namespace recurra::rnn
