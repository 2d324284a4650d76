// Convolution over time of looked-up rows, computed from the table: each row in use is multiplied by all taps once, and
// the products are looked up and added. Backwards the gradient of those products is gathered, and one product each
// gives the gradients of table and kernel. Letters as in conv.h; U rows of the table in use.
//
//   P[u, k, o] = sum over f of table[u, f] kernel[k, f, o]
//   y[b, t, o] = bias[o] + sum over k of P[row looked up at b, t s + k d - p; k, o]
#pragma once

#include <memory>

#include "recurra/kernels/activation.h"
#include "recurra/ops/embedding.h"
#include "recurra/ops/window.h"

namespace recurra::ops {

class EmbeddingConvolution {
 public:
  /// A plan where it is less work than the convolution itself, else null. x (B, T, F), kernel (K, F, O).
  static std::shared_ptr<const EmbeddingConvolution> plan(const Tensor& x, const Tensor& kernel, const Window& window);

  /// y (B, T', O) = f(…); `kept` gets what the slope of f is found from and may be y. `bias` may be undefined.
  template <class T>
  void forward(const Tensor& kernel, const Tensor& bias, Activation activation, const Tensor& y,
               const Tensor& kept) const;

  /// Gradient of P, given that of the sums: (U, K, O), the last axis padded to whole vectors.
  template <class T>
  Tensor products_gradient(const Tensor& dz) const;
  /// dkernel (K, F, O) from the gradient of P.
  template <class T>
  Tensor kernel_gradient(const Tensor& dproducts) const;
  /// Adds to the gradient (N, F) of the table.
  template <class T>
  void add_table_gradient(const Tensor& dproducts, const Tensor& kernel, const Tensor& sum) const;

  const Tensor& rows() const { return rows_; }

 private:
  EmbeddingConvolution(const RowsOfTable& source, const Tensor& kernel, const Window& window);

  Tensor rows_, table_;
  Window window_;
  Index batch_, features_, filters_;
  Occurrences found_;
};

}  // namespace recurra::ops
