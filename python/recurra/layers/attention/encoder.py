"""The encoder block of the transformer."""

from __future__ import annotations

from typing import Any

from recurra import ops
from recurra.layers.attention.block import TransformerBlock
from recurra.layers.attention.multi_head import MultiHeadAttention
from recurra.layers.attention.weighing import joined_masks
from recurra.layers.documentation import documented


@documented
class TransformerEncoder(TransformerBlock):
    """An encoder block: self-attention, then two dense layers, each with a residual connection; Vaswani et al., 2017.

    Post-norm (default): x ← LN(x + attention(x)), x ← LN(x + dense(x)).
    Pre-norm (`normalize_first`): x ← x + attention(LN(x)), x ← x + dense(LN(x)); a stack of these ends with a
    LayerNormalization of its own.

    Args:
        intermediate_dim: Units of the first dense layer; the second one has as many as the input has features.
        num_heads: Heads; they divide the features of the input.
        dropout: Share that is dropped in training, of the attention weights and of both residual branches. Default 0.
        activation: Of the first dense layer; default "relu".
        layer_norm_epsilon: Added to the variance; default 1e-5.
        kernel_initializer: Of all kernels; default "glorot_uniform".
        bias_initializer: Of all biases; default "zeros".
        normalize_first: Pre-norm instead of post-norm. Default False.
        {layer arguments}

    Call arguments:
        inputs: (batch, T, features).
        padding_mask: Bool (batch, T), true for steps that count; by default the mask of the inputs.
        attention_mask: Bool (batch, T, T) or (T, T): which step sees which. Default all.
        return_attention_scores: Whether (output, weights) is returned, the weights (batch, heads, T, T). Default False.

    Input shape:
        (batch, T, features).

    Output shape:
        The same.

    Raises:
        ValueError: The heads do not divide the features.

    Example:
        >>> layer = recurra.layers.TransformerEncoder(intermediate_dim=16, num_heads=2)
        >>> layer(np.ones((3, 5, 8), "float32")).shape
        (3, 5, 8)
    """

    def build(self, input_shape: Any) -> None:
        size = self._head_size(input_shape)
        self._attention = MultiHeadAttention(
            self.num_heads, size, dropout=self.dropout, dtype=self.dtype, name="attention", **self._start()
        )
        self._attention.build(input_shape, input_shape)
        self._attention_norm = self._normalization("attention_norm", input_shape)
        self._build_dense(input_shape)

    def call(
        self,
        inputs: Any,
        padding_mask: Any = None,
        attention_mask: Any = None,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
    ) -> Any:
        counted = joined_masks(padding_mask, mask)
        seen = None if counted is None else ops.expand_dims(counted, 1)
        if attention_mask is not None:
            seen = joined_masks(seen, attention_mask)
        x = self._read(inputs, self._attention_norm)
        attended = self._attention(
            x, x, attention_mask=seen, training=training, return_attention_scores=return_attention_scores
        )
        attended, weights = attended if return_attention_scores else (attended, None)
        x = self._through_dense(self._joined(inputs, attended, self._attention_norm, training), training)
        return (x, weights) if return_attention_scores else x

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)
