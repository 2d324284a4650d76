"""Noise inside a recurrent cell: dropout, with one mask for all time steps of a sequence or one for each; zoneout."""

from __future__ import annotations

from typing import Any, NamedTuple

from recurra import random
from recurra.tensor import Tensor


class Like(NamedTuple):
    """What a mask is drawn for, where there is no tensor of that shape."""

    shape: tuple[int, ...]
    dtype: Any


class DropoutRNNCell:
    """Mixin for cells of your own: dropout masks drawn once a sequence and used in all its steps.

    Masks hold 0 or 1 / (1 - rate). A cell that mixes this in has `dropout` and `recurrent_dropout` (rates in [0, 1))
    and `seed_generator`; `RNN` drops the masks at the end of a sequence. With `dropout_per_step` a mask is drawn at
    every call, in the shape of its argument.

    Example:
        >>> class Cell(recurra.layers.DropoutRNNCell, recurra.Layer):
        ...     dropout, recurrent_dropout, state_size = 0.5, 0.0, 3
        ...
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.seed_generator = recurra.random.SeedGenerator(1)
        ...
        ...     def call(self, inputs, states, training=False):
        ...         mask = self.get_dropout_mask(inputs) if training else None
        ...         h = states[0] + (inputs if mask is None else inputs * mask)
        ...         return h, [h]
        >>> y = recurra.layers.RNN(Cell())(np.ones((1, 4, 3), "float32"), training=True)
        >>> sorted(set(y.numpy().ravel().tolist())) in ([0.0], [8.0], [0.0, 8.0])
        True

    Source: Gal & Ghahramani, A Theoretically Grounded Application of Dropout in Recurrent Neural Networks, 2016.
    """

    dropout: float
    recurrent_dropout: float
    dropout_per_step: bool = False
    seed_generator: random.SeedGenerator
    _dropout_mask: Tensor | None = None
    _recurrent_dropout_mask: Tensor | None = None

    def get_dropout_mask(self, step_input: Tensor | Like) -> Tensor | None:
        """The scale of the input (B, F), drawn at the first call of a sequence; None without dropout."""
        if self.dropout_per_step:
            return self._draw(step_input, self.dropout) if self.dropout > 0 else None
        if self._dropout_mask is None and self.dropout > 0:
            self._dropout_mask = self._draw(step_input, self.dropout)
        return self._dropout_mask

    def get_recurrent_dropout_mask(self, state: Tensor | Like) -> Tensor | None:
        """The scale of the state (B, U) in front of the recurrent product; None without recurrent dropout."""
        if self.dropout_per_step:
            return self._draw(state, self.recurrent_dropout) if self.recurrent_dropout > 0 else None
        if self._recurrent_dropout_mask is None and self.recurrent_dropout > 0:
            self._recurrent_dropout_mask = self._draw(state, self.recurrent_dropout)
        return self._recurrent_dropout_mask

    def reset_dropout_mask(self) -> None:
        self._dropout_mask = None

    def reset_recurrent_dropout_mask(self) -> None:
        self._recurrent_dropout_mask = None

    def _draw(self, like: Tensor | Like, rate: float, kept: float | None = None) -> Tensor:
        return random.dropout_mask(like.shape, rate, dtype=like.dtype, seed=self.seed_generator, kept=kept)
