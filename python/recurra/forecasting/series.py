"""An evenly sampled series, made from a table; what is wrong with the table is said, not hidden."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.csv_file import Table
from recurra.datasets.gaps import Filling, fill, longest_gap
from recurra.datasets.spacing import Resolution, Spacing, date_text, plural, resolution_of
from recurra.forecasting.regular import Duplicates, Irregular, regular_rows

Missing = Literal["refuse", "interpolate", "forward", "skip"]

_SYMBOLS = {"degC": "°C", "degF": "°F", "deg": "°", "deg C": "°C", "C": "°C"}


@dataclass(frozen=True)
class Series:
    """What a forecast is made from.

    Attributes:
        source: Where it comes from, for people.
        names: Of the columns.
        values: float64 (rows, columns); NaN only where missing values are to be skipped.
        times: Seconds since 1970-01-01 of each row, or None.
        spacing: The step from row to row, or None where there are no dates.
        synthetic: Whether the numbers were made by a formula.
        notices: What was done to the table on the way, one sentence each.
        zone: Seconds that the file's clock is ahead of UTC; None where it names no zone.
        steady: Whether rows after the last one can be dated.

    Example:
        >>> from recurra.datasets.spacing import Spacing
        >>> hours = np.array([0.0, 3600.0])
        >>> series = recurra.forecasting.Series("made up", ("load",), np.ones((2, 1)), hours, Spacing(3600.0))
        >>> series.label(2), series.span(24)
        ('1970-01-01 02:00', '24 h')
    """

    source: str
    names: tuple[str, ...]
    values: NDArray[np.float64]
    times: NDArray[np.float64] | None
    spacing: Spacing | None
    synthetic: bool = False
    notices: list[str] = field(default_factory=list)
    zone: float | None = None
    steady: bool = True

    def __len__(self) -> int:
        return len(self.values)

    @property
    def interval(self) -> float | None:
        """Seconds between two rows; None without dates, and where steps differ in length as months do."""
        return self.spacing.count if self.spacing is not None and self.spacing.by_clock else None

    def time_after(self, row: int) -> float | None:
        """Seconds since 1970-01-01 at a row, which may lie after the last one; None where it is unknown."""
        if self.times is None or self.spacing is None:
            return None
        last = len(self) - 1
        if row <= last:
            return float(self.times[row])
        return self.spacing.after(float(self.times[last]), row - last) if self.steady else None

    @cached_property
    def _resolution(self) -> Resolution | None:
        return None if self.times is None else resolution_of(self.times, self.spacing, self.zone)

    def date_text(self, moment: float) -> str:
        """A time for people, written as finely as the series needs: the day alone where rows are days or months."""
        return date_text(moment, self.zone, self._resolution)

    def label(self, row: int) -> str:
        """The time of a row for people, or its number."""
        moment = self.time_after(row)
        return f"row {row}" if moment is None else self.date_text(moment)

    def span(self, rows: int) -> str:
        """So many rows as a time where the series has dates: `24 h`, `3 months`, `12 rows`."""
        return plural(rows, "row") if self.spacing is None else self.spacing.text(rows)


def unit_of(name: str) -> str:
    """The unit in a column's name: `T (degC)` has °C; empty where there is none.

    Example:
        >>> recurra.forecasting.unit_of("T (degC)")
        '°C'
    """
    match = re.search(r"[(\[]([^()\[\]]+)[)\]]\s*$", name)
    return _SYMBOLS.get(match[1], match[1]) if match else ""


def normalized(
    series: Series, mean: NDArray[np.float64], std: NDArray[np.float64], names: Sequence[str] | None = None
) -> NDArray[np.float32]:
    """Columns less their means, in units of their standard deviations.

    Args:
        series: With the columns.
        mean, std: Of each column.
        names: The columns; None: all.

    Raises:
        ValueError: A value lies so far from the mean that float32 cannot hold it.
    """
    names = series.names if names is None else names
    values = series.values[:, [series.names.index(name) for name in names]]
    with np.errstate(over="ignore"):
        data = ((values - mean) / std).astype(np.float32)
    lost = np.isinf(data)
    if lost.any():
        row, column = (int(place) for place in np.argwhere(lost)[0])
        raise ValueError(
            f"{series.source}: column '{names[column]}' has {values[row, column]:g} at {series.label(row)}, out of "
            f"proportion to its mean {mean[column]:g} and standard deviation {std[column]:g}; correct or remove it"
        )
    return data


def series_from_table(
    table: Table,
    target: str,
    features: Sequence[str] | None = None,
    *,
    drop: Sequence[str] = (),
    missing: Missing = "refuse",
    max_gap: int = 6,
    irregular: Irregular = "refuse",
    duplicates: Duplicates = "refuse",
) -> Series:
    """Chooses columns, checks that time goes in even steps, and sees to missing values.

    Args:
        table: What was read.
        target: The column that will be predicted.
        features: The columns to predict from; None: all, save those that only count rows. The target may be left out.
        drop: Columns to leave out.
        missing: "refuse"; fill gaps of at most `max_gap` rows, "interpolate" between the neighbours (which looks into
            the future by that much) or "forward" with the last value; or "skip": keep them, and leave out the windows
            that touch them.
        max_gap: Rows of the longest gap that may be filled (default 6).
        irregular: "refuse" a series whose times are not evenly spaced, "fill" in missing rows as missing values, or
            "ignore" the times and count rows.
        duplicates: "refuse" times that occur more than once, or keep their "first" or "last" row or the "mean".

    Raises:
        ValueError: An unknown column, missing values, gaps or duplicates; the message says which option helps.

    Example:
        >>> from recurra.datasets import Table
        >>> from recurra.forecasting import series_from_table
        >>> table = Table("made up", ("load",), np.ones((3, 1)), np.array([0.0, 3600.0, 7200.0]))
        >>> series_from_table(table, "load").label(3)
        '1970-01-01 03:00'
    """
    notices = [f"text columns are ignored: {', '.join(table.text_columns)}"] if table.text_columns else []
    unknown = [name for name in drop if name not in table.names and name not in table.text_columns]
    if unknown:
        table.column(unknown[0])
    table.column(target)
    if target in drop:
        raise ValueError(f"{table.source}: the target '{target}' cannot be dropped")
    names = _chosen(table, target, features, drop, notices)
    rows = regular_rows(table, table.values[:, [table.column(name) for name in names]], irregular, duplicates)
    notices += rows.notices
    values = _without_gaps(table.source, names, rows.values, names.index(target), missing, max_gap, notices)
    return Series(
        table.source, tuple(names), values, rows.times, rows.spacing, table.synthetic, notices, table.zone, rows.steady
    )


def _chosen(
    table: Table, target: str, features: Sequence[str] | None, drop: Sequence[str], notices: list[str]
) -> list[str]:
    if features is None:
        counters = [
            name
            for i, name in enumerate(table.names)
            if name != target and len(table) > 1 and (np.diff(table.values[:, i]) == 1).all()
        ]
        if counters:
            notices.append(f"columns that only count rows are ignored: {', '.join(counters)}")
        left_out = {*drop, *counters}
        names = [name for name in table.names if name not in left_out]
    else:
        for name in features:
            table.column(name)
        names = [name for name in dict.fromkeys(features) if name not in drop]
    return names if target in names else [*names, target]


def _without_gaps(
    source: str,
    names: Sequence[str],
    values: NDArray[np.float64],
    target: int,
    missing: Missing,
    max_gap: int,
    notices: list[str],
) -> NDArray[np.float64]:
    holes = np.isnan(values)
    if not holes.any():
        return values
    if missing == "skip":
        touched = int(holes.any(axis=1).sum())
        notices.append(f"windows that touch {plural(touched, 'row')} with missing values are left out")
        return values
    values = values.copy()
    filled = []
    for i in np.flatnonzero(holes.any(axis=0)).tolist():
        count, gap = int(holes[:, i].sum()), longest_gap(values[:, i])
        if missing == "refuse" or gap > max_gap:
            fill_option = "--missing interpolate or forward" if missing == "refuse" else f"--missing {missing}"
            fill_option = f"--max-gap {gap} {fill_option}" if gap > max_gap else fill_option
            cures = [f"fill them ({fill_option})", "leave out the windows that touch them (--missing skip)"]
            if gap > max_gap:
                cures.reverse()
            if i != target:
                cures.append(f"leave out the column (--drop '{names[i]}')")
            raise ValueError(
                f"{source}: column '{names[i]}' is missing {count:,} of {len(values):,} values (longest gap: "
                f"{plural(gap, 'row')}; first missing: row {int(holes[:, i].argmax()) + 1}); "
                f"{', '.join(cures[:-1])} or {cures[-1]}"
            )
        how: Filling = "interpolate" if missing == "interpolate" else "forward"
        values[:, i] = fill(values[:, i], how)
        filled.append(f"{count:,} in {names[i]}")
    way = "between their neighbours" if missing == "interpolate" else "with the last value before them"
    notices.append(f"missing values were filled {way}: {', '.join(filled)}")
    return values
