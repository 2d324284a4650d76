// How functions of one operand are written: the function and its slope side by side.
#pragma once

#include <algorithm>
#include <type_traits>

#include "recurra/kernels/vec.h"
#include "recurra/ops/broadcast.h"
#include "recurra/ops/cast.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {

/// out[i] = f(x[i]); `cost` is operations an element.
template <class T, class F>
void apply(const Tensor& x, const Tensor& out, double cost, const F& f) {
  const T* in = x.data<T>();
  T* __restrict to = out.data<T>();
  parallel_blocks(x.size(), elementwise_block, cost * static_cast<double>(x.size()), [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) to[i] = static_cast<T>(f(in[i]));
  });
}

/// f'(x) may be had from x or from y = f(x); only that one is kept.
enum class From { input, output };

/// y = f(x), dx = g * slope(x or y).
template <class F, class Slope>
Tensor smooth(const char* name, const Tensor& given, double cost, From from, const F& f, const Slope& slope) {
  const Tensor x = cast(given, floating(given.dtype()));
  const Tensor out = Tensor::empty_like(x);
  dispatch_float(x.dtype(), name, [&]<class T>() { apply<T>(x, out, cost, f); });
  if (needs_recording({&x}))
    record(name, {x}, {out},
           [name, cost, slope, kept = (from == From::input ? x : out).detach()](const BackwardPass& pass) {
             const Tensor& g = pass.output_gradient();
             const Tensor dx = Tensor::empty_like(g);
             dispatch_float(g.dtype(), name, [&]<class T>() {
               const T* dy = g.data<T>();
               const T* v = kept.data<T>();
               T* __restrict to = dx.data<T>();
               parallel_blocks(g.size(), elementwise_block, cost * static_cast<double>(g.size()),
                               [&](Index begin, Index end) {
                                 for (Index i = begin; i < end; ++i) to[i] = dy[i] * slope(v[i]);
                               });
             });
             pass.add(0, dx);
           });
  return out;
}

/// The same for functions written on SIMD vectors: f and slope are called as f.template operator()<T>(Vec<T>).
template <class F, class Slope>
Tensor smooth_vector(const char* name, const Tensor& given, double cost, From from, const F& f, const Slope& slope) {
  const Tensor x = cast(given, floating(given.dtype()));
  const Tensor out = Tensor::empty_like(x);
  const auto for_vectors = [cost](Index size, auto lane_count, const auto& body) {
    constexpr Index width = decltype(lane_count)::value;
    parallel_blocks(size, elementwise_block, cost * static_cast<double>(size), [&](Index begin, Index end) {
      for (Index i = begin; i < end; i += width) body(i, std::min(width, end - i));
    });
  };
  dispatch_float(x.dtype(), name, [&]<class T>() {
    const T* in = x.data<T>();
    T* to = out.data<T>();
    for_vectors(x.size(), std::integral_constant<Index, lanes<T>>{}, [&](Index i, Index count) {
      store_part(to + i, f.template operator()<T>(load_part(in + i, count)), count);
    });
  });
  if (needs_recording({&x}))
    record(name, {x}, {out},
           [name, slope, for_vectors, kept = (from == From::input ? x : out).detach()](const BackwardPass& pass) {
             const Tensor& g = pass.output_gradient();
             const Tensor dx = Tensor::empty_like(g);
             dispatch_float(g.dtype(), name, [&]<class T>() {
               const T* dy = g.data<T>();
               const T* v = kept.data<T>();
               T* to = dx.data<T>();
               for_vectors(g.size(), std::integral_constant<Index, lanes<T>>{}, [&](Index i, Index count) {
                 const Vec<T> s = slope.template operator()<T>(load_part(v + i, count));
                 store_part(to + i, load_part(dy + i, count) * s, count);
               });
             });
             pass.add(0, dx);
           });
  return out;
}

}  // namespace recurra::ops
