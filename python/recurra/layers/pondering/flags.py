"""The flag beside the input of a pondering cell: 1 where it sees the input for the first time, 0 afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import ops
from recurra.tensor import Tensor


def flagged(x: Tensor, first: bool) -> Tensor:
    """One step's input (B, F) and the flag as a sequence of one step, (B, 1, F + 1)."""
    batch, features = x.shape
    flag = np.full((batch, 1), float(first), x.dtype)
    return ops.reshape(ops.concatenate([x, flag], axis=1), (batch, 1, features + 1))


def repeated(x: Tensor, times: int) -> Tensor:
    """Every step of (B, T, F) several times in a row, and the flag: (B, T times, F + 1)."""
    batch, time, features = x.shape
    flags = np.zeros((batch, time, times, 1), x.dtype)
    flags[:, :, 0] = 1.0
    steps = ops.broadcast_to(ops.expand_dims(x, 2), (batch, time, times, features))
    return ops.reshape(ops.concatenate([steps, flags], axis=3), (batch, time * times, features + 1))


def with_flag(input_shape: Any) -> tuple[Any, ...]:
    """The shape of sequences (B, T, F) as the cell sees them, (B, T, F + 1)."""
    if len(input_shape) != 3 or input_shape[-1] is None:
        raise ValueError(
            f"expected an input (batch, time, features) with a known number of features, got shape {tuple(input_shape)}"
        )
    return (*input_shape[:2], input_shape[-1] + 1)
