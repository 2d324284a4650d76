#include "recurra/ops/embedding_conv.h"

#include <algorithm>

#include "recurra/kernels/gemm.h"
#include "recurra/ops/activated.h"
#include "recurra/ops/row_reduction.h"

namespace recurra::ops {
namespace {

constexpr Index row_block = 96;      // rows of the table that are multiplied together
constexpr Index output_block = 256;  // outputs that one task adds up

// What looking one number of a product up costs, in multiply-adds: it comes from the second or third cache.
constexpr double lookup_cost = 16;

// Rows [begin, end) of those in use, side by side.
template <class T>
void gather(const Tensor& table, const std::int32_t* row, Index count, T* out) {
  const Index features = table.shape(1);
  for (Index i = 0; i < count; ++i) std::copy_n(table.data<T>() + row[i] * features, features, out + i * features);
}

// The kernel (K, F, O) as a matrix (F, K, O), the last axis padded with zeros.
template <class T>
Buffer<T> features_first(const T* kernel, Index K, Index F, Index O) {
  const Index width = padded<T>(O);
  Buffer<T> out(F * K * width, T(0));
  for (Index k = 0; k < K; ++k)
    for (Index f = 0; f < F; ++f) std::copy_n(kernel + (k * F + f) * O, O, &out[(f * K + k) * width]);
  return out;
}

}  // namespace

std::shared_ptr<const EmbeddingConvolution> EmbeddingConvolution::plan(const Tensor& x, const Tensor& kernel,
                                                                       const Window& window) {
  const RowsOfTable* source = rows_of_table(x);
  if (!source || x.rank() != 3) return nullptr;
  const Index outputs = x.shape(0) * window.output;
  const auto direct = static_cast<double>(outputs) * static_cast<double>(x.shape(2));
  const double lookups = lookup_cost * static_cast<double>(outputs);
  if (lookups >= direct || direct * static_cast<double>(kernel.shape(0) * kernel.shape(2)) < parallel_threshold ||
      !Occurrences::worth_counting(source->rows.size(), source->table.shape(0)))
    return nullptr;
  const std::shared_ptr<const EmbeddingConvolution> made(new EmbeddingConvolution(*source, kernel, window));
  return static_cast<double>(made->found_.used * x.shape(2)) + lookups < direct ? made : nullptr;
}

EmbeddingConvolution::EmbeddingConvolution(const RowsOfTable& source, const Tensor& kernel, const Window& window)
    : rows_(source.rows),
      table_(source.table),
      window_(window),
      batch_(source.rows.shape(0)),
      features_(kernel.shape(1)),
      filters_(kernel.shape(2)),
      found_(source.rows, source.table.shape(0)) {}

template <class T>
void EmbeddingConvolution::forward(const Tensor& kernel, const Tensor& bias, Activation activation, const Tensor& y,
                                   const Tensor& kept) const {
  const Index K = window_.size;
  const Index F = features_;
  const Index O = filters_;
  const Index width = padded<T>(O);
  const Index columns = K * width;
  const Buffer<T> products(found_.used * columns);
  {
    const Buffer<T> turned = features_first(kernel.data<T>(), K, F, O);
    const Buffer<T> packed(gemm::packed_size<T>(F, columns));
    gemm::pack(turned.data(), columns, 1, F, columns, packed.data());
    parallel_blocks(found_.used, row_block, 2.0 * static_cast<double>(found_.used * F * columns),
                    [&](Index begin, Index end) {
                      const Buffer<T> block(row_block * F);
                      gather(table_, found_.row.data() + begin, end - begin, block.data());
                      gemm::multiply(block.data(), F, end - begin, F, packed.data(), columns,
                                     products.data() + begin * columns, columns, gemm::Start::zero);
                    });
  }

  const Index outputs = batch_ * window_.output;
  T* const to = y.data<T>();
  T* const saved = kept.data<T>();
  parallel_blocks(
      outputs, output_block, 2.0 * lookup_cost * static_cast<double>(outputs * columns), [&](Index begin, Index end) {
        gemm::for_panels<T>(O, [&](Index column, auto S) {
          constexpr int vectors = decltype(S)::value;
          Vec<T> start[vectors];
          unroll<vectors>([&](auto s) __attribute__((always_inline)) {
            const Index o = column + s * lanes<T>;
            start[s] = bias.defined() ? load_part(bias.data<T>() + o, O - o) : Vec<T>{};
          });
          for (Index at = begin; at < end; ++at) {
            const Index first = at % window_.output * window_.stride - window_.before;
            const std::int32_t* slot = found_.slot.data() + at / window_.output * window_.input;
            Vec<T> acc[vectors];
            unroll<vectors>([&](auto s) __attribute__((always_inline)) { acc[s] = start[s]; });
            for (Index k = 0; k < K; ++k) {
              const Index t = first + k * window_.dilation;
              if (t < 0 || t >= window_.input) continue;
              const T* term = products.data() + (slot[t] * K + k) * width + column;
              unroll<vectors>([&](auto s) __attribute__((always_inline)) { acc[s] += load(term + s * lanes<T>); });
            }
            unroll<vectors>([&](auto s) __attribute__((always_inline)) {
              const Index o = column + s * lanes<T>;
              store_part(to + at * O + o, acc[s], O - o);
            });
          }
        });
        if (activation != Activation::linear)
          activate_run(activation, to + begin * O, saved + begin * O, (end - begin) * O);
      });
}

template <class T>
Tensor EmbeddingConvolution::products_gradient(const Tensor& dz) const {
  const Index K = window_.size;
  const Index O = filters_;
  const Index width = padded<T>(O);
  const Tensor out({found_.used, K, width}, dtype_of<T>());
  const T* from = dz.data<T>();
  parallel_blocks(found_.used, row_block, 2.0 * lookup_cost * static_cast<double>(rows_.size() * K * width),
                  [&](Index begin, Index end) {
                    T* const block = out.data<T>() + begin * K * width;
                    std::fill_n(block, (end - begin) * K * width, T(0));
                    gemm::for_panels<T>(O, [&](Index column, auto S) {
                      constexpr int vectors = decltype(S)::value;
                      for (Index i = found_.first[begin]; i < found_.first[end]; ++i) {
                        if (column == 0 && i + 2 < found_.first[end]) {
                          const Index next = found_.place[i + 2];
                          const Index oldest =
                              std::max<Index>(next % window_.input + window_.before - (K - 1) * window_.dilation, 0);
                          prefetch(from + (next / window_.input * window_.output + oldest / window_.stride) * O, K * O);
                        }
                        const Index at = found_.place[i];
                        const Index t = at % window_.input + window_.before;
                        const T* sequence = from + at / window_.input * window_.output * O + column;
                        T* sums = out.data<T>() + found_.slot[at] * K * width + column;
                        for (Index k = 0; k < K; ++k, sums += width) {
                          const Index reached = t - k * window_.dilation;
                          if (reached < 0 || reached % window_.stride != 0) continue;
                          const Index output = reached / window_.stride;
                          if (output >= window_.output) continue;
                          unroll<vectors>([&](auto s) __attribute__((always_inline)) {
                            const Index o = s * lanes<T>;
                            store(sums + o, load(sums + o) + load_part(sequence + output * O + o, O - column - o));
                          });
                        }
                      }
                    });
                  });
  return out;
}

template <class T>
Tensor EmbeddingConvolution::kernel_gradient(const Tensor& dproducts) const {
  const Index K = window_.size;
  const Index F = features_;
  const Index O = filters_;
  const Index width = padded<T>(O);
  const Index columns = K * width;
  const Buffer<T> sums(F * columns);
  reduce_rows(found_.used, F * columns, 2.0 * static_cast<double>(found_.used * F * columns), sums.data(),
              [&](Index first, Index last, T* sum) {
                const Buffer<T> block(row_block * F);
                for (Index begin = first; begin < last; begin += row_block) {
                  const Index count = std::min(row_block, last - begin);
                  gather(table_, found_.row.data() + begin, count, block.data());
                  gemm::multiply_transposed(block.data(), F, dproducts.data<T>() + begin * columns, columns, count, F,
                                            columns, sum, columns);
                }
              });
  const Tensor out({K, F, O}, dtype_of<T>());
  for (Index k = 0; k < K; ++k)
    for (Index f = 0; f < F; ++f) std::copy_n(&sums[(f * K + k) * width], O, out.data<T>() + (k * F + f) * O);
  return out;
}

template <class T>
void EmbeddingConvolution::add_table_gradient(const Tensor& dproducts, const Tensor& kernel, const Tensor& sum) const {
  const Index F = features_;
  const Index columns = dproducts.shape(1) * dproducts.shape(2);
  const Buffer<T> turned = features_first(kernel.data<T>(), window_.size, F, filters_);
  const Buffer<T> packed(gemm::packed_size<T>(columns, F));
  gemm::pack(turned.data(), 1, columns, columns, F, packed.data());
  parallel_blocks(found_.used, row_block, 2.0 * static_cast<double>(found_.used * F * columns),
                  [&](Index begin, Index end) {
                    const Buffer<T> block(row_block * F);
                    gemm::multiply(dproducts.data<T>() + begin * columns, columns, end - begin, columns, packed.data(),
                                   F, block.data(), F, gemm::Start::zero);
                    for (Index i = 0; i < end - begin; ++i)
                      add_row(sum.data<T>() + found_.row[begin + i] * F, block.data() + i * F, F);
                  });
}

#define RECURRA_EMBEDDING_CONVOLUTION(T)                                                                  \
  template void EmbeddingConvolution::forward<T>(const Tensor&, const Tensor&, Activation, const Tensor&, \
                                                 const Tensor&) const;                                    \
  template Tensor EmbeddingConvolution::products_gradient<T>(const Tensor&) const;                        \
  template Tensor EmbeddingConvolution::kernel_gradient<T>(const Tensor&) const;                          \
  template void EmbeddingConvolution::add_table_gradient<T>(const Tensor&, const Tensor&, const Tensor&) const;
RECURRA_EMBEDDING_CONVOLUTION(float)
RECURRA_EMBEDDING_CONVOLUTION(double)
#undef RECURRA_EMBEDDING_CONVOLUTION

}  // namespace recurra::ops
