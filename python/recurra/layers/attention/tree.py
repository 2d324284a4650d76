"""A tree of attention over a long series: each module sees a short span of what lies below it."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import activations, checks, initializers, ops
from recurra.layers.attention.pooling import AttentionPooling, weighted_mean
from recurra.layers.attention.weighing import joined_masks, softmax_over_keys
from recurra.layers.base import Layer
from recurra.layers.dense import Dense
from recurra.layers.documentation import documented


@documented
class AttentionTree(Layer):
    """Hierarchical attention over spans of a series; after Culurciello, The fall of RNN / LSTM, 2018.

    x^0 = the series; x^l = f(V^l pool^l(span of x^(l−1)) + d^l) for l = 1 … levels, with `AttentionPooling` over spans.
    The tree cuts each level into spans of `span` neighbours, counted from the end, so that T steps become T / span, and
    so on, until one is left: a path from a step to the output has log T / log span modules. With return_sequences every
    step has a tree of its own that ends there: module l sees steps that lie span^(l−1) apart, as the dilated
    convolutions of a `TCN`, and the last output is that of the tree.

    Weights of each level: those of its `AttentionPooling`, then kernel (features, units) and bias (units).

    Args:
        units: Features of every module's output.
        span: Steps that a module sees, at least 2; default 8.
        levels: Default None: as many as the steps at the first call need. Outputs see the last span^levels steps.
        activation: f, by name or as a function; default "tanh".
        attention_units: Length of u in the poolings; default None, as many as features.
        return_sequences: Whether there is an output for every step, which sees no later one; default False.
        kernel_initializer: Of all kernels; default "glorot_uniform".
        bias_initializer: Of all biases; default "zeros".
        {layer arguments}

    Call arguments:
        inputs: (batch, T, features).
        mask: Bool (batch, T), true for steps that count; by default the mask of the inputs. Where a tree sees none, its
            output is zero.

    Input shape:
        (batch, T, features).

    Output shape:
        (batch, units), or (batch, T, units) with return_sequences.

    Raises:
        ValueError: An argument is out of range, the input has other axes or no steps, or `levels` must be given because
            the number of steps is open.

    Example:
        >>> tree = recurra.layers.AttentionTree(units=4, span=3)
        >>> tree(np.ones((2, 20, 5), "float32")).shape, tree.levels, tree.receptive_field
        ((2, 4), 3, 27)
    """

    _computes_with_floats = True
    config_arguments = (
        "units",
        "span",
        "levels",
        "activation",
        "attention_units",
        "return_sequences",
        "kernel_initializer",
        "bias_initializer",
    )

    def __init__(
        self,
        units: int,
        span: int = 8,
        levels: int | None = None,
        activation: Any = "tanh",
        attention_units: int | None = None,
        return_sequences: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = "AttentionTree"
        self.units = checks.whole_number(units, owner, "units")
        self.span = checks.whole_number(span, owner, "span", least=2, most=checks.MOST_STEPS)
        self.levels = None if levels is None else checks.whole_number(levels, owner, "levels", most=62)
        self.activation = activations.get(activation)
        if attention_units is not None:
            attention_units = checks.whole_number(attention_units, owner, "attention_units")
        self.attention_units = attention_units
        self.return_sequences = checks.boolean(return_sequences, owner, "return_sequences")
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self._modules: list[tuple[AttentionPooling, Dense]] = []
        self.supports_masking = True

    @property
    def receptive_field(self) -> int:
        """How many steps an output sees, its own included."""
        if self.levels is None:
            raise ValueError("AttentionTree: levels is not known yet; give it, or call the layer first")
        return int(self.span**self.levels)

    def build(self, input_shape: Any) -> None:
        if len(input_shape) != 3:
            raise ValueError(f"expected 3 axes (batch, steps, features), got {tuple(input_shape)}")
        steps, features = input_shape[1:]
        if self.levels is None:
            if steps is None:
                raise ValueError("the number of steps is open; give levels=, so that span ** levels steps are seen")
            self.levels = 1
            while self.receptive_field < steps:
                self.levels += 1
        start = {"kernel_initializer": self.kernel_initializer, "bias_initializer": self.bias_initializer}
        for level in range(self.levels):
            pool = AttentionPooling(self.attention_units, dtype=self.dtype, name=f"pool_{level}", **start)
            pool.build((None, self.span, features))
            dense = Dense(self.units, self.activation, dtype=self.dtype, name=f"dense_{level}", **start)
            dense.build((None, features))
            self._modules.append((pool, dense))
            features = self.units

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if inputs.shape[1] == 0:
            raise ValueError("the input has no steps; there is nothing to pool")
        if mask is not None and tuple(mask.shape) != tuple(inputs.shape[:2]):
            raise ValueError(f"expected a mask of shape {tuple(inputs.shape[:2])}, got {tuple(mask.shape)}")
        x, seen = inputs, mask
        for level, (pool, dense) in enumerate(self._modules):
            step = self._windows if self.return_sequences else self._blocks
            pooled, seen = step(pool, x, seen, self.span**level)
            x = dense(pooled)
            if seen is not None:
                x = ops.where(ops.expand_dims(seen, -1), x, 0.0)
        return x if self.return_sequences else x[:, -1]

    def _blocks(self, pool: AttentionPooling, x: Any, seen: Any, distance: int) -> tuple[Any, Any]:
        """Pools neighbouring spans, counted from the end; the first one may be shorter."""
        batch, steps, features = x.shape
        blocks = -(-steps // self.span)
        missing = blocks * self.span - steps
        if missing:
            there = np.arange(blocks * self.span)[None] >= missing
            x = ops.pad(x, ((0, 0), (missing, 0), (0, 0)))
            if seen is not None:
                seen = ops.pad(seen, ((0, 0), (missing, 0)))
            seen = ops.broadcast_to(joined_masks(there, seen), (batch, blocks * self.span))
        x = ops.reshape(x, (batch, blocks, self.span, features))
        if seen is None:
            return pool(x), None
        seen = ops.reshape(seen, (batch, blocks, self.span))
        return pool(x, mask=seen), ops.any(seen, axis=-1)

    def _windows(self, pool: AttentionPooling, x: Any, seen: Any, distance: int) -> tuple[Any, Any]:
        """Pools for every step the `span` steps that end there and lie `distance` apart."""
        steps = x.shape[1]
        at = np.arange(steps)[:, None] - distance * np.arange(self.span - 1, -1, -1)
        there = at >= 0
        at = np.where(there, at, 0)
        shown = there[None]
        if seen is not None:
            shown = joined_masks(shown, ops.take(seen, at, axis=1))
        weights = softmax_over_keys(ops.take(pool.scores(x), at, axis=1), shown)
        pooled = weighted_mean(weights, ops.take(x, at, axis=1))
        return pooled, None if seen is None else ops.any(shown, axis=-1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return mask if self.return_sequences else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = (input_shape[0], input_shape[1], self.units)
        return shape if self.return_sequences else (shape[0], shape[2])
