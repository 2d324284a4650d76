// The memory of one batch element: addressing, reading and writing it, and their adjoints. See memory.h for the
// equations and letters.
#pragma once

#include <algorithm>
#include <cmath>

#include "recurra/base/buffer.h"
#include "recurra/kernels/logarithm.h"
#include "recurra/kernels/math.h"
#include "recurra/ops/memory_sums.h"

namespace recurra::ops {

struct MemoryExtents {
  Index B, H, M, N, S;
  Index range() const { return (S - 1) / 2; }
  Index cells() const { return M * N; }
  /// Floating-point operations of a pass in which each head meets the memory so many times.
  double operations(double times) const {
    return static_cast<double>(B * H) * (times * static_cast<double>(2 * M * N) + 80.0 * static_cast<double>(N));
  }
};

/// What one head addresses with, and its gradients.
template <class T>
struct MemoryHead {
  const T *key, *shift, *previous;
  T strength, gate, sharpening;
};
template <class T>
struct MemoryHeadGradients {
  T *key, *shift, *previous;
  T *strength, *gate, *sharpening;
};

/// Addressing one memory. What forward() of each head keeps is what backward() needs.
template <class T>
class MemoryAddressing {
  // Added to the squared lengths of keys and slots, which may be zero.
  static constexpr T least_square = static_cast<T>(1e-16);
  // Added to weights before their logarithm.
  static constexpr T least_weight = static_cast<T>(1e-12);

 public:
  static Index kept_size(const MemoryExtents& x) { return (1 + 3 * x.H) * padded<T>(x.N); }

  MemoryAddressing(const MemoryExtents& x, const T* memory, T* kept)
      : x_(x), memory_(memory), row_(padded<T>(x.N)), kept_(kept), scratch_(3 * (row_ + 2 * x.range()), T(0)) {}

  /// To be called once before the heads' forward().
  void measure() const {
    sum_over_rows<T>(x_.M, x_.N, nullptr, memory_, memory_, kept_);
    for (Index n = 0; n < row_; n += lanes<T>) {
      const Vec<T> square = n + lanes<T> <= x_.N ? load(kept_ + n) : load_part(kept_ + n, x_.N - n);
      store(kept_ + n, 1 / square_root<T>(square + least_square));
    }
  }

  void forward(Index h, const MemoryHead<T>& head, T* weights) const {
    T *const cosine = kept(h, 0), *const content = kept(h, 1), *const logarithm = kept(h, 2);
    const T inverse = inverse_length(head.key);
    sum_over_rows<T>(x_.M, x_.N, head.key, memory_, nullptr, cosine);
    for (Index n = 0; n < row_; n += lanes<T>) store(cosine + n, load(cosine + n) * load(kept_ + n) * inverse);
    softmax(cosine, head.strength, content);
    T *const gated = scratch(0), *const shifted = scratch(1);
    mix_and_shift(head, content, gated, shifted);
    for (Index n = 0; n < row_; n += lanes<T>) store(logarithm + n, math::log<T>(load(shifted + n)));
    softmax(logarithm, head.sharpening, shifted);
    std::copy_n(shifted, x_.N, weights);
  }

  /// Sets the gradients of a head, and `toward`: that of the memory is key toward, less the memory times `pull`, to
  /// which the part of this head is added.
  void backward(Index h, const MemoryHead<T>& head, const T* weights, const T* dweights,
                const MemoryHeadGradients<T>& to, T* toward, T* pull) const {
    const Index N = x_.N;
    const T *const cosine = kept(h, 0), *const content = kept(h, 1), *const logarithm = kept(h, 2);
    T *const gated = scratch(0), *const shifted = scratch(1), *const dshifted = scratch(2);
    mix_and_shift(head, content, gated, shifted);
    const T mean = row_product(weights, dweights, N);
    T* const d = toward;
    for (Index n = 0; n < N; ++n) d[n] = weights[n] * (dweights[n] - mean);
    *to.sharpening = row_product(d, logarithm, N);
    for (Index n = 0; n < N; ++n) dshifted[n] = head.sharpening * d[n] / shifted[n];
    wrap(dshifted);
    std::fill_n(d, N, T(0));
    for (Index j = 0; j < x_.S; ++j) {
      to.shift[j] = row_product(dshifted, gated + x_.range() - j, N);
      add_multiple(d, head.shift[j], dshifted - x_.range() + j, N);
    }
    const T along_content = row_product(d, content, N);
    *to.gate = along_content - row_product(d, head.previous, N);
    for (Index n = 0; n < N; ++n) {
      to.previous[n] = (1 - head.gate) * d[n];
      d[n] = head.gate * content[n] * (d[n] - along_content);
    }
    *to.strength = row_product(d, cosine, N);
    // cos = key m / (|key| |m|): along the other vector, less what changes a length only.
    const T inverse = inverse_length(head.key);
    for (Index n = 0; n < N; ++n) {
      const T slope = head.strength * d[n] * kept_[n];
      pull[n] += slope * cosine[n] * kept_[n];
      d[n] = slope * inverse;
    }
    sum_over_slots<T>(x_.M, N, d, memory_, nullptr, to.key);
    add_multiple(to.key, -head.strength * *to.strength * inverse * inverse, head.key, x_.M);
  }

 private:
  T* kept(Index h, Index number) const { return kept_ + (1 + 3 * h + number) * row_; }
  T* scratch(Index number) const { return scratch_.data() + number * (row_ + 2 * x_.range()) + x_.range(); }
  T inverse_length(const T* key) const { return T(1) / std::sqrt(row_product(key, key, x_.M) + least_square); }

  void wrap(T* row) const {
    for (Index i = 0; i < x_.range(); ++i) {
      row[i - x_.range()] = row[x_.N - x_.range() + i];
      row[x_.N + i] = row[i];
    }
  }

  void mix_and_shift(const MemoryHead<T>& head, const T* content, T* gated, T* shifted) const {
    for (Index n = 0; n < x_.N; ++n) gated[n] = head.gate * content[n] + (1 - head.gate) * head.previous[n];
    wrap(gated);
    std::fill_n(shifted, x_.N, least_weight);
    for (Index j = 0; j < x_.S; ++j) add_multiple(shifted, head.shift[j], gated + x_.range() - j, x_.N);
  }

  // y = softmax(factor x), both whole vectors long.
  void softmax(const T* x, T factor, T* y) const {
    T top = factor * x[0];
#pragma omp simd reduction(max : top)
    for (Index n = 0; n < x_.N; ++n) top = std::max(top, factor * x[n]);
    for (Index n = 0; n < row_; n += lanes<T>) store(y + n, math::exp<T>(load(x + n) * factor - top));
    T sum = 0;
#pragma omp simd reduction(+ : sum)
    for (Index n = 0; n < x_.N; ++n) sum += y[n];
    const T scale = T(1) / sum;
    for (Index n = 0; n < x_.N; ++n) y[n] *= scale;
  }

  const MemoryExtents& x_;
  const T* const memory_;
  const Index row_;
  T* const kept_;  // 1 / |m|, then of each head the cosine, the content's weights and ln s
  const Buffer<T> scratch_;
};

/// What write heads write with: weights (H, N), erase and add vectors of head h from h * stride on.
template <class T>
struct MemoryWrites {
  Index heads;
  const T *weights, *erase, *add;
  Index stride;
};

/// out (M, N)
template <class T>
void write_memory(const MemoryExtents& x, const T* memory, const MemoryWrites<T>& writes, T* out) {
  for (Index m = 0; m < x.M; ++m)
    for_blocks<T>(x.N, [&](Index n, auto vectors, auto part) __attribute__((always_inline)) {
      Vec<T> slots[vectors], added[vectors]{};
      unroll<vectors>([&](auto v) { slots[v] = part.get(memory + m * x.N + n + v * lanes<T>); });
      for (Index h = 0; h < writes.heads; ++h) {
        const Vec<T> erase = broadcast(writes.erase[h * writes.stride + m]);
        const Vec<T> add = broadcast(writes.add[h * writes.stride + m]);
        unroll<vectors>([&](auto v) __attribute__((always_inline)) {
          const Vec<T> w = part.get(writes.weights + h * x.N + n + v * lanes<T>);
          slots[v] -= slots[v] * (w * erase);
          added[v] += w * add;
        });
      }
      unroll<vectors>([&](auto v) { part.put(out + m * x.N + n + v * lanes<T>, slots[v] + added[v]); });
    });
}

/// cells (M, N) *= what one head leaves of them
template <class T>
void erase_from(const MemoryExtents& x, const MemoryWrites<T>& writes, Index h, T* cells) {
  for (Index m = 0; m < x.M; ++m) {
    const T* const w = writes.weights + h * x.N;
    const T erase = writes.erase[h * writes.stride + m];
#pragma omp simd
    for (Index n = 0; n < x.N; ++n) cells[m * x.N + n] *= 1 - w[n] * erase;
  }
}

/// Sets the gradients of the weights (H, N) and, at the writes' stride, of erase and add.
template <class T>
void write_memory_backward(const MemoryExtents& x, const T* memory, const MemoryWrites<T>& writes, const T* dout,
                           T* dweights, T* derase, T* dadd) {
  const Buffer<T> others(writes.heads > 1 ? x.cells() : 0), negative(x.M), lost(padded<T>(x.N));
  for (Index h = 0; h < writes.heads; ++h) {
    const T* const w = writes.weights + h * x.N;
    const T *const erase = writes.erase + h * writes.stride, *const add = writes.add + h * writes.stride;
    // What the other heads leave of the memory.
    const T* kept = memory;
    if (writes.heads > 1) {
      std::copy_n(memory, x.cells(), others.data());
      for (Index other = 0; other < writes.heads; ++other)
        if (other != h) erase_from(x, writes, other, others.data());
      kept = others.data();
    }
    T* const dw = dweights + h * x.N;
    sum_over_rows<T>(x.M, x.N, erase, dout, kept, lost.data());
    sum_over_rows<T>(x.M, x.N, add, dout, nullptr, dw);
    for (Index n = 0; n < x.N; ++n) dw[n] -= lost[n];
    sum_over_slots<T>(x.M, x.N, w, dout, nullptr, dadd + h * writes.stride);
    T* const de = derase + h * writes.stride;
    sum_over_slots<T>(x.M, x.N, w, dout, kept, de);
    for (Index m = 0; m < x.M; ++m) de[m] = -de[m];
  }
}

/// Columns of M numbers, each `step` behind the one before, times rows of N numbers, `row_step` apart.
template <class T>
struct OuterProducts {
  Index heads = 0;
  const T *columns = nullptr, *rows = nullptr;
  Index step = 0, row_step = 0;
};

/// dmemory (M, N) = dout times what `writes` leave, if there are any, + products - memory times `pull`, if given.
template <class T>
void memory_gradient(const MemoryExtents& x, const T* memory, const T* pull, const OuterProducts<T>& keys,
                     const OuterProducts<T>& reads, const MemoryWrites<T>& writes, const T* dout, T* dmemory) {
  for (Index m = 0; m < x.M; ++m)
    for_blocks<T>(x.N, [&](Index n, auto vectors, auto part) __attribute__((always_inline)) {
      Vec<T> d[vectors]{};
      const auto get = [&](const T* row, auto v)
                           __attribute__((always_inline)) { return part.get(row + n + v * lanes<T>); };
      if (dout) {
        unroll<vectors>([&](auto v) __attribute__((always_inline)) { d[v] = get(dout + m * x.N, v); });
        for (Index h = 0; h < writes.heads; ++h) {
          const Vec<T> erase = broadcast(writes.erase[h * writes.stride + m]);
          unroll<vectors>([&](auto v) __attribute__((always_inline)) {
            d[v] -= d[v] * (get(writes.weights + h * x.N, v) * erase);
          });
        }
      }
      for (const OuterProducts<T>* each : {&keys, &reads})
        for (Index h = 0; h < each->heads; ++h) {
          const Vec<T> column = broadcast(each->columns[h * each->step + m]);
          unroll<vectors>(
              [&](auto v) __attribute__((always_inline)) { d[v] += get(each->rows + h * each->row_step, v) * column; });
        }
      if (pull)
        unroll<vectors>([&](auto v)
                            __attribute__((always_inline)) { d[v] -= get(memory + m * x.N, v) * get(pull, v); });
      unroll<vectors>([&](auto v)
                          __attribute__((always_inline)) { part.put(dmemory + m * x.N + n + v * lanes<T>, d[v]); });
    });
}

}  // namespace recurra::ops
