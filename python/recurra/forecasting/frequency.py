"""Frequencies as pandas and polars write them, "h", "15min", "MS", "1mo", as the step from one stamp to the next."""

from __future__ import annotations

import re

from recurra.checks import is_whole_number
from recurra.datasets.spacing import DAY, Spacing, Unit
from recurra.forecasting.baselines import seasons

_WRITTEN = re.compile(r"(\d*)\s*([A-Za-z]+)(?:-[A-Za-z]{3})?")
_SECONDS = {
    "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "S": 1.0, "min": 60.0, "T": 60.0, "m": 60.0, "h": 3600.0,
    "H": 3600.0, "D": DAY, "d": DAY, "W": 7 * DAY, "w": 7 * DAY,
}  # fmt: skip
_CALENDAR: dict[str, tuple[int, Unit]] = {
    "MS": (1, "month"), "mo": (1, "month"), "M": (1, "month end"), "ME": (1, "month end"),
    "QS": (3, "month"), "q": (3, "month"), "Q": (3, "month end"), "QE": (3, "month end"),
    "YS": (12, "month"), "AS": (12, "month"), "y": (12, "month"), "Y": (12, "month end"), "YE": (12, "month end"),
    "A": (12, "month end"), "B": (1, "business day"),
}  # fmt: skip
#: Longer seasons are left to the models: a day of seconds is no pattern that repeats second by second.
_LONGEST_SEASON = 2000


def spacing_of_frequency(freq: str | int, owner: str = "Forecaster") -> Spacing:
    """The step that a frequency stands for; an integer is a step of stamps that are integers.

    Args:
        freq: A number and a unit of pandas ("h", "15min", "D", "W", "B", "MS", "ME", "QS", "YE", …) or polars ("1mo",
            "1q", "1y"); or an integer.
        owner: Named in errors.

    Raises:
        ValueError: It is none of these.

    Example:
        >>> from recurra.forecasting.frequency import spacing_of_frequency
        >>> str(spacing_of_frequency("15min")), str(spacing_of_frequency("QS"))
        ('15 min', '3 months')
    """
    if is_whole_number(freq) and int(freq) > 0:
        return Spacing(float(freq))
    match = _WRITTEN.fullmatch(freq) if isinstance(freq, str) else None
    if match is not None:
        count, unit = int(match[1] or 1), match[2]
        if unit in _SECONDS and count:
            return Spacing(count * _SECONDS[unit])
        if unit in _CALENDAR and count:
            return Spacing(count * _CALENDAR[unit][0], _CALENDAR[unit][1])
    raise ValueError(
        f"{owner}: freq must be such as 'h', '15min', 'D', 'W', 'B', 'MS', 'QS', 'YE', or an integer for stamps that "
        f"are integers, got {freq!r}"
    )


def season_of(spacing: Spacing) -> int:
    """Rows of the shortest season that a step suggests, a day, a week or a year; 1 for none.

    Example:
        >>> from recurra.forecasting.frequency import season_of, spacing_of_frequency
        >>> [season_of(spacing_of_frequency(freq)) for freq in ("h", "D", "MS", "YE")]
        [24, 7, 12, 1]
    """
    return min((rows for rows in seasons(spacing).values() if rows <= _LONGEST_SEASON), default=1)
