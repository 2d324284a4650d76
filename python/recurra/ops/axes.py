"""Axes given by users: integers of Python or NumPy, counted from either end, checked against the number of axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.checks import is_whole_number


def as_axes(owner: str, axes: Any, argument: str = "axis") -> list[int]:
    """One integer or a sequence of them as a list.

    Raises:
        TypeError: Something else.
    """
    values = [axes] if is_whole_number(axes) else axes
    if not isinstance(values, (list, tuple, range, np.ndarray)) or not all(is_whole_number(value) for value in values):
        raise TypeError(f"{owner}: {argument} must be an integer or a sequence of integers, got {axes!r}")
    return [int(value) for value in values]


def normalized_axis(owner: str, axis: Any, rank: int, argument: str = "axis") -> int:
    """`axis` counted from the front.

    Raises:
        TypeError: It is not an integer.
        ValueError: A tensor of `rank` axes has no such axis.
    """
    if not is_whole_number(axis):
        raise TypeError(f"{owner}: {argument} must be an integer, got {axis!r}")
    if not -rank <= axis < rank:
        raise ValueError(f"{owner}: {argument} {axis} is outside a tensor of {rank} axes")
    return int(axis) % rank


def normalized_axes(owner: str, axes: Any, rank: int, argument: str = "axis") -> list[int]:
    """One axis or several, each counted from the front, in the order given.

    Raises:
        TypeError: Something else than integers.
        ValueError: There is no such axis, or one is named twice.
    """
    places = [normalized_axis(owner, axis, rank, argument) for axis in as_axes(owner, axes, argument)]
    if len(set(places)) != len(places):
        raise ValueError(f"{owner}: {argument} {axes!r} names an axis twice")
    return places
