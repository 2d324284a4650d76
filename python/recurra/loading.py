"""Limits on what reading a file may make: they follow from the size of the file.

A configuration of a few hundred bytes can describe a layer of a billion weights, or models that call each other
k to the power d times. While a file is read, weights are allocated only as far as the file has arrays for them, and
every object that is made and every symbolic call is a step; a long configuration may take more steps than a short one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod

import numpy as np

# A model that does not fit its file should be told by name, not by a limit: small models may always be built.
_MOST_NUMBERS = 1 << 28
_FREE_STEPS, _FREE_WEIGHTS, _FREE_BYTES = 10_000, 1_000, 1 << 26


class Limits:
    """What may be made while one file is read.

    Args:
        characters: Length of the configuration.
        arrays: The arrays of the file, by name.
    """

    def __init__(self, characters: int, arrays: Mapping[str, np.ndarray]) -> None:
        self._steps = _FREE_STEPS + characters // 4
        self._weights = _FREE_WEIGHTS + 2 * len(arrays)
        self._bytes = _FREE_BYTES + 2 * sum(array.nbytes for array in arrays.values())

    def count_step(self) -> None:
        """An object is made, or a layer is called on symbolic tensors.

        Raises:
            ValueError: There have been too many.
        """
        self._steps -= 1
        if self._steps < 0:
            raise ValueError("it describes more layers and calls than its size allows")

    def count_weight(self, name: str | None, shape: Sequence[int], dtype: str) -> None:
        """A weight is made.

        Raises:
            ValueError: The file has not enough arrays, or not enough bytes, for the weights so far.
        """
        size = prod(shape) * np.dtype(dtype).itemsize
        self._weights -= 1
        self._bytes -= size
        if self._weights < 0 or self._bytes < 0:
            raise ValueError(f"it needs a weight {name!r} of shape {tuple(shape)}, more than the file has arrays for")


def check_size(extents: Sequence[int]) -> None:
    """Refuses to run a function on a tensor of this shape to learn what it gives, if a file asks for it.

    Raises:
        ValueError: The tensor would have more than 2^28 numbers.
    """
    if _active.get() is not None and prod(extents) > _MOST_NUMBERS:
        raise ValueError(f"an input of shape {tuple(extents)} is too large for a model from a file")


_active: ContextVar[Limits | None] = ContextVar("limits_of_loading", default=None)


@contextmanager
def limited(limits: Limits) -> Iterator[None]:
    """Within it, `limits` hold; new weights are zero, and no random numbers are drawn for them."""
    token = _active.set(limits)
    try:
        yield
    finally:
        _active.reset(token)


def active() -> Limits | None:
    """The limits of the file that is being read; None where none is."""
    return _active.get()


def count_step() -> None:
    """Counts a step of the file that is being read, if one is."""
    limits = _active.get()
    if limits is not None:
        limits.count_step()
