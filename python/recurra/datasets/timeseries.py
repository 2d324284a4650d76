"""Batches of windows at given rows of a series."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recurra.datasets.gathering import Gathering, generator, window_plan

__all__ = ["WindowDataset", "timeseries_dataset_from_array", "windows_ending_at"]


class WindowDataset:
    """Batches of windows at given rows; may be walked over again and again."""

    def __init__(
        self,
        gathering: Gathering,
        starts: NDArray[np.int64],
        batch_size: int | None,
        random: np.random.Generator | None,
    ) -> None:
        self._gathering, self._starts, self._batch_size, self._random = gathering, starts, batch_size, random

    def __len__(self) -> int:
        return -(-len(self._starts) // (self._batch_size or 1))

    def __iter__(self) -> Iterator[Any]:
        size = self._batch_size or 1
        starts = self._starts if self._random is None else self._random.permutation(self._starts)
        for x, y in self._gathering.batches([starts[i : i + size] for i in range(0, len(starts), size)]):
            if self._batch_size is None:
                x, y = x[0], None if y is None else y[0]
            yield x if y is None else (x, y)


def windows_ending_at(
    data: ArrayLike,
    rows: ArrayLike,
    lookback: int,
    step: int = 1,
    *,
    relative: bool = False,
    reverse: bool = False,
    batch_size: int = 128,
) -> WindowDataset:
    """Batches of the windows whose newest sample is a given row, without targets; for `predict`.

    Args:
        data: The series, (rows, features).
        rows: From lookback - step to len(data) - 1.
        lookback, step, relative, reverse, batch_size: See `WindowSource`.

    Returns:
        An iterable of x, (batch, lookback / step, features), with a length.

    Example:
        >>> from recurra.datasets.timeseries import windows_ending_at
        >>> (x,) = windows_ending_at(np.arange(6.0)[:, None], [4, 5], lookback=3)
        >>> x[:, :, 0].tolist()
        [[2.0, 3.0, 4.0], [3.0, 4.0, 5.0]]
    """
    series = np.ascontiguousarray(data, dtype=np.float32)
    plan = window_plan(lookback, step, relative, reverse, newest=0)
    return WindowDataset(Gathering(series, None, **plan), np.asarray(rows, np.int64), batch_size, None)


def timeseries_dataset_from_array(
    data: ArrayLike,
    targets: ArrayLike | None,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
) -> WindowDataset:
    """Batches of windows of a series, after Keras's function of this name.

    Window i holds data[s], data[s + sampling_rate], …, sequence_length rows from s = start_index + i * sequence_stride
    on; its target is targets[s]. Windows that would reach end_index are left out.

    Args:
        data: The series, time on axis 0; its type is kept.
        targets: One a row of data, or None: batches of windows alone.
        sequence_length: Rows a window.
        sequence_stride: Rows between the starts of two windows (default 1).
        sampling_rate: Rows between the samples of a window (default 1).
        batch_size: Windows a batch, the last one may be smaller (default 128); None: single windows, no batch axis.
        shuffle: A new random order on every pass (default False).
        seed: Of that order; None takes one from recurra.random.
        start_index, end_index: Use data[start_index:end_index] only.

    Returns:
        An iterable of (x, y) or x, with a length; x is (batch, sequence_length, …), y (batch, …).

    Raises:
        ValueError: An argument is out of range, or no window fits.

    Example:
        >>> values = np.arange(10.0)
        >>> windows = recurra.datasets.timeseries_dataset_from_array(values, values[3:], sequence_length=3)
        >>> x, y = next(iter(windows))
        >>> x[0].tolist(), float(y[0])
        ([0.0, 1.0, 2.0], 3.0)
    """
    series = np.ascontiguousarray(data)
    labels = None if targets is None else np.ascontiguousarray(targets)
    rows = len(series)
    start, end = start_index or 0, rows if end_index is None else end_index
    who = "timeseries_dataset_from_array"
    if not 0 <= start < rows:
        raise ValueError(f"{who}: start_index must be in [0, {rows}) for {rows} rows of data, got {start_index}")
    if not start < end <= rows:
        raise ValueError(f"{who}: end_index must be in ({start}, {rows}], got {end_index}")
    for name, value in (
        ("sequence_length", sequence_length),
        ("sequence_stride", sequence_stride),
        ("sampling_rate", sampling_rate),
        ("batch_size", 1 if batch_size is None else batch_size),
    ):
        if value < 1:
            raise ValueError(f"{who}: {name} must be at least 1, got {value}")
    count = end - start - (sequence_length - 1) * sampling_rate
    if labels is not None:
        count = min(count, len(labels) - start)
    if count < 1:
        raise ValueError(
            f"{who}: no window of {sequence_length} rows at sampling_rate {sampling_rate} fits "
            f"into rows {start} to {end}"
        )
    gathering = Gathering(series, labels, first=0, stride=sampling_rate, length=sequence_length)
    starts = np.arange(start, start + count, sequence_stride, dtype=np.int64)
    return WindowDataset(gathering, starts, batch_size, generator(seed) if shuffle else None)
