"""Blocks of the transformer."""

from __future__ import annotations

from typing import Any

from recurra import activations, checks, initializers, ops
from recurra.layers.attention.multi_head import MultiHeadAttention
from recurra.layers.attention.weighing import joined_masks
from recurra.layers.base import Layer
from recurra.layers.dense import Dense
from recurra.layers.documentation import documented
from recurra.layers.dropout import Dropout
from recurra.layers.normalization import LayerNormalization


@documented
class TransformerEncoder(Layer):
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

    _computes_with_floats = True
    config_arguments = (
        "intermediate_dim",
        "num_heads",
        "dropout",
        "activation",
        "layer_norm_epsilon",
        "kernel_initializer",
        "bias_initializer",
        "normalize_first",
    )

    def __init__(
        self,
        intermediate_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        activation: Any = "relu",
        layer_norm_epsilon: float = 1e-5,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        normalize_first: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = "TransformerEncoder"
        self.intermediate_dim = checks.whole_number(intermediate_dim, owner, "intermediate_dim")
        self.num_heads = checks.whole_number(num_heads, owner, "num_heads")
        self.dropout = checks.number(dropout, owner, "dropout", least=0, most=1)
        self.activation = activations.get(activation)
        self.layer_norm_epsilon = checks.number(layer_norm_epsilon, owner, "layer_norm_epsilon", least=0)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.normalize_first = checks.boolean(normalize_first, owner, "normalize_first")
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        features = input_shape[-1]
        if len(input_shape) != 3 or features is None:
            raise ValueError(f"expected 3 axes (batch, steps, features), got {input_shape}")
        if features % self.num_heads:
            raise ValueError(
                f"the {features} features of the input are no multiple of num_heads={self.num_heads}; change one"
            )
        start = {"kernel_initializer": self.kernel_initializer, "bias_initializer": self.bias_initializer}
        self._attention = MultiHeadAttention(
            self.num_heads,
            features // self.num_heads,
            dropout=self.dropout,
            dtype=self.dtype,
            name="attention",
            **start,
        )
        self._attention.build(input_shape, input_shape)
        self._attention_norm = self._normalization("attention_norm", input_shape)
        self._dense_norm = self._normalization("dense_norm", input_shape)
        self._inner = Dense(self.intermediate_dim, self.activation, dtype=self.dtype, name="inner", **start)
        self._inner.build(input_shape)
        self._outer = Dense(features, dtype=self.dtype, name="outer", **start)
        self._outer.build((*input_shape[:-1], self.intermediate_dim))
        self._drop = Dropout(self.dropout, dtype=self.dtype, name="drop")
        self._drop.build(input_shape)

    def _normalization(self, name: str, shape: Any) -> LayerNormalization:
        layer = LayerNormalization(epsilon=self.layer_norm_epsilon, dtype=self.dtype, name=name)
        layer.build(shape)
        return layer

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
        x = self._attention_norm(inputs) if self.normalize_first else inputs
        attended = self._attention(
            x, x, attention_mask=seen, training=training, return_attention_scores=return_attention_scores
        )
        attended, weights = attended if return_attention_scores else (attended, None)
        x = inputs + self._drop(attended, training=training)
        if not self.normalize_first:
            x = self._attention_norm(x)
        branch = self._dense_norm(x) if self.normalize_first else x
        x = x + self._drop(self._outer(self._inner(branch)), training=training)
        if not self.normalize_first:
            x = self._dense_norm(x)
        return (x, weights) if return_attention_scores else x

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        return tuple(input_shape)
