// A few vectors that take the same steps. A chain of dependent operations leaves the processor waiting for each result;
// the same step on independent vectors, one after another, fills the wait.
#pragma once

#include "recurra/kernels/activation.h"

namespace recurra {

/// `width` vectors of T; arithmetic and activations go vector by vector, step by step.
template <class T, int width>
struct Pack {
  Vec<T> part[width];

  template <class F>
  RECURRA_INLINE static Pack made(F&& f) {
    Pack out;
    unroll<width>([&](auto i) __attribute__((always_inline)) { out.part[i] = f(i); });
    return out;
  }
};

#define RECURRA_PACK_OPERATOR(op)                                                                               \
  template <class T, int width>                                                                                 \
  RECURRA_INLINE Pack<T, width> operator op(const Pack<T, width>& a, const Pack<T, width>& b) {                 \
    return Pack<T, width>::made([&](auto i) __attribute__((always_inline)) { return a.part[i] op b.part[i]; }); \
  }
RECURRA_PACK_OPERATOR(+)
RECURRA_PACK_OPERATOR(-)
RECURRA_PACK_OPERATOR(*)
#undef RECURRA_PACK_OPERATOR

/// a * b rounded by itself. In a * b + c * d the compiler may fuse either product with the sum; naming the one that is
/// not fused gives the same bits wherever the expression is compiled.
template <class T, int width>
RECURRA_INLINE Pack<T, width> rounded_product(const Pack<T, width>& a, const Pack<T, width>& b) {
  return Pack<T, width>::made([&](auto i)
                                  __attribute__((always_inline)) { return in_register(a.part[i] * b.part[i]); });
}

template <class T, int width>
RECURRA_INLINE Pack<T, width> operator-(T a, const Pack<T, width>& b) {
  return Pack<T, width>::made([&](auto i) __attribute__((always_inline)) { return a - b.part[i]; });
}

template <class T, int width>
RECURRA_INLINE Pack<T, width> activate(Activation kind, const Pack<T, width>& x) {
  return Pack<T, width>::made([&](auto i) __attribute__((always_inline)) { return activate<T>(kind, x.part[i]); });
}

/// What a forward pass saves of x and y = activate(kind, x); see kernels/activation.h.
template <class T, int width>
RECURRA_INLINE Pack<T, width> to_save(Activation kind, const Pack<T, width>& x, const Pack<T, width>& y) {
  return slope_needs_input(kind) ? x : y;
}

template <class T, int width>
RECURRA_INLINE Pack<T, width> value_of(Activation kind, const Pack<T, width>& saved) {
  return slope_needs_input(kind) ? activate(kind, saved) : saved;
}

template <class T, int width>
RECURRA_INLINE Pack<T, width> slope_of(Activation kind, const Pack<T, width>& saved) {
  return Pack<T, width>::made([&](auto i) __attribute__((always_inline)) { return slope_of<T>(kind, saved.part[i]); });
}

/// An activation that only run time knows. Its value and slope are called: to compile every function of the table into
/// every place that may need one takes more room than all else in a cell.
struct ChosenActivation {
  Activation kind;
};

template <class T, int width>
[[gnu::noinline]] void call_activate(Activation kind, const Pack<T, width>& x, Pack<T, width>& y) {
  y = activate(kind, x);
}

template <class T, int width>
[[gnu::noinline]] void call_slope_of(Activation kind, const Pack<T, width>& saved, Pack<T, width>& slope) {
  slope = slope_of(kind, saved);
}

template <class T, int width>
RECURRA_INLINE Pack<T, width> activate(ChosenActivation f, const Pack<T, width>& x) {
  Pack<T, width> y;
  call_activate(f.kind, x, y);
  return y;
}

template <class T, int width>
RECURRA_INLINE Pack<T, width> to_save(ChosenActivation f, const Pack<T, width>& x, const Pack<T, width>& y) {
  return to_save(f.kind, x, y);
}

template <class T, int width>
RECURRA_INLINE Pack<T, width> value_of(ChosenActivation f, const Pack<T, width>& saved) {
  return slope_needs_input(f.kind) ? activate(f, saved) : saved;
}

template <class T, int width>
RECURRA_INLINE Pack<T, width> slope_of(ChosenActivation f, const Pack<T, width>& saved) {
  Pack<T, width> slope;
  call_slope_of(f.kind, saved, slope);
  return slope;
}

}  // namespace recurra
