// Long short-term memory with the forget gate of its forms; Hochreiter & Schmidhuber 1997, Gers et al. 2000, Greff et
// al. 2015.
//
//   i, f, o = s(x_t W + h_{t-1} R + b)      g = a(x_t W_g + h_{t-1} R_g + b_g)
//   c_t = f c_{t-1} + i g                   h_t = o a(c_t)
//
// The forget gate is a gate of its own, coupled to the input gate (f = 1 - i), or none (f = 1, the form of 1997). With
// weight vectors p (peepholes; Gers & Schmidhuber 2000) i and f also see p c_{t-1}, and o sees p c_t. c_t stays within
// the unit's bound.
//
// With a projection (Sak et al. 2014) h_t = (o a(c_t)) V has P units.
//
// Order of gates, in slots and in the columns of both kernels: i, f, g, o; of peepholes: i, f, o; without f where it is
// no gate of its own. States: h, c.
#pragma once

#include "recurra/rnn/cell.h"

namespace recurra::rnn {

enum class Forget { gate, coupled, none };

template <Forget forget, bool projecting = false>
struct LstmStep {
  static constexpr bool own_gate = forget == Forget::gate;
  static constexpr int states = 2;
  static constexpr int gates = own_gate ? 4 : 3;
  static constexpr int slots = projecting ? gates + 1 : gates;
  static constexpr int bias_rows = 1;
  static constexpr int vectors = gates - 1;

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void forward(const F& fn, const Unit& unit) {
    const auto c_before = unit.previous(1);
    auto i_sum = unit.sum[I];
    if (unit.has_vectors()) i_sum = i_sum + unit.vector(0) * c_before;
    const auto i = activate(fn.recurrent, i_sum);
    auto f = i;
    if constexpr (own_gate) {
      auto f_sum = unit.sum[1];
      if (unit.has_vectors()) f_sum = f_sum + unit.vector(1) * c_before;
      f = activate(fn.recurrent, f_sum);
      unit.save(1, to_save(fn.recurrent, f_sum, f));
    }
    const auto g = activate(fn.activation, unit.sum[G]);
    const auto c = clipped(unclipped(i, f, g, c_before), unit.clip);
    auto o_sum = unit.sum[O];
    if (unit.has_vectors()) o_sum = o_sum + unit.vector(vectors - 1) * c;
    const auto o = activate(fn.recurrent, o_sum);
    unit.save(I, to_save(fn.recurrent, i_sum, i));
    unit.save(G, to_save(fn.activation, unit.sum[G], g));
    unit.save(O, to_save(fn.recurrent, o_sum, o));
    const auto h = o * activate(fn.activation, c);
    if constexpr (projecting) unit.set_operand(h);
    else unit.set_state(0, h);
    unit.set_state(1, c);
  }

  template <int stage, class F, class Unit>
  RECURRA_INLINE static void backward(const F& fn, const Unit& unit) {
    const auto i = value_of(fn.recurrent, unit.saved(I));
    const auto f = own_gate ? value_of(fn.recurrent, unit.saved(1)) : i;
    const auto g = value_of(fn.activation, unit.saved(G));
    const auto o = value_of(fn.recurrent, unit.saved(O));
    const auto c_before = unit.previous(1);
    const auto sum = unclipped(i, f, g, c_before);
    const auto c = clipped(sum, unit.clip);
    const auto squashed = activate(fn.activation, c);
    const auto dh = gradient_of_h(unit);
    const auto d_o = dh * squashed * slope_of(fn.recurrent, unit.saved(O));
    auto dc = unit.gradient(1) + dh * o * slope_of(fn.activation, to_save(fn.activation, c, squashed));
    if (unit.has_vectors()) {
      dc = dc + d_o * unit.vector(vectors - 1);
      unit.add_vector_gradient(vectors - 1, d_o * c);
    }
    dc = clipped_gradient(sum, unit.clip, dc);
    const auto to_i = forget == Forget::coupled ? g - c_before : g;
    const auto di = dc * to_i * slope_of(fn.recurrent, unit.saved(I));
    const auto dg = dc * i * slope_of(fn.activation, unit.saved(G));
    auto dc_before = forget == Forget::gate ? dc * f : forget == Forget::coupled ? dc - dc * i : dc;
    if (unit.has_vectors()) {
      dc_before = dc_before + di * unit.vector(0);
      unit.add_vector_gradient(0, di * c_before);
    }
    if constexpr (own_gate) {
      const auto df = dc * c_before * slope_of(fn.recurrent, unit.saved(1));
      if (unit.has_vectors()) {
        dc_before = dc_before + df * unit.vector(1);
        unit.add_vector_gradient(1, df * c_before);
      }
      unit.set_sum_gradient(1, df);
    }
    unit.set_sum_gradient(I, di);
    unit.set_sum_gradient(G, dg);
    unit.set_sum_gradient(O, d_o);
    if constexpr (!projecting) unit.set_previous_gradient(0, {});
    unit.set_previous_gradient(1, dc_before);
  }

 private:
  static constexpr int I = 0, G = gates - 2, O = gates - 1;

  template <class Unit>
  RECURRA_INLINE static auto gradient_of_h(const Unit& unit) {
    if constexpr (projecting) return unit.gradient_of_operand();
    else return unit.gradient(0);
  }

  // c_t before its bound; the same expression forward and backward, so that both have the same bits.
  template <class Value>
  RECURRA_INLINE static Value unclipped(const Value& i, const Value& f, const Value& g, const Value& c_before) {
    const auto entering = rounded_product(i, g);
    if constexpr (forget == Forget::gate) return f * c_before + entering;
    else if constexpr (forget == Forget::coupled) return c_before - i * c_before + entering;
    else return c_before + entering;
  }
};

}  // namespace recurra::rnn
