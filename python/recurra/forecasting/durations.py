"""Spans of time as people write them: `5d`, `24h`, `30min`, `3mo`, or a plain number of rows."""

from __future__ import annotations

import re

from recurra.datasets.spacing import DAY, Spacing
from recurra.datasets.spacing import duration_text as written

__all__ = ["rows_of", "written"]

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": DAY, "w": 7 * DAY}
_MONTHS = {"M": 1, "mo": 1, "q": 3, "y": 12}
_WEEK = 5  # business days
_WRITTEN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*")


def rows_of(span: str | int, spacing: Spacing | float | None, name: str) -> int:
    """A span in rows.

    Args:
        span: Rows (720, "720"), or a number with one of s, min, h, d, w, mo, q, y ("5d"). Months, quarters and years
            are for rows that are months apart; d and w count five days a week where rows are business days.
        spacing: The step from row to row, or its seconds; None where the series has no dates.
        name: Of the option, for errors.

    Raises:
        ValueError: Not understood, not a whole number of rows, or a time for a series without dates.

    Example:
        >>> from recurra.forecasting import rows_of
        >>> rows_of("5d", 600.0, "--lookback")
        720
    """
    match = _WRITTEN.fullmatch(str(span))
    if match is None or (match[2] and match[2] not in _SECONDS and match[2] not in _MONTHS):
        raise ValueError(f"{name}: '{span}' is neither rows (720) nor a time such as 30min, 24h, 5d, 2w, 3mo, 1y")
    number, unit = float(match[1]), match[2]
    if isinstance(spacing, (int, float)):
        spacing = Spacing(float(spacing))
    if unit:
        if spacing is None:
            raise ValueError(f"{name}: '{span}' is a time, but the series has no dates; give a number of rows")
        number *= _rows_of_unit(unit, spacing, f"{name}: '{span}'")
    rows = round(number)
    if abs(rows - number) > 1e-6 * max(1.0, number):
        rate = "" if spacing is None else f" at one row every {spacing.every}"
        raise ValueError(f"{name}: '{span}' is {number:.3f} rows{rate}; give a whole number of rows")
    return rows


def _rows_of_unit(unit: str, spacing: Spacing, what: str) -> float:
    if spacing.by_clock and unit in _SECONDS:
        return _SECONDS[unit] / spacing.count
    if spacing.monthly and unit in _MONTHS:
        return _MONTHS[unit] / spacing.count
    if spacing.unit == "business day" and unit in ("d", "w"):
        return (1 if unit == "d" else _WEEK) / spacing.count
    units = "mo, q, y" if spacing.monthly else "d, w" if spacing.unit == "business day" else "s, min, h, d, w"
    raise ValueError(f"{what}: with one row every {spacing.every} a span is given in {units}, or in rows")
