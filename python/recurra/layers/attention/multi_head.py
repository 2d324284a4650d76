"""Attention by several heads, each with projections of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from recurra import checks, ops, random
from recurra.layers.arguments import store_weight_arguments
from recurra.layers.attention.projection import SETTINGS, Projection
from recurra.layers.attention.weighing import attend, joined_masks
from recurra.layers.base import Layer
from recurra.layers.documentation import documented


@documented
class MultiHeadAttention(Layer):
    """Multi-head attention; Vaswani et al., 2017.

    head_n = softmax(q_n k_nᵀ / √key_dim) v_n, with q_n, k_n and v_n projections of query, key and value; output = the
    heads side by side, times Wo, plus bo. The scores are stored only if they are asked for.

    Args:
        num_heads: Heads.
        key_dim: Size of each head of queries and keys.
        value_dim: Size of each head of values; default `key_dim`.
        dropout: Share of the weights that are dropped in training, in [0, 1). Default 0.
        use_bias: Whether the projections have biases. Default True.
        output_shape: Extents of the output behind the steps; default the last extent of the query.
        attention_axes: Axes that are attended over, for inputs of more axes; default all but batch and features.
        sliding_window: n lets each query see the keys less than n steps away; default all.
        flash_attention: Taken for Keras's sake, without effect.
        use_gate: Whether the heads are multiplied by σ(query Wg + bg); Qiu et al., 2025. Default False.
        seed: Integer that the dropout starts from; by default the global generator.
        {weight arguments}
        {layer arguments}

    Call arguments:
        query: (batch, T, features). value: (batch, S, features). key: As the value, which is the default.
        query_mask, value_mask, key_mask: Bool (batch, T) and (batch, S); by default those of the inputs.
        attention_mask: Bool (batch, T, S), or (batch, heads, T, S): which key a query sees. All masks must agree.
        return_attention_scores: Whether (output, weights) is returned. Default False.
        use_causal_mask: Whether query t sees the keys up to t only. Default False.

    Input shape:
        See the call arguments; with `attention_axes` any number of axes in place of T and S.

    Output shape:
        (batch, T, features of the query, or `output_shape`); the weights are (batch, heads, T, S). A query that sees no
        key gives the output's bias.

    Raises:
        ValueError: Arguments out of their range, or inputs that do not fit each other.

    Example:
        >>> layer = recurra.layers.MultiHeadAttention(num_heads=2, key_dim=4)
        >>> x = np.ones((3, 5, 8), "float32")
        >>> layer(x, x, use_causal_mask=True).shape
        (3, 5, 8)
    """

    _computes_with_floats = True
    config_arguments = (
        "num_heads",
        "key_dim",
        "value_dim",
        "dropout",
        "use_bias",
        "output_shape",
        "attention_axes",
        "sliding_window",
        *SETTINGS,
        "use_gate",
        "seed",
    )

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
        sliding_window: int | None = None,
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
        owner = "MultiHeadAttention"
        self.num_heads = checks.whole_number(num_heads, owner, "num_heads")
        self.key_dim = checks.whole_number(key_dim, owner, "key_dim")
        self.value_dim = self.key_dim if value_dim is None else checks.whole_number(value_dim, owner, "value_dim")
        self.dropout = checks.number(dropout, owner, "dropout", least=0, most=1)
        self.use_bias = checks.boolean(use_bias, owner, "use_bias")
        self.output_shape = _integers(output_shape, owner, "output_shape", least=1)
        self.attention_axes = _integers(attention_axes, owner, "attention_axes")
        self.sliding_window = sliding_window
        if sliding_window is not None:
            self.sliding_window = checks.whole_number(sliding_window, owner, "sliding_window")
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
        if len({len(query_shape), len(value_shape), len(key_shape)}) > 1 or len(query_shape) < 3:
            raise ValueError(
                f"query, value and key must have the same 3 axes or more, got shapes {query_shape}, {value_shape} and "
                f"{key_shape}"
            )
        if value_shape[1:-1] != key_shape[1:-1]:
            raise ValueError(
                f"value and key must have the same number of steps, got shapes {value_shape} and {key_shape}"
            )
        self._axes = _attention_axes(self.attention_axes, len(query_shape))
        heads, features = self.num_heads, query_shape[-1]
        self._query = Projection(self, "query", [features], (heads, self.key_dim), self.use_bias)
        self._key = Projection(self, "key", [key_shape[-1]], (heads, self.key_dim), self.use_bias)
        self._gate = None
        if self.use_gate:
            self._gate = Projection(self, "gate", [features], (heads, self.value_dim), self.use_bias)
        self._value = Projection(self, "value", [value_shape[-1]], (heads, self.value_dim), self.use_bias)
        outputs = self.output_shape or (features,)
        self._output = Projection(self, "attention_output", (heads, self.value_dim), outputs, self.use_bias)

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
        folding = _Folding(query, value, self._axes)
        mask = folding.mask(query_mask, value_mask, key_mask, attention_mask)
        window = None if self.sliding_window is None else (self.sliding_window - 1,) * 2
        heads, weights = attend(
            folding.fold(self._query(query)),
            folding.fold(self._key(key)),
            folding.fold(self._value(value)),
            mask,
            1 / math.sqrt(self.key_dim),
            use_causal_mask,
            window,
            dropout=self.dropout if training else 0.0,
            seed=self.seed_generator,
            return_scores=return_attention_scores,
        )
        heads = folding.unfold(heads)
        if self._gate is not None:
            heads = heads * ops.sigmoid(self._gate(query))
        output = self._output(heads)
        return (output, folding.unfold_weights(weights)) if return_attention_scores else output

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return mask


def _integers(value: Any, owner: str, argument: str, least: int | None = None) -> tuple[int, ...] | None:
    if value is None:
        return None
    items = value if isinstance(value, (list, tuple)) else [value]
    return tuple(checks.whole_number(item, owner, argument, least=least) for item in items)


def _attention_axes(given: tuple[int, ...] | None, rank: int) -> tuple[int, ...]:
    """The axes that are attended over, of inputs with `rank` axes: all but batch and features by default."""
    axes = tuple(range(1, rank - 1)) if given is None else tuple(axis % rank for axis in given)
    if len(set(axes)) < len(axes) or not all(0 < axis < rank - 1 for axis in axes):
        raise ValueError(f"attention_axes must name axes between batch and features, got {given} for {rank} axes")
    return axes


class _Folding:
    """Inputs of any number of axes as (batch, steps, heads, size), and back: axes not attended over join the batch."""

    def __init__(self, query: Any, value: Any, axes: tuple[int, ...]) -> None:
        rank = query.ndim
        batch = [axis for axis in range(rank - 1) if axis not in axes]
        self.plain = rank == 3
        self.order = (*batch, *axes, rank - 1, rank)
        self.back = tuple(self.order.index(axis) for axis in range(rank + 1))
        self.batch = tuple(query.shape[axis] for axis in batch)
        self.queries = tuple(query.shape[axis] for axis in axes)
        self.keys = tuple(value.shape[axis] for axis in axes)

    def fold(self, x: Any) -> Any:
        if self.plain:
            return x
        x = ops.transpose(x, self.order)
        steps = math.prod(x.shape[len(self.batch) : -2])
        return ops.reshape(x, (math.prod(self.batch), steps, *x.shape[-2:]))

    def unfold(self, x: Any) -> Any:
        if self.plain:
            return x
        return ops.transpose(ops.reshape(x, (*self.batch, *self.queries, *x.shape[-2:])), self.back)

    def unfold_weights(self, weights: Any) -> Any:
        return weights if self.plain else ops.reshape(weights, (*self.batch, -1, *self.queries, *self.keys))

    def mask(self, query_mask: Any, value_mask: Any, key_mask: Any, attention_mask: Any) -> Any:
        """One mask that broadcasts to (batch, heads, queries, keys), of those that are given; else None."""
        masks = []
        if query_mask is not None:
            masks.append(ops.expand_dims(self._flat(query_mask, self.queries), (1, 3)))
        for mask in (value_mask, key_mask):
            if mask is not None:
                masks.append(ops.expand_dims(self._flat(mask, self.keys), (1, 2)))
        if attention_mask is not None:
            masks.append(self._pairs(attention_mask))
        return joined_masks(*masks)

    def _flat(self, mask: Any, steps: tuple[int, ...]) -> Any:
        """A mask (batch, …) of steps as (all batch axes as one, all steps as one)."""
        if self.plain:
            return mask
        if tuple(mask.shape[-len(steps) :]) != steps:
            raise ValueError(f"a mask of shape {mask.shape} does not fit steps {steps}")
        whole = ops.broadcast_to(mask, (*self.batch, *steps))
        return ops.reshape(whole, (math.prod(self.batch), math.prod(steps)))

    def _pairs(self, mask: Any) -> Any:
        """A mask of queries and keys, with or without an axis of heads."""
        pairs = (*self.queries, *self.keys)
        if tuple(mask.shape[-len(pairs) :]) != pairs and mask.ndim >= len(pairs):
            ones = [extent in (1, own) for extent, own in zip(mask.shape[-len(pairs) :], pairs, strict=True)]
            if not all(ones):
                raise ValueError(f"an attention_mask of shape {mask.shape} does not fit queries and keys {pairs}")
        if mask.ndim < len(pairs):
            raise ValueError(f"an attention_mask needs the axes of queries and keys {pairs}, got shape {mask.shape}")
        leading = tuple(mask.shape[: mask.ndim - len(pairs)])
        if self.plain:
            return ops.expand_dims(mask, 1) if len(leading) == 1 else mask
        heads = leading[len(self.batch) :] or (1,)
        whole = ops.broadcast_to(
            ops.reshape(
                mask, (*(leading[: len(self.batch)] or (1,) * len(self.batch)), *heads, *mask.shape[-len(pairs) :])
            ),
            (*self.batch, *heads, *pairs),
        )
        return ops.reshape(whole, (math.prod(self.batch), *heads, math.prod(self.queries), math.prod(self.keys)))
