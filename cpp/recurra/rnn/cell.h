// The vocabulary in which a recurrent cell is written. A cell says how many gates and states it has, which products its
// gates are made of, and the pointwise step with its adjoint; time, direction, masks, dropout, products, threads and
// backpropagation belong to the driver (driver.h).
//
// A cell is a struct with
//   name, states, slots         states carried from step to step; sums ("slots") a unit needs: its gates before
//   activation input_block[slots]          which column block of the kernel feeds a slot, or none
//   recurrent_block[slots]      which column block of the recurrent kernel feeds it, or none
//   bias_rows                   1, or 2 when input and recurrent sums have biases of their own (rows of the bias)
//   vectors                     weights of one number a unit, multiplied element by element (0 if left out)
//   needs_vectors               whether it cannot do without them (false if left out)
//   stages[]                    steps of one time step; a later stage multiplies what the one before it made
//   forward<stage>(f, unit)     from sums and previous states to new states (or to the operand of the next stage)
//   backward<stage>(f, unit)    its adjoint
// Slots fed by x, and slots fed by the state, must each be neighbours within a stage. A cell of one stage may have no
// slot fed by the state; it has no recurrent kernel then. A slot in no stage is memory of a unit from one stage to
// another.
//
// A cell may be `normalised` (normal.h): then the input sums of all stages, and the recurrent sums of each, are
// normalised before they are multiplied by gains. These are weight vectors: first one for each recurrent column block,
// last one for each of the input's. A stage of such a cell may also normalise its operand as it is; that gain follows
// those of the recurrent blocks.
//
// The last stage may project: its one slot, which no kernel feeds, is the operand of the stage before times the
// projection, (U, P), and makes state 0, which has P units then. The recurrent product of the first stage is of depth
// P.
//
// Letters: B batch, T time, F features, U units, P units of state 0, L lanes of a vector.
#pragma once

#include "recurra/kernels/pack.h"
#include "recurra/rnn/cell_shape.h"
#include "recurra/rnn/functions.h"

namespace recurra::rnn {

/// x within [-bound, bound]; a bound of 0 is none.
template <class T, int width>
RECURRA_INLINE Pack<T, width> clipped(const Pack<T, width>& x, T bound) {
  if (bound == 0) return x;
  return Pack<T, width>::made([&](auto i) __attribute__((always_inline)) {
    return max<T>(min<T>(x.part[i], broadcast(bound)), broadcast(-bound));
  });
}

/// Its adjoint: the gradient where x was within the bound, zero elsewhere.
template <class T, int width>
RECURRA_INLINE Pack<T, width> clipped_gradient(const Pack<T, width>& x, T bound, const Pack<T, width>& gradient) {
  if (bound == 0) return gradient;
  return Pack<T, width>::made([&](auto i) __attribute__((always_inline)) {
    return ((x.part[i] <= bound) & (x.part[i] >= -bound)) ? gradient.part[i] : Vec<T>{};
  });
}

/// One vector of units of a row at one time step, for `width` rows at once, going forward through one stage.
template <class T, int slots, int stage, int width>
struct ForwardUnit {
  using Value = Pack<T, width>;

  // Pointers to one row's vector. Several states, and slots, of it follow each other at a fixed distance.
  struct Place {
    const T* previous_state;
    T* next_state;
    T* saved;  // slots (and the operands of later stages behind them), for backward and for later stages
    const T* recurrent_dropout;  // nullptr, or the scale of each unit of the state
    const T* zoneout;            // nullptr, or the share of the previous state that stays; one for each state
    const T* vectors;            // nullptr, or the weight vectors, one behind the other
  };

  Value sum[slots];  // what the products gave, bias included
  Place place[width];
  std::int64_t state_stride;
  T clip;  // bound of the cell state, 0 for none

  Value previous(int state) const {
    return Value::made([&](auto i) { return load(place[i].previous_state + state * state_stride); });
  }
  /// The previous state 0 as the recurrent products see it: with recurrent dropout.
  Value dropped_previous() const {
    if (!place[0].recurrent_dropout) return previous(0);
    return Value::made([&](auto i) { return load(place[i].previous_state) * load(place[i].recurrent_dropout); });
  }
  void set_state(int state, const Value& value) const {
    if (place[0].zoneout) {
      const auto share = Value::made([&](auto i) { return load(place[i].zoneout + state * state_stride); });
      store_state(state, (value - share * value) + share * previous(state));  // exactly one of them for 0 and 1
    } else {
      store_state(state, value);
    }
  }
  void save(int slot, const Value& value) const {
    if (place[0].saved) unroll<width>([&](auto i) { store(place[i].saved + slot * lanes<T>, value.part[i]); });
  }
  Value saved(int slot) const {
    return Value::made([&](auto i) { return load(place[i].saved + slot * lanes<T>); });
  }
  /// What the recurrent product of the next stage multiplies.
  void set_operand(const Value& value) const { save(slots + stage, value); }
  bool has_vectors() const { return place[0].vectors; }
  Value vector(int number) const {
    return Value::made([&](auto i) { return load(place[i].vectors + number * lanes<T>); });
  }

 private:
  void store_state(int state, const Value& value) const {
    unroll<width>([&](auto i) { store(place[i].next_state + state * state_stride, value.part[i]); });
  }
};

/// The same going backward: gradients of the new states in, gradients of sums and previous states out. Each state's
/// gradient is read before set_previous_gradient replaces it, in one stage only.
template <class T, int slots, int stage, int width>
struct BackwardUnit {
  using Value = Pack<T, width>;

  struct Place {
    const T* previous_state;
    T* state_gradient;    // in: dL/d new state, out: the part of dL/d previous state that passes no product
    T* saved;             // in: what forward saved, out: gradients of the sums
    T* operand_gradient;  // dL/d operand made in this stage; stage 0, out: more gradient of the dropped previous state
    const T* recurrent_dropout;
    const T* zoneout;
    const T* vectors;
    T* vector_gradients;  // sums over rows and steps
  };

  Place place[width];
  std::int64_t state_stride;
  T clip;

  Value previous(int state) const {
    return Value::made([&](auto i) { return load(place[i].previous_state + state * state_stride); });
  }
  Value dropped_previous() const {
    if (!place[0].recurrent_dropout) return previous(0);
    return Value::made([&](auto i) { return load(place[i].previous_state) * load(place[i].recurrent_dropout); });
  }
  /// Gradient of what forward gave set_state.
  Value gradient(int state) const {
    const Value d = carried(state);
    return place[0].zoneout ? d - share(state) * d : d;
  }
  void set_previous_gradient(int state, const Value& value) const {
    store_gradient(state, place[0].zoneout ? value + share(state) * carried(state) : value);
  }
  /// A gradient of the dropped previous state 0 as one of the state itself.
  Value through_dropout(const Value& value) const {
    if (!place[0].recurrent_dropout) return value;
    return Value::made([&](auto i) { return value.part[i] * load(place[i].recurrent_dropout); });
  }
  /// For a later call (an earlier stage) that has more of it.
  void add_previous_gradient(int state, const Value& value) const { store_gradient(state, carried(state) + value); }
  Value saved(int slot) const {
    return Value::made([&](auto i) { return load(place[i].saved + slot * lanes<T>); });
  }
  void set_sum_gradient(int slot, const Value& value) const {
    unroll<width>([&](auto i) { store(place[i].saved + slot * lanes<T>, value.part[i]); });
  }
  Value gradient_of_operand() const {
    return Value::made([&](auto i) { return load(place[i].operand_gradient); });
  }
  /// To be called in stage 0 of a cell of several stages.
  void set_dropped_previous_gradient(const Value& value) const {
    unroll<width>([&](auto i) { store(place[i].operand_gradient, value.part[i]); });
  }
  bool has_vectors() const { return place[0].vectors; }
  Value vector(int number) const {
    return Value::made([&](auto i) { return load(place[i].vectors + number * lanes<T>); });
  }
  void add_vector_gradient(int number, const Value& value) const {
    unroll<width>([&](auto i) {
      T* sum = place[i].vector_gradients + number * lanes<T>;
      store(sum, load(sum) + value.part[i]);
    });
  }

 private:
  Value carried(int state) const {
    return Value::made([&](auto i) { return load(place[i].state_gradient + state * state_stride); });
  }
  Value share(int state) const {
    return Value::made([&](auto i) { return load(place[i].zoneout + state * state_stride); });
  }
  void store_gradient(int state, const Value& value) const {
    unroll<width>([&](auto i) { store(place[i].state_gradient + state * state_stride, value.part[i]); });
  }
};

}  // namespace recurra::rnn
