// Scaled dot-product attention; Vaswani et al., "Attention is all you need", 2017.
//
//   s_ij = scale q_i k_j + bias_ij,   p_ij = exp(s_ij) / sum over visible j of exp(s_ij),   o_i = sum_j p_ij v_j
//
// computed over tiles of keys, so that no T x S numbers are stored (Dao et al., "FlashAttention", 2022): the forward
// pass keeps the logarithm of each row's sum, and the backward pass makes the probabilities of a tile again. A query
// that sees no key has the output 0 and passes no gradient.
//
// Letters: B batch, T queries, S keys, N query heads, G heads of keys and values (N a multiple of G), D size of a key,
// E size of a value.
#pragma once

#include <optional>

#include "recurra/base/random.h"
#include "recurra/tensor/tensor.h"

namespace recurra::ops {

/// Which keys a query sees by its position: query i stands at key i + offset and sees the keys from `left` before it to
/// `right` behind it; no bound where there is none.
struct AttentionBand {
  std::optional<Index> left, right;
  Index offset = 0;
};

struct AttentionOptions {
  double scale = 1;
  double soft_cap = 0;  // c > 0: s becomes c tanh(s / c), before the bias
  AttentionBand band;
  double dropout = 0;  // of the probabilities; element (b, n, t, s) of `numbers` decides
  Philox numbers{0, 0};
};

/// query (B, T, N, D), key (B, S, G, D), value (B, S, G, E) -> (B, T, N, E). `bias` (of the same type) and `mask`
/// (bool, true where a key is seen) broadcast to (B, N, T, S) and may be undefined. Differentiable with respect to all
/// but the mask.
Tensor dot_product_attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& bias,
                             const Tensor& mask, const AttentionOptions& options);

}  // namespace recurra::ops
