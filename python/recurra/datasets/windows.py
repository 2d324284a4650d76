"""Windows of a long series as batches of training: gathered when they are needed, never stored all at once.

The window of row r looks `lookback` rows back and its target lies `delay` rows ahead (Chollet, "Deep Learning with
Python", 2017, section 6.3):

    x[j] = data[r - lookback + j * step],  j = 0 … lookback / step - 1
    y    = data[r + delay, target]
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recurra import _engine

__all__ = ["WindowDataset", "WindowSource", "timeseries_dataset_from_array", "windows_before"]

Batch = tuple[NDArray[Any], NDArray[Any]]


class WindowSource:
    """Batches of windows of a series, for `fit`, `evaluate`, `predict`, or as a generator (`next(source)`).

    Two ways to walk over the rows [min_index + lookback, max_index):

    * the classic generator (default), endless: with `shuffle` every batch draws its rows with replacement; without it
      rows come in order, and a batch that would reach max_index starts again from the first row.
    * `every_row_once=True`: one pass is every row exactly once, the last batch being smaller; with `shuffle` every
      pass has an order of its own. Right for an honest evaluation.

    While a batch is being used the next one is gathered by a thread of the engine. Every batch has its own memory.

    Args:
        data: the series, (rows, features) or (rows,); float32 is used as it lies in memory, others are converted once.
        lookback: rows a window spans; a multiple of `step`.
        delay: rows from the window's end to its target (default 0: the row after the window).
        min_index, max_index: rows to draw from; max_index None: as far as targets reach, len(data) - delay - 1.
        shuffle: whether rows are drawn at random (default False).
        batch_size: windows a batch (default 128).
        step: rows between the samples of a window (default 1).
        target: column to predict, or several (default 0).
        predict_change: whether y is the target less its last value in the window (default False).
        relative: whether a window holds differences from its last sample (default False).
        reverse: whether the window runs backwards in time (default False).
        every_row_once: see above (default False).
        seed: of the random rows; None takes one from recurra.random.

    Yields:
        x (batch, lookback / step, features) and y (batch,), or (batch, targets) for several, in float32.

    Raises:
        ValueError: no row has a window and a target in the given range, lookback is no multiple of step, or a value
            of `data` is not finite.
    """

    def __init__(
        self,
        data: ArrayLike,
        lookback: int,
        delay: int = 0,
        min_index: int = 0,
        max_index: int | None = None,
        shuffle: bool = False,
        batch_size: int = 128,
        step: int = 1,
        *,
        target: int | Sequence[int] = 0,
        predict_change: bool = False,
        relative: bool = False,
        reverse: bool = False,
        every_row_once: bool = False,
        seed: int | None = None,
    ) -> None:
        series = np.ascontiguousarray(data, dtype=np.float32)
        if series.ndim == 1:
            series = series[:, None]
        if series.ndim != 2:
            raise ValueError(f"WindowSource: data must be (rows, features), got shape {series.shape}")
        for name, value, least in (
            ("lookback", lookback, 1),
            ("delay", delay, 0),
            ("step", step, 1),
            ("batch_size", batch_size, 1),
        ):
            if value < least:
                raise ValueError(f"WindowSource: {name} must be at least {least}, got {value}")
        if lookback % step:
            raise ValueError(f"WindowSource: lookback {lookback} is not a multiple of step {step}")
        rows = len(series)
        end = rows - delay - 1 if max_index is None else max_index
        if min_index < 0 or end + delay > rows:
            raise ValueError(
                f"WindowSource: rows {min_index} to {end} with delay {delay} reach outside the {rows} rows of data"
            )
        if min_index + lookback >= end:
            raise ValueError(
                f"WindowSource: no window of {lookback} rows fits between row {min_index} and row {end}; "
                f"give a longer series or a shorter lookback"
            )
        columns = np.atleast_1d(np.asarray(target, dtype=np.int64))
        if columns.ndim != 1 or not np.all((columns >= -series.shape[1]) & (columns < series.shape[1])):
            raise ValueError(f"WindowSource: target {target} is not a column of data with {series.shape[1]} columns")
        used = series[min_index : end + delay]
        if not np.isfinite(used).all():
            row, column = np.argwhere(~np.isfinite(used))[0]
            raise ValueError(
                f"WindowSource: data[{row + min_index}, {column}] is {used[row, column]}; fill or drop it first"
            )
        self.lookback, self.delay, self.step = lookback, delay, step
        self.min_index, self.max_index = min_index, end
        self.batch_size, self.shuffle, self.every_row_once = batch_size, shuffle, every_row_once
        self.target, self.predict_change, self.relative, self.reverse = target, predict_change, relative, reverse
        self._random = _generator(seed) if shuffle else None
        self._next_row = self.first_row
        targets = np.ascontiguousarray(series[:, columns[0]] if np.ndim(target) == 0 else series[:, columns])
        self._gathering = _Gathering(
            series,
            targets,
            **_plan(lookback, step, relative, reverse),
            delay=delay,
            change=predict_change,
        )
        self._pass: Iterator[Batch] | None = None

    @property
    def first_row(self) -> int:
        """The first row that has a whole window."""
        return self.min_index + self.lookback

    @property
    def rows(self) -> NDArray[np.int64]:
        """All rows that have a window and a target, in order."""
        return np.arange(self.first_row, self.max_index)

    def __len__(self) -> int:
        """Batches of one pass over all rows."""
        return -(-(self.max_index - self.first_row) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        return self._one_pass() if self.every_row_once else self

    def __next__(self) -> Batch:
        if self.every_row_once:
            if self._pass is None:
                self._pass = self._one_pass()
            try:
                return next(self._pass)
            except StopIteration:
                self._pass = None
                raise
        if not self._gathering.pending:
            self._gathering.request(self._draw())
        self._gathering.request(self._draw())
        batch: Batch = self._gathering.take()
        return batch

    def _draw(self) -> NDArray[np.int64]:
        """The rows of the classic generator's next batch."""
        if self._random is not None:
            return self._random.integers(self.first_row, self.max_index, size=self.batch_size)
        if self._next_row + self.batch_size >= self.max_index:
            self._next_row = self.first_row
        rows = np.arange(self._next_row, min(self._next_row + self.batch_size, self.max_index))
        self._next_row += len(rows)
        return rows

    def _one_pass(self) -> Iterator[Batch]:
        rows = self.rows if self._random is None else self._random.permutation(self.rows)
        return self._gathering.batches([rows[i : i + self.batch_size] for i in range(0, len(rows), self.batch_size)])


class WindowDataset:
    """Batches of windows at given rows; may be walked over again and again."""

    def __init__(
        self,
        gathering: _Gathering,
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


def windows_before(
    data: ArrayLike,
    rows: ArrayLike,
    lookback: int,
    step: int = 1,
    *,
    relative: bool = False,
    reverse: bool = False,
    batch_size: int = 128,
) -> WindowDataset:
    """Batches of the windows that end before the given rows, without targets; for `predict`.

    Args:
        data: the series, (rows, features).
        rows: from lookback to len(data); the last is the row behind the series.
        lookback, step, relative, reverse, batch_size: see WindowSource.

    Returns:
        An iterable of x, (batch, lookback / step, features), with a length.
    """
    series = np.ascontiguousarray(data, dtype=np.float32)
    plan = _plan(lookback, step, relative, reverse)
    return WindowDataset(_Gathering(series, None, **plan), np.asarray(rows, np.int64), batch_size, None)


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
        data: the series, time on axis 0; its type is kept.
        targets: one a row of data, or None: batches of windows alone.
        sequence_length: rows a window.
        sequence_stride: rows between the starts of two windows (default 1).
        sampling_rate: rows between the samples of a window (default 1).
        batch_size: windows a batch, the last one may be smaller (default 128); None: single windows, no batch axis.
        shuffle: a new random order on every pass (default False).
        seed: of that order; None takes one from recurra.random.
        start_index, end_index: use data[start_index:end_index] only.

    Returns:
        An iterable of (x, y) or x, with a length; x is (batch, sequence_length, …), y (batch, …).

    Raises:
        ValueError: an argument is out of range, or no window fits.
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
    gathering = _Gathering(series, labels, first=0, stride=sampling_rate, length=sequence_length)
    starts = np.arange(start, start + count, sequence_stride, dtype=np.int64)
    return WindowDataset(gathering, starts, batch_size, _generator(seed) if shuffle else None)


class _Gathering:
    """The engine's loader with the arrays it reads; makes a new one where the process was forked."""

    def __init__(self, data: NDArray[Any], targets: NDArray[Any] | None, **plan: Any) -> None:
        self._data, self._targets, self._plan = data, targets, plan
        self._loader, self._process = self._new_loader(), os.getpid()

    def _new_loader(self) -> _engine.WindowLoader:
        targets = None if self._targets is None else _engine.Tensor(self._targets)
        return _engine.WindowLoader(_engine.Tensor(self._data), targets, **self._plan)

    def __getstate__(self) -> dict[str, Any]:
        return {"data": self._data, "targets": self._targets, "plan": self._plan}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["data"], state["targets"], **state["plan"])  # type: ignore[misc]

    def _current(self) -> _engine.WindowLoader:
        if self._process != os.getpid():
            self._loader, self._process = self._new_loader(), os.getpid()
        return self._loader

    @property
    def pending(self) -> int:
        return self._current().pending

    def request(self, rows: NDArray[np.int64]) -> None:
        self._current().request(rows)

    def take(self) -> Any:
        return self._current().take()

    def batches(self, parts: Sequence[NDArray[np.int64]]) -> Iterator[Any]:
        """One pass over `parts` on a loader of its own, so that several passes may run side by side."""
        loader = self._new_loader()
        for part in parts[:1]:
            loader.request(part)
        for following in [*parts[1:], None]:
            if following is not None:
                loader.request(following)
            yield loader.take()


def _plan(lookback: int, step: int, relative: bool, reverse: bool) -> dict[str, Any]:
    """The samples of the window of a row, relative to it."""
    first, stride = (-step, -step) if reverse else (-lookback, step)
    return {"first": first, "stride": stride, "length": lookback // step, "base": -step, "relative": relative}


def _generator(seed: int | None) -> np.random.Generator:
    if seed is None:
        from recurra import random

        return np.random.default_rng(random.next_stream())
    return np.random.default_rng(seed)
