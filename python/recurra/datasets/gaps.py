"""Missing values of regularly sampled columns: where they are, and how short gaps are filled."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Filling = Literal["interpolate", "forward"]


def longest_gap(column: NDArray[np.float64]) -> int:
    """Rows of the longest run of NaN."""
    edges = np.flatnonzero(np.diff(np.isnan(column), prepend=False, append=False))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def fill(column: NDArray[np.float64], how: Filling) -> NDArray[np.float64]:
    """The column with its NaN replaced, however long the gaps are.

    Args:
        column: (rows,), with at least one value.
        how: "interpolate": straight line between the neighbours; "forward": the last value before the gap, which
            needs no look into the future. Before the first value both use that value.

    Returns:
        A new column without NaN.

    Raises:
        ValueError: `how` is unknown, or there is no value at all.
    """
    known = np.flatnonzero(~np.isnan(column))
    if not len(known):
        raise ValueError("fill: the column has no value at all")
    rows = np.arange(len(column))
    if how == "interpolate":
        return np.interp(rows, known, column[known])
    if how == "forward":
        return column[known[np.maximum(np.searchsorted(known, rows, side="right") - 1, 0)]]
    raise ValueError(f"fill: expected 'interpolate' or 'forward', got {how!r}")
