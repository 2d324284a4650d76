"""Many series of different lengths from one long table: sorted, evenly spaced, what is missing marked or filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.gaps import fill
from recurra.datasets.spacing import Spacing, Times, plural, spacing_of
from recurra.forecasting.frames import Stamps

Missing = Literal["error", "interpolate", "mask"]
Duplicates = Literal["error", "first", "last", "mean"]
MISSING: tuple[Missing, ...] = ("error", "interpolate", "mask")
DUPLICATES: tuple[Duplicates, ...] = ("error", "first", "last", "mean")
#: Stamps may be off the grid by this share of a step.
_OFF = 1e-3


@dataclass(frozen=True)
class Panel:
    """Series one behind the other.

    Attributes:
        ids: (series,), sorted.
        offsets: (series + 1,): the rows of series i are offsets[i] to offsets[i + 1].
        starts: (series,), the number of the first stamp of each.
        values: (rows, 1 + covariates), the target first; NaN where a value is missing.
        spacing: The step from row to row.
    """

    ids: NDArray[Any]
    offsets: NDArray[np.int64]
    starts: Times
    values: NDArray[np.float64]
    spacing: Spacing

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Rows of each series."""
        return np.diff(self.offsets)

    def stamps(self, series: int) -> Times:
        """The stamps of all rows of a series."""
        return self.spacing.grid(float(self.starts[series]), int(self.lengths[series]))

    def following(self, series: int, count: int) -> Times:
        """The `count` stamps that follow a series."""
        return self.spacing.grid(self.spacing.after(float(self.starts[series]), int(self.lengths[series])), count)

    def rows(self, series: int) -> slice:
        """Where the rows of a series stand."""
        return slice(int(self.offsets[series]), int(self.offsets[series + 1]))

    def without_last(self, count: int) -> Panel:
        """The series without their last `count` rows; those that have no more are left out."""
        kept = np.flatnonzero(self.lengths > count)
        parts = [self.values[self.offsets[i] : self.offsets[i + 1] - count] for i in kept]
        offsets = np.append(0, np.cumsum(self.lengths[kept] - count))
        values = np.concatenate(parts) if parts else self.values[:0]
        return Panel(self.ids[kept], offsets, self.starts[kept], values, self.spacing)


@dataclass(frozen=True)
class Reader:
    """Makes panels of columns.

    Attributes:
        spacing: The step that stamps must have; None finds it.
        stamps: How the stamps are read.
        missing: What is done about missing values and rows: "error", "interpolate" or "mask" (they stay NaN).
        duplicates: What is done about two rows with one stamp: "error", "first", "last" or "mean".
        what: The table, for errors.
    """

    spacing: Spacing
    stamps: Stamps
    missing: Missing
    duplicates: Duplicates
    what: str

    def read(self, names: NDArray[Any], times: Times, values: NDArray[np.float64], columns: list[str]) -> Panel:
        """The panel of rows in any order.

        Args:
            names: (rows,), the series of each row.
            times: (rows,), the number of its stamp.
            values: (rows, columns).
            columns: Their names, for errors.

        Raises:
            ValueError: The rows are not evenly spaced, occur twice or miss values, where that is an error.
        """
        ids, number = np.unique(names, return_inverse=True)
        order = np.lexsort((times, number))
        number, times, values = number[order], times[order], values[order]
        number, times, values = self._single(ids, number, times, values)
        ends = np.flatnonzero(np.diff(number, append=len(ids)))
        parts, begin = [], 0
        for name, end in zip(ids, ends + 1, strict=True):
            parts.append(self._series(name, times[begin:end], values[begin:end], columns))
            begin = int(end)
        starts = times[np.append(0, ends[:-1] + 1)]
        offsets = np.append(0, np.cumsum([len(part) for part in parts]))
        return Panel(ids, offsets, starts, np.concatenate(parts), self.spacing)

    def _single(
        self, ids: NDArray[Any], number: NDArray[np.int64], times: Times, values: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], Times, NDArray[np.float64]]:
        """One row for each stamp of a series."""
        again = np.append(False, (np.diff(number) == 0) & (np.diff(times) == 0))
        if not again.any():
            return number, times, values
        row = int(again.argmax())
        if self.duplicates == "error":
            raise ValueError(
                f"{self.what}: series '{ids[number[row]]}' has {self.stamps.text(times[row])} more than once; remove "
                "such rows, or give duplicates='first', 'last' or 'mean'"
            )
        firsts = np.flatnonzero(~again)
        lasts = np.append(firsts[1:], len(again)) - 1
        if self.duplicates == "mean":
            values = np.add.reduceat(values, firsts, axis=0) / (lasts - firsts + 1)[:, None]
        else:
            values = values[firsts if self.duplicates == "first" else lasts]
        return number[firsts], times[firsts], values

    def _series(self, name: Any, times: Times, values: NDArray[np.float64], columns: list[str]) -> NDArray[np.float64]:
        """The rows of one series on the grid of its stamps."""
        places = self.spacing.places(times)
        whole = np.round(places)
        off = np.abs(places - whole) > _OFF
        who = f"{self.what}: series '{name}'"
        if off.any() or (len(times) > 1 and 2 * (np.diff(whole) > 1).sum() > len(times) - 1):
            found = spacing_of(times) if self.stamps.kind == "date" else Spacing(float(np.diff(times).min()))
            most = "" if found is None else f" (most are {self._words(found)} apart)"
            step = self._words(self.spacing)
            late = f"{self.stamps.text(float(times[int(off.argmax())]))} is no step of {step} from"
            place = late if off.any() else f"most steps are longer than {step}, from"
            raise ValueError(
                f"{who}: {place} {self.stamps.text(times[0])} on{most}; give another freq, or even out the stamps"
            )
        rows = int(whole[-1]) + 1
        if self.missing == "error" and rows > len(times):
            at = int((np.diff(whole) > 1).argmax())
            raise ValueError(
                f"{who} has no row for {self.stamps.text(self.spacing.after(float(times[at]), 1))} "
                f"({plural(rows - len(times), 'row')} missing in all); add them, or give missing='interpolate' or "
                "'mask'"
            )
        even = values
        if rows > len(times):
            even = np.full((rows, values.shape[1]), np.nan)
            even[whole.astype(np.int64)] = values
        return self._filled(who, float(times[0]), even, columns)

    def _filled(self, who: str, start: float, values: NDArray[np.float64], columns: list[str]) -> NDArray[np.float64]:
        holes = np.isnan(values)
        if not holes.any():
            return values
        if holes[:, 0].all():
            raise ValueError(f"{who} has no value of '{columns[0]}' at all; leave the series out")
        if self.missing == "error":
            row, column = np.argwhere(holes)[0].tolist()
            raise ValueError(
                f"{who}: '{columns[column]}' is missing at {self.stamps.text(self.spacing.after(start, row))} "
                f"({plural(int(holes[:, column].sum()), 'value')} in all); fill them, or give missing='interpolate' "
                "or 'mask'"
            )
        if self.missing == "interpolate":
            values = values.copy()
            for column in np.flatnonzero(holes.any(axis=0) & ~holes.all(axis=0)).tolist():
                values[:, column] = fill(values[:, column], "interpolate")
        return values

    def _words(self, spacing: Spacing) -> str:
        return f"{spacing.count:g}" if self.stamps.kind == "integer" else str(spacing)
