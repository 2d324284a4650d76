"""Spans of time as people write them: `5d`, `24h`, `30min`, or a plain number of rows."""

from __future__ import annotations

import re

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_WRITTEN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*")


def rows_of(span: str | int, interval: float | None, name: str) -> int:
    """A span in rows.

    Args:
        span: rows (720, "720"), or a number with one of s, min, h, d, w ("5d").
        interval: seconds between two rows; None where the series has no dates.
        name: of the option, for errors.

    Raises:
        ValueError: not understood, no whole number of rows, or a time for a series without dates.
    """
    match = _WRITTEN.fullmatch(str(span))
    if match is None or (match[2] and match[2] not in _SECONDS):
        raise ValueError(f"{name}: '{span}' is neither rows (720) nor a time such as 30min, 24h, 5d, 2w")
    number = float(match[1])
    if match[2]:
        if interval is None:
            raise ValueError(f"{name}: '{span}' is a time, but the series has no dates; give a number of rows")
        number *= _SECONDS[match[2]] / interval
    rows = round(number)
    if abs(rows - number) > 1e-6 * max(1.0, number):
        rate = "" if interval is None else f" at one row every {written(interval)}"
        raise ValueError(f"{name}: '{span}' is {number:.3f} rows{rate}; give a whole number of rows")
    return rows


def written(seconds: float) -> str:
    """Seconds in the largest unit that keeps them short: 600 is `10 min`, 432000 is `5 d`."""
    if seconds == 0:
        return "0 s"
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        # Two days and more in days; a single day reads better as 24 h.
        if seconds % size == 0 and (unit != "d" or seconds > size):
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
