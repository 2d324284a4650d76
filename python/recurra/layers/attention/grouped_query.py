"""Attention whose query heads share fewer heads of keys and values."""

from __future__ import annotations

import math
from typing import Any

from recurra import checks, ops, random
from recurra.layers.arguments import store_weight_arguments
from recurra.layers.attention.projection import SETTINGS, Projection
from recurra.layers.attention.weighing import attend, joined_masks
from recurra.layers.base import Layer
from recurra.layers.documentation import documented


@documented
class GroupedQueryAttention(Layer):
    """Grouped-query attention; Ainslie et al., 2023.

    As `MultiHeadAttention`, but each head of keys and values serves num_query_heads / num_key_value_heads neighbouring
    heads of queries: one for all is multi-query attention.

    Args:
        head_dim: Size of each head.
        num_query_heads: Heads of queries.
        num_key_value_heads: Heads of keys and values, of which `num_query_heads` is a multiple.
        dropout: Share of the weights that are dropped in training, in [0, 1). Default 0.
        use_bias: Whether the projections have biases. Default True.
        flash_attention: Taken for Keras's sake, without effect.
        use_gate: Whether the heads are multiplied by σ(query Wg + bg). Default False.
        seed: Integer that the dropout starts from; by default the global generator.
        {weight arguments}
        {layer arguments}

    Call arguments:
        As those of `MultiHeadAttention`.

    Input shape:
        query (batch, T, features), value and key (batch, S, features).

    Output shape:
        (batch, T, features of the query); the weights are (batch, query heads, T, S).

    Raises:
        ValueError: The heads do not divide, or inputs do not fit each other.

    Example:
        >>> layer = recurra.layers.GroupedQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)
        >>> x = np.ones((3, 5, 8), "float32")
        >>> layer(x, x).shape
        (3, 5, 8)
    """

    _computes_with_floats = True
    config_arguments = (
        "head_dim",
        "num_query_heads",
        "num_key_value_heads",
        "dropout",
        "use_bias",
        *SETTINGS,
        "use_gate",
        "seed",
    )

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        owner = "GroupedQueryAttention"
        self.head_dim = checks.whole_number(head_dim, owner, "head_dim")
        self.num_query_heads = checks.whole_number(num_query_heads, owner, "num_query_heads")
        self.num_key_value_heads = checks.whole_number(num_key_value_heads, owner, "num_key_value_heads")
        if self.num_query_heads % self.num_key_value_heads:
            raise ValueError(
                f"{owner}: num_query_heads must be a multiple of num_key_value_heads, got {num_query_heads} and "
                f"{num_key_value_heads}"
            )
        self.dropout = checks.number(dropout, owner, "dropout", least=0, most=1)
        self.use_bias = checks.boolean(use_bias, owner, "use_bias")
        store_weight_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        store_weight_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.use_gate = checks.boolean(use_gate, owner, "use_gate")
        self.seed = checks.seed(seed, owner)
        self.seed_generator = None if self.seed is None else random.SeedGenerator(self.seed)
        self.supports_masking = True

    def build(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        if not len(query_shape) == len(value_shape) == len(key_shape) == 3:
            raise ValueError(
                f"query, value and key must have 3 axes (batch, steps, features), got shapes {query_shape}, "
                f"{value_shape} and {key_shape}"
            )
        features, queries, keys, size = query_shape[-1], self.num_query_heads, self.num_key_value_heads, self.head_dim
        self._query = Projection(self, "query", [features], (queries, size), self.use_bias)
        self._key = Projection(self, "key", [key_shape[-1]], (keys, size), self.use_bias)
        self._gate = None
        if self.use_gate:
            self._gate = Projection(self, "gate", [features], (queries, size), self.use_bias)
        self._value = Projection(self, "value", [value_shape[-1]], (keys, size), self.use_bias)
        self._output = Projection(self, "attention_output", (queries, size), [features], self.use_bias)

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        key = value if key is None else key
        masks = [None if query_mask is None else ops.expand_dims(query_mask, (1, 3))]
        masks += [None if mask is None else ops.expand_dims(mask, (1, 2)) for mask in (value_mask, key_mask)]
        if attention_mask is not None:
            masks.append(ops.expand_dims(attention_mask, 1) if attention_mask.ndim == 3 else attention_mask)
        heads, weights = attend(
            self._query(query),
            self._key(key),
            self._value(value),
            joined_masks(*masks),
            1 / math.sqrt(self.head_dim),
            use_causal_mask,
            dropout=self.dropout if training else 0.0,
            seed=self.seed_generator,
            return_scores=return_attention_scores,
        )
        if self._gate is not None:
            heads = heads * ops.sigmoid(self._gate(query))
        output = self._output(heads)
        return (output, weights) if return_attention_scores else output

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return mask
