// The vocabulary in which a recurrent cell is written. A cell says how many gates and states it has, which products its
// gates are made of, and the pointwise step with its adjoint; time, direction, masks, dropout, products, threads and
// backpropagation belong to the driver (sequence.h).
//
// A cell is a struct with
//   name, states, slots         states carried from step to step; sums ("slots") a unit needs: its gates before
//   activation input_block[slots]          which column block of the kernel feeds a slot, or none
//   recurrent_block[slots]      which column block of the recurrent kernel feeds it, or none
//   bias_rows                   1, or 2 when input and recurrent sums have biases of their own (rows of the bias)
//   stages[]                    steps of one time step; a later stage multiplies what the one before it made
//   forward<stage>(f, unit)     from sums and previous states to new states (or to the operand of the next stage)
//   backward<stage>(f, unit)    its adjoint
// Slots fed by x, and slots fed by the state, must each be neighbours within a stage.
//
// Letters: B batch, T time, F features, U units, L lanes of a vector.
#pragma once

#include "recurra/kernels/pack.h"

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

/// One vector of units of a row at one time step, for `width` rows at once, going forward.
template <class T, int slots, int width>
struct ForwardUnit {
  using Value = Pack<T, width>;

  // Where one row's vector lies. Several states, and slots, of it follow each other at a fixed distance.
  struct Place {
    const T* previous_state;
    T* next_state;
    T* saved;  // slots (and the operand of the next stage behind them) kept for backward and for later stages
    const T* recurrent_dropout;  // nullptr, or the scale of each unit of the state
  };

  Value sum[slots];  // what the products gave, bias included
  Place place[width];
  std::int64_t state_stride;

  Value previous(int state) const {
    return Value::made([&](auto i) { return load(place[i].previous_state + state * state_stride); });
  }
  /// The previous state 0 as the recurrent products see it: with recurrent dropout.
  Value dropped_previous() const {
    if (!place[0].recurrent_dropout) return previous(0);
    return Value::made([&](auto i) { return load(place[i].previous_state) * load(place[i].recurrent_dropout); });
  }
  void set_state(int state, const Value& value) const {
    unroll<width>([&](auto i) { store(place[i].next_state + state * state_stride, value.part[i]); });
  }
  void save(int slot, const Value& value) const {
    if (place[0].saved) unroll<width>([&](auto i) { store(place[i].saved + slot * lanes<T>, value.part[i]); });
  }
  Value kept(int slot) const {
    return Value::made([&](auto i) { return load(place[i].saved + slot * lanes<T>); });
  }
  /// What the recurrent product of the next stage multiplies.
  void set_operand(const Value& value) const { save(slots, value); }
};

/// The same going backward: gradients of the new states in, gradients of sums and previous states out.
template <class T, int slots, int width>
struct BackwardUnit {
  using Value = Pack<T, width>;

  struct Place {
    const T* previous_state;
    const T* new_state;
    T* state_gradient;    // in: dL/d new state, out: the part of dL/d previous state that passes no product
    T* saved;             // in: what forward saved, out: gradients of the sums
    T* operand_gradient;  // later stage: dL/d operand it made; stage 0: more gradient of the dropped previous state
    const T* recurrent_dropout;
  };

  Place place[width];
  std::int64_t state_stride;

  Value previous(int state) const {
    return Value::made([&](auto i) { return load(place[i].previous_state + state * state_stride); });
  }
  Value dropped_previous() const {
    if (!place[0].recurrent_dropout) return previous(0);
    return Value::made([&](auto i) { return load(place[i].previous_state) * load(place[i].recurrent_dropout); });
  }
  Value state(int state) const {
    return Value::made([&](auto i) { return load(place[i].new_state + state * state_stride); });
  }
  Value gradient(int state) const {
    return Value::made([&](auto i) { return load(place[i].state_gradient + state * state_stride); });
  }
  void set_previous_gradient(int state, const Value& value) const {
    unroll<width>([&](auto i) { store(place[i].state_gradient + state * state_stride, value.part[i]); });
  }
  Value kept(int slot) const {
    return Value::made([&](auto i) { return load(place[i].saved + slot * lanes<T>); });
  }
  void set_sum_gradient(int slot, const Value& value) const {
    unroll<width>([&](auto i) { store(place[i].saved + slot * lanes<T>, value.part[i]); });
  }
  Value gradient_of_operand() const {
    return Value::made([&](auto i) { return load(place[i].operand_gradient); });
  }
  void set_dropped_previous_gradient(const Value& value) const {
    unroll<width>([&](auto i) { store(place[i].operand_gradient, value.part[i]); });
  }
};

}  // namespace recurra::rnn
