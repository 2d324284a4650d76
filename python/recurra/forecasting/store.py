"""All windows of all series: the series lie scaled one behind the other, and a batch gathers its windows from there.

A row has the columns: target, whether it was observed, covariates known in the past only, covariates known in the
future. What is missing is filled with the last value before it; it counts in no loss. A series shorter than a window
gets rows in front, which repeat its first value and count as not observed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.gaps import fill
from recurra.datasets.gathering import Gathering
from recurra.forecasting.panel import Panel

Floats = NDArray[np.floating[Any]]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Sizes:
    """What a network gets and gives.

    Attributes:
        lookback: L, steps of a window.
        horizon: H, steps of a forecast.
        past: Covariates of the steps of a window, among them those known in the future, and whether a step was
            observed where values are missing.
        future: Covariates of the steps of a forecast.
        static: Numbers that describe a series.
        series: Series in training.
        outputs: Numbers the network gives for each step of a forecast.
        season: Steps of a season.
    """

    lookback: int
    horizon: int
    past: int = 0
    future: int = 0
    static: int = 0
    series: int = 1
    outputs: int = 1
    season: int = 1


@dataclass(frozen=True)
class Batch:
    """Windows side by side, B of them.

    Attributes:
        y: (B, L, 1), scaled.
        past: (B, L, past covariates).
        future: (B, H, future covariates).
        static: (B, static covariates).
        series: (B,), the number of the series.
        target: (B, H), scaled.
        weight: (B, H), 1 where the target was observed; None where all were.
    """

    y: Floats
    past: Floats
    future: Floats
    static: Floats
    series: NDArray[np.int32]
    target: Floats
    weight: Floats | None


class Store:
    """The series of a panel, scaled, ready to gather windows from.

    Args:
        panel: The series.
        scales: (series, 2), shift and scale of each target.
        covariates: (covariates, 2), shift and scale of each covariate.
        static: (series, numbers).
        numbers: (series,), the number of each in training.
        future: How many of the covariates, the last ones, are known in the future.
        lookback: L.
        horizon: H.
        observed: Whether networks are told which steps were observed.
        ahead: (series, H, future covariates), rows behind the end of each series for forecasts; None for training.
        dtype: Of the windows, default float32.
    """

    def __init__(
        self,
        panel: Panel,
        scales: NDArray[np.float64],
        covariates: NDArray[np.float64],
        static: NDArray[np.float64],
        numbers: NDArray[np.int64],
        future: int,
        lookback: int,
        horizon: int,
        observed: bool,
        ahead: NDArray[np.float64] | None = None,
        dtype: Any = np.float32,
    ) -> None:
        self.lookback, self.horizon, self.observed = lookback, horizon, observed
        self.static, self.numbers = static.astype(np.float32), numbers.astype(np.int32)
        self.future = future
        self.lengths = panel.lengths
        self.padding = np.where(self.lengths < lookback + horizon, lookback - 1, 0)
        behind = 0 if ahead is None else horizon
        ends = np.cumsum(self.padding + self.lengths + behind)
        #: The row of the first value of each series.
        self.begins: Rows = ends - behind - self.lengths
        self.data = np.empty((int(ends[-1]), 1 + panel.values.shape[1]), dtype=dtype)
        for i in range(len(panel)):
            rows = self.data[ends[i] - behind - self.lengths[i] - self.padding[i] : ends[i]]
            values = panel.values[panel.rows(i)]
            if ahead is not None:
                late = np.full((horizon, values.shape[1]), np.nan)
                if future:
                    late[:, -future:] = ahead[i]
                values = np.concatenate([values, late])
            self._write(rows, values, int(self.padding[i]), scales[i], covariates)
        self._series = np.repeat(np.arange(len(panel)), self.padding + self.lengths + behind)
        self._gathering = Gathering(
            self.data, None, first=1 - lookback, stride=1, length=lookback + horizon, base=0, relative=False
        )

    @staticmethod
    def _write(
        rows: Floats,
        values: NDArray[np.float64],
        padding: int,
        scale: NDArray[np.float64],
        covariates: NDArray[np.float64],
    ) -> None:
        holes = np.isnan(values)
        rows[padding:, 1] = ~holes[:, 0]
        if holes.any():
            values = values.copy()
            for column in np.flatnonzero(holes.any(axis=0) & ~holes.all(axis=0)).tolist():
                values[:, column] = fill(values[:, column], "forward")
            for column in np.flatnonzero(holes.all(axis=0)).tolist():
                values[:, column] = scale[0] if column == 0 else covariates[column - 1, 0]
        rows[padding:, 0] = (values[:, 0] - scale[0]) / scale[1]
        rows[padding:, 2:] = (values[:, 1:] - covariates[:, 0]) / covariates[:, 1]
        rows[:padding] = rows[padding]
        rows[:padding, 1] = 0

    def newest_of(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> Rows:
        """The newest rows of the windows whose targets all lie in rows `first` to `last` of each series."""
        # A window of a long series has only true rows; that of a short one begins with repeated ones.
        least = np.where(self.padding > 0, 0, self.lookback - 1)
        low, high = np.maximum(least, first - 1), last - self.horizon
        newest = [np.arange(b + lo, b + hi + 1) for b, lo, hi in zip(self.begins, low, high, strict=True) if hi >= lo]
        rows = np.concatenate(newest) if newest else np.empty(0, dtype=np.int64)
        seen = np.append(0, np.cumsum(self.data[:, 1]))
        known = seen[np.minimum(rows + 1 + self.horizon, len(seen) - 1)] > seen[rows + 1]
        return np.asarray(rows[known & (seen[rows + 1] > seen[rows + 1 - self.lookback])])

    def series_at(self, rows: Rows) -> NDArray[np.int64]:
        """The place in the panel of the series that rows belong to."""
        return self._series[rows]

    def batches(self, parts: list[Rows]) -> Iterator[Batch]:
        """One batch for each array of newest rows."""
        for rows, (windows, _) in zip(parts, self._gathering.batches(parts), strict=True):
            yield self._batch(windows, self._series[rows])

    def _batch(self, windows: Floats, series: NDArray[np.int64]) -> Batch:
        lookback = self.lookback
        weight = windows[:, lookback:, 1]
        return Batch(
            windows[:, :lookback, :1],
            windows[:, :lookback, 1 if self.observed else 2 :],
            windows[:, lookback:, windows.shape[2] - self.future :],
            self.static[series],
            self.numbers[series],
            windows[:, lookback:, 0],
            None if weight.all() else weight,
        )


def thinned(newest: Rows, most: int) -> Rows:
    """At most so many of the windows, evenly chosen."""
    if len(newest) <= most:
        return newest
    return np.asarray(newest[np.linspace(0, len(newest) - 1, most).astype(np.int64)])


class Windows:
    """Batches for `fit`: every window once in each pass, or some of them drawn anew.

    Args:
        store: Where windows are gathered.
        newest: Their newest rows.
        batch_size: Windows in a batch.
        arrange: Makes (x, y) or (x, y, weight) of a batch.
        steps: Batches of a pass, for which the windows are drawn again and again; None: each window once.
        seed: Of the order; None keeps it.
    """

    def __init__(
        self,
        store: Store,
        newest: Rows,
        batch_size: int,
        arrange: Callable[[Batch], Any],
        steps: int | None = None,
        seed: int | None = None,
    ) -> None:
        self.store, self.newest, self.batch_size, self.arrange = store, newest, batch_size, arrange
        self.steps = -(-len(newest) // batch_size) if steps is None else steps
        self._random = None if seed is None else np.random.default_rng(seed)

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[Any]:
        for batch in self.store.batches(self._parts()):
            yield self.arrange(batch)

    def _parts(self) -> list[Rows]:
        """The windows of each batch of a pass."""
        wanted = min(self.steps * self.batch_size, self.steps * len(self.newest))
        orders: list[Rows] = []
        while sum(map(len, orders)) < wanted:
            orders.append(self.newest if self._random is None else self._random.permutation(self.newest))
        rows = np.concatenate(orders)
        size = min(self.batch_size, len(self.newest))
        return [rows[i * size : (i + 1) * size] for i in range(self.steps)]
