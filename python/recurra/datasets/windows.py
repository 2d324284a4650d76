"""Windows of a long series as batches of training: gathered when they are needed, never stored all at once.

In the classic form the window of row r looks `lookback` rows back, its newest sample lies `step` rows before r, and its
target `delay` rows after r (Chollet, "Deep Learning with Python", 2017, section 6.3):

    x[j] = data[r - lookback + j * step],  j = 0 … lookback / step - 1
    y    = data[r + delay, target]

With `horizon` in place of `delay` row r itself is the newest sample, and the target lies `horizon` rows after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recurra.checks import whole_number, with_known_keywords
from recurra.conversion import to_array
from recurra.datasets.gathering import Gathering, generator, window_plan

__all__ = ["WindowSource"]

Batch = tuple[NDArray[Any], NDArray[Any]]


class WindowSource:
    """Batches of windows of a series, for `fit`, `evaluate`, `predict`, or as a generator (`next(source)`).

    Two ways to walk over the rows from `first_row` to max_index:

    * the classic generator (default), endless: with `shuffle` every batch draws its rows with replacement; without it
      rows come in order, and a batch that would reach max_index starts again from the first row.
    * `every_row_once=True`: one pass is every row exactly once, the last batch being smaller; with `shuffle` every
      pass has an order of its own. Right for an honest evaluation.

    While a batch is being used the next one is gathered by a thread of the engine. Every batch has its own memory.

    Args:
        data: The series, (rows, features) or (rows,); float32 is used as it lies in memory, others are converted once.
        lookback: Rows a window spans; a multiple of `step`.
        delay: Rows from the row after the window to the target (default 0: that row itself).
        min_index, max_index: Rows to draw from; max_index None: as far as targets reach.
        shuffle: Whether rows are drawn at random (default False).
        batch_size: Windows in a batch (default 128).
        step: Rows between the samples of a window (default 1).
        horizon: Rows from the newest sample, which is then the row itself, to the target; replaces `delay`.
        target: Column to predict, or several (default 0).
        predict_change: Whether y is the target less its newest value in the window (default False).
        relative: Whether a window holds differences from its newest sample (default False).
        reverse: Whether the window runs backwards in time (default False).
        every_row_once: See above (default False).
        skip_missing: Leave out windows in which a sample or the target is NaN, in place of an error (default False).
        seed: Of the random rows; None takes one from recurra.random.

    Yields:
        x (batch, lookback / step, features) and y (batch,), or (batch, targets) for several, in float32.

    Raises:
        ValueError: No row has a window and a target in the given range, lookback is not a multiple of step, or a
            value of `data` is not finite.

    Example:
        >>> hours = np.arange(1000.0)
        >>> load = np.stack([np.sin(hours / 4), np.cos(hours / 4)], axis=1)
        >>> source = recurra.datasets.WindowSource(load, lookback=48, horizon=24, shuffle=True, batch_size=32)
        >>> x, y = next(source)
        >>> x.shape, y.shape
        ((32, 48, 2), (32,))
    """

    @with_known_keywords
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
        horizon: int | None = None,
        target: int | Sequence[int] = 0,
        predict_change: bool = False,
        relative: bool = False,
        reverse: bool = False,
        every_row_once: bool = False,
        skip_missing: bool = False,
        seed: int | None = None,
    ) -> None:
        series = np.ascontiguousarray(to_array(data, "WindowSource: data"), dtype=np.float32)
        if series.ndim == 1:
            series = series[:, None]
        if series.ndim != 2:
            raise ValueError(f"WindowSource: data must be (rows, features), got shape {series.shape}")
        for name, value, least in (
            ("lookback", lookback, 1),
            ("delay", delay, 0),
            ("horizon", 1 if horizon is None else horizon, 1),
            ("step", step, 1),
            ("batch_size", batch_size, 1),
        ):
            whole_number(value, "WindowSource", name, least)
        if lookback % step:
            raise ValueError(f"WindowSource: lookback must be a multiple of step {step}, got {lookback}")
        if horizon is not None and delay:
            raise ValueError(f"WindowSource: give horizon or delay, not both; got horizon={horizon} and delay={delay}")
        rows = len(series)
        ahead = delay if horizon is None else horizon
        #: The newest sample of a row's window, relative to the row.
        newest = -step if horizon is None else 0
        end = (rows - delay - 1 if horizon is None else rows - horizon) if max_index is None else max_index
        if min_index < 0 or end + ahead > rows:
            raise ValueError(
                f"WindowSource: rows {min_index} to {end} with {'delay' if horizon is None else 'horizon'} {ahead} "
                f"reach outside the {rows} rows of data"
            )
        if min_index + lookback - step - newest >= end:
            raise ValueError(
                f"WindowSource: no window of {lookback} rows fits between row {min_index} and row {end}; "
                f"give a longer series or a shorter lookback"
            )
        columns = np.atleast_1d(np.asarray(target, dtype=np.int64))
        if columns.ndim != 1 or not np.all((columns >= -series.shape[1]) & (columns < series.shape[1])):
            raise ValueError(f"WindowSource: target {target} is not a column of data with {series.shape[1]} columns")
        used = series[min_index : end + ahead]
        if not skip_missing and not np.isfinite(used).all():
            row, column = np.argwhere(~np.isfinite(used))[0]
            raise ValueError(
                f"WindowSource: data[{row + min_index}, {column}] is {used[row, column]}; fill or drop it first"
            )
        self.lookback, self.delay, self.horizon, self.step = lookback, delay, horizon, step
        self.min_index, self.max_index = min_index, end
        self.batch_size, self.shuffle, self.every_row_once = batch_size, shuffle, every_row_once
        self.target, self.predict_change, self.relative, self.reverse = target, predict_change, relative, reverse
        self._random = generator(seed) if shuffle else None
        #: The first row that has a whole window.
        self.first_row = min_index + lookback - step - newest
        self._next = 0
        targets = np.ascontiguousarray(series[:, columns[0]] if np.ndim(target) == 0 else series[:, columns])
        self._gathering = Gathering(
            series,
            targets,
            **window_plan(lookback, step, relative, reverse, newest),
            delay=ahead,
            change=predict_change,
        )
        self._rows = np.arange(self.first_row, self.max_index)
        if skip_missing:
            whole = np.isfinite(targets[self._rows + ahead].reshape(len(self._rows), -1)).all(axis=1)
            self._rows = self._rows[whole & whole_windows(series, self._rows + newest, lookback, step)]
            if not len(self._rows):
                raise ValueError(f"WindowSource: every window of {lookback} rows or its target holds a missing value")
        self._pass: Iterator[Batch] | None = None

    @property
    def rows(self) -> NDArray[np.int64]:
        """All rows that have a window and a target, in order."""
        return self._rows

    def __len__(self) -> int:
        """Batches of one pass over all rows."""
        return -(-len(self._rows) // self.batch_size)

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
        count = len(self._rows)
        if self._random is not None:
            return self._rows[self._random.integers(0, count, size=self.batch_size)]
        if self._next >= count - self.batch_size:
            self._next = 0
        rows = self._rows[self._next : self._next + self.batch_size]
        self._next += len(rows)
        return rows

    def _one_pass(self) -> Iterator[Batch]:
        rows = self._rows if self._random is None else self._random.permutation(self._rows)
        return self._gathering.batches([rows[i : i + self.batch_size] for i in range(0, len(rows), self.batch_size)])


def whole_windows(
    data: NDArray[np.floating[Any]], newest: NDArray[np.int64], lookback: int, step: int
) -> NDArray[np.bool_]:
    """Whether all samples of the windows with these newest rows are finite."""
    whole = np.isfinite(data).all(axis=1)
    return np.asarray(np.logical_and.reduce([whole[newest - back] for back in range(0, lookback, step)]))
