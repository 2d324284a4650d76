#include "recurra/ops/memory.h"

#include "recurra/base/parallel.h"
#include "recurra/ops/memory_rows.h"
#include "recurra/tensor/tape.h"

namespace recurra::ops {
namespace {

// The extents of a memory and of weights over its slots.
MemoryExtents check_memory(const Tensor& memory, const Tensor& weights, const char* who, const char* what) {
  check_rank(memory, 3, who, "memory");
  check_rank(weights, 3, who, what);
  const MemoryExtents x{memory.shape(0), weights.shape(1), memory.shape(1), memory.shape(2), 1};
  check(x.M > 0 && x.N > 0, who, ": expected a memory (batch, width, slots) of at least one slot, got shape ",
        memory.shape());
  check(weights.shape(0) == x.B && weights.shape(2) == x.N, who, ": expected ", what, " (", x.B, ", heads, ", x.N,
        ") for a memory of shape ", memory.shape(), ", got shape ", weights.shape());
  check_same_dtype(memory, weights, who);
  return x;
}

void check_shape(const Tensor& tensor, const Shape& shape, const Tensor& memory, const char* who, const char* what) {
  check(tensor.shape() == shape, who, ": expected ", what, " of shape ", shape, ", got ", tensor.shape());
  check_same_dtype(memory, tensor, who);
}

// Operands of addressing.
struct Addressed {
  Tensor memory, key, strength, gate, shift, sharpening, previous;

  std::vector<Tensor> list() const { return {memory, key, strength, gate, shift, sharpening, previous}; }
  Addressed detached() const {
    return {memory.detach(), key.detach(),        strength.detach(), gate.detach(),
            shift.detach(),  sharpening.detach(), previous.detach()};
  }
  Addressed alike() const {
    const auto like = [](const Tensor& tensor) { return Tensor::empty_like(tensor); };
    return {like(memory), like(key), like(strength), like(gate), like(shift), like(sharpening), like(previous)};
  }

  template <class T>
  const T* memory_of(const MemoryExtents& x, Index b) const {
    return memory.data<T>() + b * x.cells();
  }
  template <class T>
  MemoryHead<T> head(const MemoryExtents& x, Index row) const {
    return {key.data<T>() + row * x.M, shift.data<T>() + row * x.S, previous.data<T>() + row * x.N,
            strength.data<T>()[row],   gate.data<T>()[row],         sharpening.data<T>()[row]};
  }
  template <class T>
  MemoryHeadGradients<T> gradients(const MemoryExtents& x, Index row) const {
    return {key.data<T>() + row * x.M, shift.data<T>() + row * x.S, previous.data<T>() + row * x.N,
            strength.data<T>() + row,  gate.data<T>() + row,        sharpening.data<T>() + row};
  }
};

constexpr const char* addressing = "memory_addressing";
constexpr const char* reading = "memory_read";
constexpr const char* writing = "memory_write";

Addressed addressing_gradients(const MemoryExtents& x, const Addressed& in, const Tensor& weights, const Tensor& kept,
                               const Tensor& dy) {
  const Addressed to = in.alike();
  dispatch_float(dy.dtype(), addressing, [&]<class T>() {
    parallel_for(x.B, x.operations(3), [&](Index b) {
      const T* const slots = in.memory_of<T>(x, b);
      const MemoryAddressing<T> rows(x, slots, kept.data<T>() + b * MemoryAddressing<T>::kept_size(x));
      const Buffer<T> toward(x.H * x.N), pull(x.N, T(0));
      for (Index h = 0; h < x.H; ++h) {
        const Index row = b * x.H + h;
        rows.backward(h, in.head<T>(x, row), weights.data<T>() + row * x.N, dy.data<T>() + row * x.N,
                      to.gradients<T>(x, row), toward.data() + h * x.N, pull.data());
      }
      const OuterProducts<T> keys{x.H, in.key.data<T>() + b * x.H * x.M, toward.data(), x.M, x.N};
      memory_gradient<T>(x, slots, pull.data(), keys, {}, {}, nullptr, to.memory.data<T>() + b * x.cells());
    });
  });
  return to;
}

void add_wanted(const BackwardPass& pass, const std::vector<Tensor>& gradients) {
  for (int i = 0; i < static_cast<int>(gradients.size()); ++i)
    if (pass.wants(i)) pass.add(i, gradients[static_cast<std::size_t>(i)]);
}

}  // namespace

Tensor memory_addressing(const Tensor& memory, const Tensor& key, const Tensor& strength, const Tensor& gate,
                         const Tensor& shift, const Tensor& sharpening, const Tensor& previous) {
  MemoryExtents x = check_memory(memory, previous, addressing, "previous_weights");
  check_shape(key, {x.B, x.H, x.M}, memory, addressing, "key");
  check_shape(strength, {x.B, x.H}, memory, addressing, "strength");
  check_shape(gate, {x.B, x.H}, memory, addressing, "gate");
  check_shape(sharpening, {x.B, x.H}, memory, addressing, "sharpening");
  check_rank(shift, 3, addressing, "shift");
  x.S = shift.shape(2);
  check_shape(shift, {x.B, x.H, x.S}, memory, addressing, "shift");
  check(x.S % 2 == 1, addressing, ": expected an odd number of shifts, got ", x.S);
  check(x.S <= x.N, addressing, ": expected a shift window of at most the ", x.N, " slots of the memory, got ", x.S,
        " shifts; make the memory larger or the window smaller");
  const Addressed in{memory, key, strength, gate, shift, sharpening, previous};
  const bool recorded = needs_recording(in.list());
  const Tensor weights = Tensor::empty_like(previous);
  Tensor kept;
  dispatch_float(memory.dtype(), addressing, [&]<class T>() {
    const Index size = MemoryAddressing<T>::kept_size(x);
    if (recorded) kept = Tensor({x.B, size}, memory.dtype());
    parallel_for(x.B, x.operations(2), [&](Index b) {
      const Buffer<T> own(recorded ? 0 : size);
      const MemoryAddressing<T> rows(x, in.memory_of<T>(x, b), recorded ? kept.data<T>() + b * size : own.data());
      rows.measure();
      for (Index h = 0; h < x.H; ++h)
        rows.forward(h, in.head<T>(x, b * x.H + h), weights.data<T>() + (b * x.H + h) * x.N);
    });
  });
  if (recorded)
    record(addressing, in.list(), {weights},
           [x, kept, in = in.detached(), weights = weights.detach()](const BackwardPass& pass) {
             add_wanted(pass, addressing_gradients(x, in, weights, kept, pass.output_gradient()).list());
           });
  return weights;
}

Tensor memory_read(const Tensor& memory, const Tensor& weights) {
  const MemoryExtents x = check_memory(memory, weights, reading, "weights");
  const Tensor out({x.B, x.H, x.M}, memory.dtype());
  dispatch_float(memory.dtype(), reading, [&]<class T>() {
    parallel_for(x.B, x.operations(1), [&](Index b) {
      for (Index row = b * x.H; row < (b + 1) * x.H; ++row)
        sum_over_slots<T>(x.M, x.N, weights.data<T>() + row * x.N, memory.data<T>() + b * x.cells(), nullptr,
                          out.data<T>() + row * x.M);
    });
  });
  if (needs_recording({&memory, &weights}))
    record(reading, {memory, weights}, {out},
           [x, memory = memory.detach(), weights = weights.detach()](const BackwardPass& pass) {
             const Tensor& dy = pass.output_gradient();
             const Tensor dmemory = Tensor::empty_like(memory), dweights = Tensor::empty_like(weights);
             dispatch_float(dy.dtype(), reading, [&]<class T>() {
               parallel_for(x.B, x.operations(2), [&](Index b) {
                 const T* const slots = memory.data<T>() + b * x.cells();
                 for (Index row = b * x.H; row < (b + 1) * x.H; ++row)
                   sum_over_rows<T>(x.M, x.N, dy.data<T>() + row * x.M, slots, nullptr, dweights.data<T>() + row * x.N);
                 const OuterProducts<T> reads{x.H, dy.data<T>() + b * x.H * x.M, weights.data<T>() + b * x.H * x.N, x.M,
                                              x.N};
                 memory_gradient<T>(x, slots, nullptr, {}, reads, {}, nullptr, dmemory.data<T>() + b * x.cells());
               });
             });
             add_wanted(pass, {dmemory, dweights});
           });
  return out;
}

Tensor memory_write(const Tensor& memory, const Tensor& weights, const Tensor& erase, const Tensor& add) {
  const MemoryExtents x = check_memory(memory, weights, writing, "weights");
  check(x.H > 0, writing, ": expected weights of at least one head, got shape ", weights.shape());
  check_shape(erase, {x.B, x.H, x.M}, memory, writing, "erase");
  check_shape(add, {x.B, x.H, x.M}, memory, writing, "add");
  const Tensor out = Tensor::empty_like(memory);
  const auto writes = [x]<class T>(const Tensor& w, const Tensor& e, const Tensor& a, Index b, T*) {
    const Index at = b * x.H * x.M;
    return MemoryWrites<T>{x.H, w.data<T>() + b * x.H * x.N, e.data<T>() + at, a.data<T>() + at, x.M};
  };
  dispatch_float(memory.dtype(), writing, [&]<class T>() {
    T* const to = out.data<T>();
    parallel_for(x.B, x.operations(2), [&](Index b) {
      const Index at = b * x.cells();
      write_memory(x, memory.data<T>() + at, writes(weights, erase, add, b, to), to + at);
    });
  });
  if (needs_recording({&memory, &weights, &erase, &add}))
    record(writing, {memory, weights, erase, add}, {out},
           [x, writes, memory = memory.detach(), weights = weights.detach(), erase = erase.detach(),
            add = add.detach()](const BackwardPass& pass) {
             const Tensor& dy = pass.output_gradient();
             const Tensor dmemory = Tensor::empty_like(memory), dweights = Tensor::empty_like(weights);
             const Tensor derase = Tensor::empty_like(erase), dadd = Tensor::empty_like(add);
             dispatch_float(dy.dtype(), writing, [&]<class T>() {
               T* const to = dmemory.data<T>();
               parallel_for(x.B, x.operations(5), [&](Index b) {
                 const Index at = b * x.cells(), vectors = b * x.H * x.M;
                 const MemoryWrites<T> made = writes(weights, erase, add, b, to);
                 write_memory_backward(x, memory.data<T>() + at, made, dy.data<T>() + at,
                                       dweights.data<T>() + b * x.H * x.N, derase.data<T>() + vectors,
                                       dadd.data<T>() + vectors);
                 memory_gradient<T>(x, nullptr, nullptr, {}, {}, made, dy.data<T>() + at, to + at);
               });
             });
             add_wanted(pass, {dmemory, dweights, derase, dadd});
           });
  return out;
}

}  // namespace recurra::ops
