"""Attention without projections: the scores are products, or a sum of tanh, of queries and keys."""

from __future__ import annotations

from typing import Any, ClassVar

from recurra import checks, ops, random
from recurra.layers.attention.weighing import attend, band_mask, joined_masks, softmax_over_keys
from recurra.layers.base import Layer
from recurra.layers.documentation import documented


@documented
class Attention(Layer):
    """Dot-product attention; Luong et al., 2015.

    score(q, k) = q·k, times `scale` with `use_scale`, or with score_mode "concat" w Σ tanh(scale (q + k));
    output = softmax(score) value. There are no projections and no factor 1/√dim: that is `MultiHeadAttention`.

    Args:
        use_scale: Whether the scores have a factor that is learned, a scalar. Default False.
        score_mode: "dot" (default) or "concat".
        dropout: Share of the weights that are dropped in training, in [0, 1). Default 0.
        seed: Integer that the dropout starts from; by default the global generator.
        {layer arguments}

    Call arguments:
        inputs: A list [query, value] or [query, value, key]; the key is the value by default.
        mask: A list [query mask, value mask] of bool tensors (batch, T) and (batch, S); by default those of the inputs.
            Masked values have no influence; the output is 0 at masked queries, and where all values are masked.
        return_attention_scores: Whether (output, weights) is returned. Default False.
        use_causal_mask: Whether query t sees the values up to t only. Default False.

    Input shape:
        query (batch, …, T, dim), value (batch, …, S, value dim), key (batch, …, S, dim).

    Output shape:
        (batch, …, T, value dim); the weights are (batch, …, T, S), after the dropout.

    Raises:
        ValueError: The inputs are no such list, or sizes do not fit.

    Example:
        >>> query, value = np.ones((2, 3, 4), "float32"), np.ones((2, 5, 4), "float32")
        >>> recurra.layers.Attention()([query, value]).shape
        (2, 3, 4)
    """

    _computes_with_floats = True
    config_arguments: ClassVar[tuple[str, ...]] = ("use_scale", "score_mode", "dropout", "seed")

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.use_scale = checks.boolean(use_scale, owner, "use_scale")
        self.score_mode = checks.one_of(score_mode, owner, "score_mode", ("dot", "concat"))
        self.dropout = checks.number(dropout, owner, "dropout", least=0, most=1)
        self.seed = checks.seed(seed, owner)
        self.seed_generator = None if self.seed is None else random.SeedGenerator(self.seed)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self._check_shapes(input_shape)
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight((), initializer="ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), initializer="ones", name="concat_score_weight")

    def _check_shapes(self, shapes: Any) -> None:
        listed = isinstance(shapes, (list, tuple)) and all(isinstance(shape, tuple) for shape in shapes)
        if not listed or not 2 <= len(shapes) <= 3:
            raise ValueError(f"expected a list [query, value] or [query, value, key], got shape {shapes}")
        query, value, key = shapes[0], shapes[1], shapes[-1]
        if len({len(query), len(value), len(key)}) > 1 or len(query) < 3:
            raise ValueError(f"query, value and key must have the same 3 axes or more, got shapes {shapes}")
        if query[-1] != key[-1]:
            raise ValueError(f"query and key must have the same last axis, got shapes {shapes}")
        if None not in (value[-2], key[-2]) and value[-2] != key[-2]:
            raise ValueError(f"value and key must have the same number of steps, got shapes {shapes}")

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        query, value, key = inputs[0], inputs[1], inputs[-1]
        query_mask, value_mask = (None, None) if mask is None else (mask[0], mask[1])
        if value_mask is not None:
            value_mask = ops.expand_dims(value_mask, -2)
        rate = self.dropout if training else 0.0
        if self.score_mode == "dot" and type(self)._scores is Attention._scores:
            output, weights = self._dot(query, value, key, value_mask, use_causal_mask, rate, return_attention_scores)
        else:
            band = band_mask(query.shape[-2], key.shape[-2], right=0) if use_causal_mask else None
            weights = softmax_over_keys(self._scores(query, key), joined_masks(value_mask, band))
            if rate > 0:
                weights = random.dropout(weights, rate, seed=self.seed_generator)
            output = ops.matmul(weights, value)
        if query_mask is not None:
            output = ops.where(ops.expand_dims(query_mask, -1), output, 0.0)
        return (output, weights) if return_attention_scores else output

    def _dot(
        self, query: Any, value: Any, key: Any, mask: Any, is_causal: bool, rate: float, return_scores: bool
    ) -> tuple[Any, Any]:
        """By the engine's op, the leading axes as one and a single head."""
        leading, steps = query.shape[:-2], query.shape[-2]
        if self.scale is not None:
            query = query * self.scale
        q, k, v = (ops.reshape(x, (-1, x.shape[-2], 1, x.shape[-1])) for x in (query, key, value))
        if mask is not None:
            mask = ops.reshape(ops.broadcast_to(mask, (*leading, 1, key.shape[-2])), (-1, 1, 1, key.shape[-2]))
        output, weights = attend(
            q, k, v, mask, 1.0, is_causal, dropout=rate, seed=self.seed_generator, return_scores=return_scores
        )
        output = ops.reshape(output, (*leading, steps, value.shape[-1]))
        return output, None if weights is None else ops.reshape(weights, (*leading, steps, key.shape[-2]))

    def _scores(self, query: Any, key: Any) -> Any:
        """Scores (batch, …, T, S)."""
        total = ops.expand_dims(query, -2) + ops.expand_dims(key, -3)
        if self.scale is not None:
            total = total * self.scale
        return ops.sum(ops.tanh(total), axis=-1) * self.concat_score_weight

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return None if mask is None else mask[0]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[0][:-1], input_shape[1][-1])


@documented
class AdditiveAttention(Attention):
    """Additive attention; Bahdanau et al., 2015, without their projections.

    score(q, k) = Σ scale ⊙ tanh(q + k); output = softmax(score) value.

    Args:
        use_scale: Whether the terms have factors that are learned, one for each of the dim. Default True.
        dropout: Share of the weights that are dropped in training, in [0, 1). Default 0.
        seed: Integer that the dropout starts from; by default the global generator.
        {layer arguments}

    Call arguments:
        As those of `Attention`.

    Input shape:
        query (batch, …, T, dim), value (batch, …, S, value dim), key (batch, …, S, dim).

    Output shape:
        (batch, …, T, value dim); the weights are (batch, …, T, S).

    Example:
        >>> query, value = np.ones((2, 3, 4), "float32"), np.ones((2, 5, 4), "float32")
        >>> recurra.layers.AdditiveAttention()([query, value]).shape
        (2, 3, 4)
    """

    config_arguments: ClassVar[tuple[str, ...]] = ("use_scale", "dropout", "seed")

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, seed=seed, **kwargs)

    def build(self, input_shape: Any) -> None:
        self._check_shapes(input_shape)
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight((input_shape[0][-1],), initializer="glorot_uniform", name="scale")

    def _scores(self, query: Any, key: Any) -> Any:
        terms = ops.tanh(ops.expand_dims(query, -2) + ops.expand_dims(key, -3))
        return ops.sum(terms if self.scale is None else terms * self.scale, axis=-1)
