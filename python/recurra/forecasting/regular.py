"""Rows of a table brought into even steps of time: sorted, without duplicates, with the missing rows put in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.csv_file import Table
from recurra.datasets.spacing import Spacing, date_text, irregular_steps, plural, spacing_of

Irregular = Literal["refuse", "fill", "ignore"]
Duplicates = Literal["refuse", "first", "last", "mean"]
Values = NDArray[np.float64]

#: Share of odd steps above which the time of the row after the last one is unknown.
_UNSTEADY = 0.1
_DEFAULT_GAP = 6


@dataclass
class Rows:
    """Rows in order of time.

    Attributes:
        values: (rows, columns).
        times: Of each row, or None where there are no dates.
        numbers: In the file, from 1, for errors.
        spacing: The usual step, or None.
        steady: Whether rows after the last one can be dated.
        notices: What was done.
    """

    values: Values
    times: NDArray[np.float64] | None
    numbers: NDArray[np.int64]
    spacing: Spacing | None = None
    steady: bool = True
    notices: list[str] = field(default_factory=list)


def regular_rows(table: Table, values: Values, irregular: Irregular, duplicates: Duplicates) -> Rows:
    """The rows of a table at even steps of time.

    Args:
        table: What was read.
        values: Its chosen columns.
        irregular: "refuse" uneven steps, "fill" in missing rows as missing values, or "ignore" the times.
        duplicates: "refuse" times that occur more than once, or keep their "first" or "last" row or the "mean".

    Raises:
        ValueError: Uneven steps or duplicates that were not allowed; the message has the option that helps.
    """
    rows = Rows(values, table.times, np.arange(1, len(values) + 1))
    if table.times is None:
        rows.notices.append("there are no dates: rows are taken as evenly spaced, and spans must be given in rows")
        return rows
    if len(values) < 2:
        raise ValueError(f"{table.source}: the file has one row; a series needs more")
    _sort(rows, only_reverse=irregular == "ignore")
    if irregular != "ignore":
        _merge_duplicates(rows, table, duplicates)
    assert rows.times is not None
    spacing = spacing_of(np.maximum.accumulate(rows.times))
    if spacing is None:
        raise ValueError(f"{table.source}: all rows have the time {date_text(rows.times[0], table.zone)}; name the "
                         "column of the dates (--date-column) or count rows (--irregular ignore)")  # fmt: skip
    rows.spacing = spacing
    odd = irregular_steps(rows.times, spacing)
    rows.steady = len(odd) <= _UNSTEADY * (len(rows.times) - 1)
    if len(odd):
        _even_out(rows, table, irregular, odd)
    return rows


def _take(rows: Rows, order: NDArray[np.int64]) -> None:
    assert rows.times is not None
    rows.values, rows.times, rows.numbers = rows.values[order], rows.times[order], rows.numbers[order]


def _sort(rows: Rows, only_reverse: bool) -> None:
    assert rows.times is not None
    steps = np.diff(rows.times)
    if (steps <= 0).all() and (steps < 0).any():
        # Rows of the same time keep the file's order unless it is to be turned round as it is.
        backwards = np.arange(len(rows.times))[::-1]
        _take(rows, backwards if only_reverse else np.argsort(rows.times, kind="stable"))
        rows.notices.append("the newest row came first: rows were sorted by time")
    elif (steps < 0).any() and not only_reverse:
        moved = int((steps < 0).sum())
        _take(rows, np.argsort(rows.times, kind="stable"))
        rows.notices.append(f"rows were sorted by time, which went back {plural(moved, 'time')}")


def _merge_duplicates(rows: Rows, table: Table, duplicates: Duplicates) -> None:
    assert rows.times is not None
    same = np.flatnonzero(np.diff(rows.times) == 0)
    if not len(same):
        return
    if duplicates == "refuse":
        first = int(same[0])
        several = f" If column '{table.text_columns[0]}' names several series, put each into a file of its own." if (
            table.text_columns and len(same) > len(rows.times) // 4) else ""  # fmt: skip
        raise ValueError(
            f"{table.source}: {plural(len(same), 'row has', 'rows have')} the time of another row, first "
            f"{date_text(rows.times[first], table.zone)} (rows {rows.numbers[first]} and {rows.numbers[first + 1]}); "
            f"keep one of the rows or their mean (--duplicates first, last or mean).{several}"
        )
    starts = np.flatnonzero(np.append(True, np.diff(rows.times) > 0))
    values, counts = rows.values, np.diff(np.append(starts, len(rows.times)))
    chosen = starts if duplicates != "last" else starts + counts - 1
    if duplicates == "mean":
        known = ~np.isnan(values)
        count = np.add.reduceat(known.astype(np.float64), starts, axis=0)
        total = np.add.reduceat(np.where(known, values, 0.0), starts, axis=0)
        merged = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    _take(rows, chosen)
    if duplicates == "mean":
        rows.values = merged
    what = "replaced by their mean" if duplicates == "mean" else f"left out but for the {duplicates}"
    rows.notices.append(f"{plural(len(same), 'duplicate')} of the same time: {what}")


def _even_out(rows: Rows, table: Table, irregular: Irregular, odd: NDArray[np.int64]) -> None:
    assert rows.times is not None
    assert rows.spacing is not None
    times, spacing, zone = rows.times, rows.spacing, table.zone
    row = int(odd[0])
    what = (
        f"timestamps are not evenly spaced ({spacing} expected): {len(odd):,} of {len(times) - 1:,} steps differ, "
        f"first from {date_text(times[row], zone)} to {date_text(times[row + 1], zone)} "
        f"(rows {rows.numbers[row]} and {rows.numbers[row + 1]})"
    )
    if irregular == "ignore":
        rows.notices.append(f"{what}; rows are counted as if they were")
        return
    places = spacing.places(times)
    count = round(float(places[-1])) + 1
    off = np.flatnonzero(np.abs(places - np.round(places)) > 1e-3)
    ignore = "count rows as they are (--irregular ignore)"
    if len(off):
        at = f"row {rows.numbers[off[0]]} at {date_text(times[off[0]], zone)} lies between two steps"
        raise ValueError(f"{table.source}: {what}; {at}, so rows cannot be filled in: {ignore}")
    if count > 10 * len(times):
        raise ValueError(f"{table.source}: {what}; filling would make {count:,} rows of {len(times):,}: {ignore}")
    whole = np.round(places).astype(np.int64)
    if irregular == "refuse":
        gap = int(np.diff(whole).max()) - 1
        longest = f" --max-gap {gap}" if gap > _DEFAULT_GAP else ""
        raise ValueError(
            f"{table.source}: {what}; fill in the missing rows (--irregular fill --missing interpolate{longest}) or "
            f"{ignore}"
        )
    grid = np.full((count, rows.values.shape[1]), np.nan)
    grid[whole] = rows.values
    rows.notices.append(f"{plural(count - len(times), 'row')} that the dates leave out were put in as missing values")
    rows.values, rows.times, rows.numbers = grid, spacing.grid(float(times[0]), count), np.arange(1, count + 1)
    rows.steady = True
