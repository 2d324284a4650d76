"""Where the heads of a machine look, step after step."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from recurra.tensor import Tensor


class Addresses(NamedTuple):
    """What each head gave to each slot at each step.

    Args:
        read: Weights of the read heads, (B, T, read heads, slots); they sum to 1 over the slots.
        write: Weights of the write heads, (B, T, write heads, slots).

    Example:
        >>> layer = recurra.layers.NTM(recurra.layers.LSTMCell(8), memory_size=16, memory_dim=4)
        >>> recurra.layers.Addresses(*layer.addresses(np.ones((2, 5, 3), "float32"))).write.shape
        (2, 5, 1, 16)
    """

    read: np.ndarray
    write: np.ndarray


class AddressRecorder:
    """An observer of a run that keeps the weights among the states, which stand in front of the memory."""

    def __init__(self) -> None:
        self.weights: list[np.ndarray] = []

    def begin(self, x: Tensor, states: Any, mask: Tensor | None) -> tuple[Tensor, Any]:
        return x, states

    def before_step(self, keep: Tensor | None) -> None:
        """Nothing happens before a step."""

    def after_cell(self, output: Tensor, states: Any) -> Tensor:
        return output

    def after_step(self, states: Any) -> None:
        self.weights.append(states[-2].numpy())
