"""A regularly sampled series without gaps, made from a table; what is wrong with the table is said, not hidden."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.csv_file import Table
from recurra.datasets.gaps import Filling, fill, longest_gap
from recurra.forecasting.durations import written

Missing = Literal["refuse", "interpolate", "forward"]
Irregular = Literal["refuse", "fill", "ignore"]

_SYMBOLS = {"degC": "°C", "degF": "°F", "deg": "°", "deg C": "°C", "C": "°C"}


@dataclass(frozen=True)
class Series:
    """What a forecast is made from.

    Attributes:
        source: where it comes from, for people.
        names: of the columns.
        values: float64 (rows, columns), all finite.
        times: seconds since 1970-01-01 of each row, or None.
        interval: seconds between two rows, or None where there are no dates.
        synthetic: whether the numbers were made by a formula.
        notices: what was done to the table on the way, one sentence each.
    """

    source: str
    names: tuple[str, ...]
    values: NDArray[np.float64]
    times: NDArray[np.float64] | None
    interval: float | None
    synthetic: bool = False
    notices: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.values)

    def time_after(self, row: int) -> float | None:
        """Seconds since 1970-01-01 at a row, which may lie behind the last one."""
        if self.times is None or self.interval is None:
            return None
        last = len(self) - 1
        return float(self.times[min(row, last)] + max(0, row - last) * self.interval)


def unit_of(name: str) -> str:
    """The unit in a column's name: `T (degC)` has °C; empty where there is none."""
    match = re.search(r"[(\[]([^()\[\]]+)[)\]]\s*$", name)
    return _SYMBOLS.get(match[1], match[1]) if match else ""


def series_from_table(
    table: Table,
    target: str,
    features: Sequence[str] | None = None,
    *,
    drop: Sequence[str] = (),
    missing: Missing = "refuse",
    max_gap: int = 6,
    irregular: Irregular = "refuse",
) -> Series:
    """Chooses columns, checks that time goes in equal steps, and sees to missing values.

    Args:
        table: what was read.
        target: the column that will be predicted.
        features: the columns to predict from; None: all, save those that only count rows. The target may be left out.
        drop: columns to leave out.
        missing: "refuse", or fill gaps of at most `max_gap` rows: "interpolate" between the neighbours (which looks
            into the future by that much) or "forward" with the last value.
        max_gap: rows of the longest gap that may be filled (default 6).
        irregular: "refuse" a series whose times do not go in equal steps, "fill" missing rows as missing values, or
            "ignore" the times and count rows.

    Raises:
        ValueError: an unknown column, missing values, gaps or times out of order; the message says what can be done.
    """
    notices = [f"columns of text are left out: {', '.join(table.text_columns)}"] if table.text_columns else []
    unknown = [name for name in drop if name not in table.names and name not in table.text_columns]
    if unknown:
        table.column(unknown[0])
    table.column(target)
    if target in drop:
        raise ValueError(f"{table.source}: the target '{target}' cannot be dropped")
    names = _chosen(table, target, features, drop, notices)
    values = table.values[:, [table.column(name) for name in names]]
    times, interval, values = _regular(table, values, irregular, notices)
    values = _without_gaps(table.source, names, values, missing, max_gap, notices)
    return Series(table.source, tuple(names), values, times, interval, table.synthetic, notices)


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
            notices.append(f"columns that only count rows are left out: {', '.join(counters)}")
        names = [name for name in table.names if name not in drop and name not in counters]
    else:
        for name in features:
            table.column(name)
        names = [name for name in dict.fromkeys(features) if name not in drop]
    return names if target in names else [*names, target]


def _regular(
    table: Table, values: NDArray[np.float64], irregular: Irregular, notices: list[str]
) -> tuple[NDArray[np.float64] | None, float | None, NDArray[np.float64]]:
    times = table.times
    if times is None:
        notices.append("there are no dates: rows are taken to be equally spaced, and times must be given in rows")
        return None, None, values
    if len(times) < 2:
        raise ValueError(f"{table.source}: one row is no series")
    steps = np.diff(times)
    found, counts = np.unique(steps, return_counts=True)
    interval = float(found[np.argmax(counts)])
    odd = np.flatnonzero(steps != interval)
    if not len(odd) and interval > 0:
        return times, interval, values
    row = int(odd[0]) if len(odd) else 0
    what = (
        f"time does not go in equal steps of {written(interval)}: {len(odd)} of {len(steps)} steps differ, the first "
        f"from {date_text(times[row])} to {date_text(times[row + 1])} (rows {row + 1} and {row + 2})"
    )
    if interval <= 0:
        raise ValueError(f"{table.source}: {what}; sort the rows by time")
    if irregular == "ignore":
        notices.append(f"{what}; rows are counted as if they did")
        return times, interval, values
    places = (times - times[0]) / interval
    if irregular == "fill" and (steps > 0).all() and (places == np.round(places)).all():
        rows = int(places[-1]) + 1
        if rows > 10 * len(times):
            raise ValueError(f"{table.source}: {what}; filling would make {rows} rows of {len(times)}")
        grid = np.full((rows, values.shape[1]), np.nan)
        grid[places.astype(np.int64)] = values
        notices.append(f"{rows - len(times)} rows that the dates leave out were put in as missing values")
        return times[0] + interval * np.arange(rows), interval, grid
    way = "sort the rows, remove double ones" if irregular == "fill" else "fill missing rows (--irregular fill)"
    raise ValueError(f"{table.source}: {what}; {way} or count rows as they are (--irregular ignore)")


def _without_gaps(
    source: str, names: Sequence[str], values: NDArray[np.float64], missing: Missing, max_gap: int, notices: list[str]
) -> NDArray[np.float64]:
    holes = np.isnan(values)
    if not holes.any():
        return values
    values = values.copy()
    filled = []
    for i in np.flatnonzero(holes.any(axis=0)).tolist():
        count, gap = int(holes[:, i].sum()), longest_gap(values[:, i])
        where = f"column '{names[i]}' lacks {count} of {len(values)} values"
        if missing == "refuse" or gap > max_gap:
            cure = (
                f"fill them (--missing interpolate or forward, --max-gap {gap})"
                if missing == "refuse"
                else f"allow it (--max-gap {gap})"
            )
            raise ValueError(
                f"{source}: {where}, the longest gap has {gap} rows, the first is at row "
                f"{int(holes[:, i].argmax()) + 1}; leave the column out (--drop '{names[i]}') or {cure}"
            )
        how: Filling = "interpolate" if missing == "interpolate" else "forward"
        values[:, i] = fill(values[:, i], how)
        filled.append(f"{count} in {names[i]}")
    way = "between their neighbours" if missing == "interpolate" else "with the last value before them"
    notices.append(f"missing values were filled {way}: {', '.join(filled)}")
    return values


def date_text(seconds: float) -> str:
    """2014-12-31 23:00, with seconds only where they are not 0."""
    written_out = str(np.datetime64(round(seconds), "s")).replace("T", " ")
    return written_out.removesuffix(":00")
