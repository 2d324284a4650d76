// The vocabulary in which a recurrent cell is written. A cell says how many gates and states it has, which products its
// gates are made of, and the pointwise step with its adjoint; time, direction, masks, dropout, products, threads and
// backpropagation belong to the driver (sequence.h).
//
// A cell is a struct with
//   name, states, slots         states carried from step to step; sums ("slots") a unit needs: its gates before activation
//   input_block[slots]          which column block of the kernel feeds a slot, or none
//   recurrent_block[slots]      which column block of the recurrent kernel feeds it, or none
//   bias_rows                   1, or 2 when input and recurrent sums have biases of their own (rows of the bias)
//   stages[]                    steps of one time step; a later stage multiplies what the one before it made
//   forward<stage>(f, unit)     from sums and previous states to new states (or to the operand of the next stage)
//   backward<stage>(f, unit)    its adjoint
// Slots fed by x, and slots fed by the state, must each be neighbours within a stage.
//
// Letters: B batch, T time, F features, U units, L lanes of a vector.
#pragma once

#include "recurra/kernels/activation.h"

namespace recurra::rnn {

inline constexpr int none = -1;

/// The slots a stage computes: [first, first + count).
struct Stage {
  int first;
  int count;
};

/// The two selectable nonlinearities of a cell.
struct Functions {
  Activation activation = Activation::tanh;
  Activation recurrent = Activation::sigmoid;
};

/// The usual ones, known to the compiler: a cell's step is compiled for these and, once more, for any others.
struct StandardFunctions {
  static constexpr Activation activation = Activation::tanh;
  static constexpr Activation recurrent = Activation::sigmoid;
};

/// One vector of units of one row at one time step, going forward.
template <class T, int slots>
struct ForwardUnit {
  Vec<T> sum[slots];        // what the products gave, bias included
  const T* previous_state;  // state 0 one step ago; the next state is `state_stride` further
  T* next_state;
  T* saved;  // slots (and the operand of the next stage behind them) kept for the backward pass and later stages
  const T* recurrent_dropout;  // nullptr, or the scale of each unit of the state
  std::int64_t state_stride;

  Vec<T> previous(int state) const { return load(previous_state + state * state_stride); }
  /// The previous state 0 as the recurrent products see it: with recurrent dropout.
  Vec<T> dropped_previous() const { return recurrent_dropout ? previous(0) * load(recurrent_dropout) : previous(0); }
  void set_state(int state, Vec<T> value) const { store(next_state + state * state_stride, value); }
  void save(int slot, Vec<T> value) const {
    if (saved) store(saved + slot * lanes<T>, value);
  }
  Vec<T> kept(int slot) const { return load(saved + slot * lanes<T>); }
  /// What the recurrent product of the next stage multiplies.
  void set_operand(Vec<T> value) const { store(saved + slots * lanes<T>, value); }
};

/// The same going backward: gradients of the new states in, gradients of sums and previous states out.
template <class T, int slots>
struct BackwardUnit {
  const T* previous_state;
  const T* new_state;
  T* state_gradient;  // in: dL/d new state, out: the part of dL/d previous state that passes no product
  T* saved;           // in: what forward saved, out: gradients of the sums
  T* operand_gradient;  // later stage: dL/d operand it made; stage 0: more gradient of the dropped previous state
  const T* recurrent_dropout;
  std::int64_t state_stride;

  Vec<T> previous(int state) const { return load(previous_state + state * state_stride); }
  Vec<T> dropped_previous() const { return recurrent_dropout ? previous(0) * load(recurrent_dropout) : previous(0); }
  Vec<T> state(int state) const { return load(new_state + state * state_stride); }
  Vec<T> gradient(int state) const { return load(state_gradient + state * state_stride); }
  void set_previous_gradient(int state, Vec<T> value) const { store(state_gradient + state * state_stride, value); }
  Vec<T> kept(int slot) const { return load(saved + slot * lanes<T>); }
  void set_sum_gradient(int slot, Vec<T> value) const { store(saved + slot * lanes<T>, value); }
  Vec<T> gradient_of_operand() const { return load(operand_gradient); }
  void set_dropped_previous_gradient(Vec<T> value) const { store(operand_gradient, value); }
};

}  // namespace recurra::rnn
