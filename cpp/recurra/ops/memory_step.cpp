// A whole step of a machine with a memory: what the heads do is one pass over each memory while it is in the cache.
#include "recurra/base/parallel.h"
#include "recurra/kernels/softmax.h"
#include "recurra/ops/memory.h"
#include "recurra/ops/memory_rows.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

constexpr const char* who = "memory_step";

template <class T, class F>
void map_row(const T* x, Index count, T* y, const F& f) {
  for (Index i = 0; i < count; i += lanes<T>)
    store_part(y + i, Vec<T>(f(load_part(x + i, count - i))), std::min<Index>(lanes<T>, count - i));
}

template <class T>
T softplus(T x) {
  return std::max(x, T(0)) + std::log1p(std::exp(-std::abs(x)));
}

// Where the parameters of one batch element stand, and their activations.
struct Layout {
  MemoryExtents x;
  Index reads;

  Index writes() const { return x.H - reads; }
  Index head_size() const { return x.M + x.S + 3; }
  Index size() const { return x.H * head_size() + writes() * 2 * x.M; }
  Index key(Index h) const { return h * head_size(); }
  Index strength(Index h) const { return key(h) + x.M; }
  Index gate(Index h) const { return strength(h) + 1; }
  Index shift(Index h) const { return gate(h) + 1; }
  Index sharpening(Index h) const { return shift(h) + x.S; }
  Index erase(Index write) const { return x.H * head_size() + write * 2 * x.M; }
  Index add(Index write) const { return erase(write) + x.M; }

  template <class T>
  void activate(const T* raw, T* out) const {
    const auto tanh = [](Vec<T> v) { return math::tanh<T>(v); };
    for (Index h = 0; h < x.H; ++h) {
      map_row(raw + key(h), x.M, out + key(h), tanh);
      out[strength(h)] = softplus(raw[strength(h)]);
      out[gate(h)] = T(1) / (T(1) + std::exp(-raw[gate(h)]));
      softmax_row(raw + shift(h), x.S, out + shift(h));
      out[sharpening(h)] = 1 + softplus(raw[sharpening(h)]);
    }
    for (Index w = 0; w < writes(); ++w) {
      map_row(raw + erase(w), x.M, out + erase(w), [](Vec<T> v) { return math::sigmoid<T>(v); });
      map_row(raw + add(w), x.M, out + add(w), tanh);
    }
  }

  /// Gradients of the activated parameters `y` become those of the parameters.
  template <class T>
  void activation_backward(const T* y, T* d) const {
    const auto tanh = [&](Index at) {
      for (Index i = at; i < at + x.M; ++i) d[i] *= 1 - y[i] * y[i];
    };
    for (Index h = 0; h < x.H; ++h) {
      tanh(key(h));
      d[strength(h)] *= -std::expm1(-y[strength(h)]);
      d[gate(h)] *= y[gate(h)] * (1 - y[gate(h)]);
      const T mean = row_product(y + shift(h), d + shift(h), x.S);
      for (Index i = shift(h); i < shift(h) + x.S; ++i) d[i] = y[i] * (d[i] - mean);
      d[sharpening(h)] *= -std::expm1(1 - y[sharpening(h)]);
    }
    for (Index w = 0; w < writes(); ++w) {
      for (Index i = erase(w); i < erase(w) + x.M; ++i) d[i] *= y[i] * (1 - y[i]);
      tanh(add(w));
    }
  }

  template <class T>
  MemoryHead<T> head(Index h, const T* y, const T* previous) const {
    return {y + key(h), y + shift(h), previous + h * x.N, y[strength(h)], y[gate(h)], y[sharpening(h)]};
  }
  template <class T>
  MemoryHeadGradients<T> head_gradients(Index h, T* d, T* dprevious) const {
    return {d + key(h), d + shift(h), dprevious + h * x.N, d + strength(h), d + gate(h), d + sharpening(h)};
  }
  template <class T>
  MemoryWrites<T> written(const T* y, const T* weights) const {
    return {writes(), weights + reads * x.N, y + erase(0), y + add(0), 2 * x.M};
  }
};

Layout check_operands(const Tensor& memory, const Tensor& parameters, const Tensor& previous, Index reads,
                      Index range) {
  check_rank(memory, 3, who, "memory");
  check_rank(previous, 3, who, "previous_weights");
  check_rank(parameters, 2, who, "parameters");
  check_same_dtype(memory, parameters, who);
  check_same_dtype(memory, previous, who);
  const MemoryExtents x{memory.shape(0), previous.shape(1), memory.shape(1), memory.shape(2), 0};
  check(x.M > 0 && x.N > 0, who, ": expected a memory (batch, width, slots) of at least one slot, got shape ",
        memory.shape());
  check(range >= 0 && range <= (x.N - 1) / 2, who, ": expected a shift_range of at most ", (x.N - 1) / 2,
        ", since a window of 2 shift_range + 1 must fit into the ", x.N, " slots of the memory, got ", range);
  const Layout layout{{x.B, x.H, x.M, x.N, 2 * range + 1}, reads};
  check(reads >= 0 && reads <= x.H, who, ": expected read_heads of at most the ", x.H,
        " heads of previous_weights, got ", reads);
  check(previous.shape() == Shape{x.B, x.H, x.N}, who, ": expected previous_weights (", x.B, ", heads, ", x.N,
        ") for a memory of shape ", memory.shape(), ", got shape ", previous.shape());
  check(parameters.shape() == Shape{x.B, layout.size()}, who, ": expected parameters of shape ",
        Shape{x.B, layout.size()}, ", got ", parameters.shape());
  return layout;
}

// What a step computes of its inputs, and keeps for its adjoint.
template <class T>
struct Step {
  const Layout& l;
  const T *memory, *parameters, *previous;
  T* kept;  // activated parameters and what addressing keeps, for each batch element; nullptr where nothing is kept

  static Index kept_size(const Layout& l) { return l.size() + MemoryAddressing<T>::kept_size(l.x); }

  void forward(T* read, T* weights, T* written) const {
    const MemoryExtents& x = l.x;
    parallel_for(x.B, x.operations(4), [&](Index b) {
      const Buffer<T> own(kept ? 0 : kept_size(l));
      T* const y = kept ? kept + b * kept_size(l) : own.data();
      l.activate(parameters + b * l.size(), y);
      const T* const slots = memory + b * x.cells();
      T* const w = weights + b * x.H * x.N;
      const MemoryAddressing<T> rows(x, slots, y + l.size());
      rows.measure();
      for (Index h = 0; h < x.H; ++h) rows.forward(h, l.head(h, y, previous + b * x.H * x.N), w + h * x.N);
      for (Index h = 0; h < l.reads; ++h)
        sum_over_slots<T>(x.M, x.N, w + h * x.N, slots, nullptr, read + (b * l.reads + h) * x.M);
      write_memory(x, slots, l.written<T>(y, w), written + b * x.cells());
    });
  }

  // Gradients of the outputs, nullptr where there is none, and of the inputs.
  struct Gradients {
    const T *read, *weights, *written;
    T *memory, *parameters, *previous;
  };

  void backward(const T* weights, const Gradients& g) const {
    const MemoryExtents& x = l.x;
    parallel_for(x.B, x.operations(7), [&](Index b) {
      T* const y = kept + b * kept_size(l);
      const T *const slots = memory + b * x.cells(), *const w = weights + b * x.H * x.N;
      const T* const dread = g.read ? g.read + b * l.reads * x.M : nullptr;
      const T* const dwritten = g.written ? g.written + b * x.cells() : nullptr;
      T* const d = g.parameters + b * l.size();
      std::fill_n(d, l.size(), T(0));
      const Buffer<T> dweights(x.H * x.N, T(0)), toward(x.H * x.N), pull(x.N, T(0));
      if (dread)
        for (Index h = 0; h < l.reads; ++h)
          sum_over_rows<T>(x.M, x.N, dread + h * x.M, slots, nullptr, dweights.data() + h * x.N);
      if (dwritten)
        write_memory_backward(x, slots, l.written<T>(y, w), dwritten, dweights.data() + l.reads * x.N, d + l.erase(0),
                              d + l.add(0));
      if (g.weights) add_multiple(dweights.data(), T(1), g.weights + b * x.H * x.N, x.H * x.N);
      const MemoryAddressing<T> rows(x, slots, y + l.size());
      for (Index h = 0; h < x.H; ++h)
        rows.backward(h, l.head(h, y, previous + b * x.H * x.N), w + h * x.N, dweights.data() + h * x.N,
                      l.head_gradients(h, d, g.previous + b * x.H * x.N), toward.data() + h * x.N, pull.data());
      memory_gradient<T>(x, slots, pull.data(), {x.H, y + l.key(0), toward.data(), l.head_size(), x.N},
                         {dread ? l.reads : 0, dread, w, x.M, x.N}, l.written<T>(y, w), dwritten,
                         g.memory + b * x.cells());
      l.activation_backward(y, d);
    });
  }
};

}  // namespace

std::array<Tensor, 3> memory_step(const Tensor& memory, const Tensor& parameters, const Tensor& previous,
                                  Index read_heads, Index shift_range) {
  const Layout l = check_operands(memory, parameters, previous, read_heads, shift_range);
  const Tensor read({l.x.B, l.reads, l.x.M}, memory.dtype());
  const Tensor weights = Tensor::empty_like(previous);
  const Tensor written = Tensor::empty_like(memory);
  const bool recorded = needs_recording({&memory, &parameters, &previous});
  Tensor kept;
  dispatch_float(memory.dtype(), who, [&]<class T>() {
    if (recorded) kept = Tensor({l.x.B, Step<T>::kept_size(l)}, memory.dtype());
    const Step<T> step{l, memory.data<T>(), parameters.data<T>(), previous.data<T>(),
                       recorded ? kept.data<T>() : nullptr};
    step.forward(read.data<T>(), weights.data<T>(), written.data<T>());
  });
  if (recorded)
    record(who, {memory, parameters, previous}, {read, weights, written},
           [l, kept, memory = memory.detach(), parameters = parameters.detach(), previous = previous.detach(),
            weights = weights.detach()](const BackwardPass& pass) {
             const Tensor dmemory = Tensor::empty_like(memory), dparameters = Tensor::empty_like(parameters);
             const Tensor dprevious = Tensor::empty_like(previous);
             dispatch_float(memory.dtype(), who, [&]<class T>() {
               const auto gradient = [&](int output) {
                 const Tensor& tensor = pass.output_gradient(output);
                 return tensor.defined() ? tensor.data<T>() : nullptr;
               };
               const Step<T> step{l, memory.data<T>(), parameters.data<T>(), previous.data<T>(), kept.data<T>()};
               step.backward(weights.data<T>(), {gradient(0), gradient(1), gradient(2), dmemory.data<T>(),
                                                 dparameters.data<T>(), dprevious.data<T>()});
             });
             if (pass.wants(0)) pass.add(0, dmemory);
             if (pass.wants(1)) pass.add(1, dparameters);
             if (pass.wants(2)) pass.add(2, dprevious);
           });
  return {read, weights, written};
}

}  // namespace recurra::ops
