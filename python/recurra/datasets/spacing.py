"""How far apart the rows of a series are: a fixed time, months of the calendar, or business days.

Months and business days differ in length, so a step is a place on a grid rather than a number of seconds: the month
after 2019-04-01 is 2019-05-01, the business day after a Friday is a Monday.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]
Unit = Literal["second", "month", "month end", "business day"]
Resolution = Literal["day", "minute", "second", "millisecond"]

DAY = 86400.0
MONTH = 365.2425 / 12 * DAY  # mean of the Gregorian calendar
_SHORTEST_MONTH = 28 * DAY
#: Two steps that differ by a smaller share are equal: fractions of a second are not exact in binary.
_SAME = 1e-4
#: What a time that is written in milliseconds may be off by.
_ROUNDED = 0.51e-3
#: Of a date written so finely.
_LENGTHS: dict[Resolution, int] = {"day": 10, "minute": 16, "second": 19, "millisecond": 23}


@dataclass(frozen=True)
class Spacing:
    """The step from one row to the next.

    Attributes:
        count: Units in a step.
        unit: "second"; "month", counted from the same day of each month; "month end"; or "business day", Monday to
            Friday.

    Example:
        >>> from recurra.datasets.spacing import Spacing
        >>> str(Spacing(3600.0)), str(Spacing(3, "month"))
        ('1 h', '3 months')
    """

    count: float
    unit: Unit = "second"

    @property
    def by_clock(self) -> bool:
        """Whether all steps have the same length."""
        return self.unit == "second"

    @property
    def monthly(self) -> bool:
        """Whether steps are months of the calendar."""
        return self.unit in ("month", "month end")

    @property
    def seconds(self) -> float:
        """The length of a step in seconds; its mean where lengths differ."""
        if self.by_clock:
            return self.count
        return self.count * (MONTH if self.monthly else 7 / 5 * DAY)

    def __str__(self) -> str:
        return self.text(1)

    @property
    def every(self) -> str:
        """A step after the word "every": `10 min`, `month`, `3 months`."""
        return str(self).removeprefix("1 ") if not self.by_clock else str(self)

    def matches(self, other: Spacing) -> bool:
        """Whether two spacings are the same, but for the rounding of fractions of a second."""
        return self.unit == other.unit and abs(self.count - other.count) <= _SAME * self.count

    def text(self, steps: int) -> str:
        """So many steps in words: `24 h`, `3 months`, `1 business day`."""
        if self.by_clock:
            return duration_text(steps * self.count)
        count = steps * int(self.count)
        if self.monthly and count and count % 12 == 0:
            return plural(count // 12, "year")
        return plural(count, "month" if self.monthly else "business day")

    def places(self, times: Times) -> Times:
        """Where times lie on the grid of steps that begins with the first of them: whole numbers where they fit it."""
        if self.by_clock:
            return np.asarray((times - times[0]) / self.count)
        days = times // DAY
        clock = times - days * DAY
        off_clock = np.where(np.abs(clock - clock[0]) > _SAME, 0.5, 0.0)
        dates = days.astype(np.int64).astype("datetime64[D]")
        if self.unit == "business day":
            off_day = np.where(np.is_busday(dates), 0.0, 0.25)
            places: Times = np.busday_count(dates[0], dates) / self.count + off_day + off_clock
            return places
        months = dates.astype("datetime64[M]")
        day = _days_left(dates, months) if self.unit == "month end" else (dates - months).astype(np.int64)
        count = (months - months[0]).astype(np.int64) / self.count
        return np.asarray(count + np.where(day == day[0], 0.0, 0.25) + off_clock)

    def after(self, start: float, steps: int) -> float:
        """The time so many steps after `start`."""
        if self.by_clock:
            return start + steps * self.count
        day = start // DAY
        date = np.datetime64(int(day), "D")
        if self.unit == "business day":
            moved = np.busday_offset(date, steps * int(self.count), roll="forward")
        else:
            month = date.astype("datetime64[M]")
            target = month + steps * int(self.count)
            last = (target + 1).astype("datetime64[D]") - 1
            same_day = min(target.astype("datetime64[D]") + (date - month), last)
            moved = last if self.unit == "month end" else same_day
        return float(moved.astype(np.int64)) * DAY + (start - day * DAY)

    def grid(self, start: float, rows: int) -> Times:
        """The times of so many rows from `start` on."""
        if self.by_clock:
            return start + self.count * np.arange(rows, dtype=np.float64)
        return np.array([self.after(start, row) for row in range(rows)])


def _days_left(dates: NDArray[np.datetime64], months: NDArray[np.datetime64]) -> NDArray[np.int64]:
    return ((months + 1).astype("datetime64[D]") - dates).astype(np.int64)


def irregular_steps(times: Times, spacing: Spacing) -> NDArray[np.int64]:
    """The steps that are not one step of `spacing`: i stands for the step from row i to row i + 1."""
    fraction = spacing.by_clock and spacing.count % 1 != 0
    tolerance = min(0.1, max(_SAME, 2 * _ROUNDED / spacing.count)) if fraction else _SAME
    return np.flatnonzero(np.abs(np.diff(spacing.places(times)) - 1) > tolerance)


def spacing_of(times: Times) -> Spacing | None:
    """The spacing that most steps of ascending times follow; None for fewer than two different times.

    Args:
        times: (rows,), seconds since 1970-01-01, ascending; equal neighbours are passed over.
    """
    times = times[np.append(True, np.diff(times) > 0)]
    if len(times) < 2:
        return None
    steps = np.round(np.diff(times), 6)
    found, counts = np.unique(steps, return_counts=True)
    usual = float(found[np.argmax(counts)])
    # A third of a second is written as 0.333 or 0.334: the mean is exact.
    best = Spacing(usual if usual % 1 == 0 else float(steps[np.abs(steps - usual) <= 2 * _ROUNDED].mean()))
    odd = len(irregular_steps(times, best))
    for calendar in _calendars(times, steps):
        differing = len(irregular_steps(times, calendar))
        # Of two that fit equally well, months are meant: 31 days are no usual interval.
        if differing < odd or (differing == odd and calendar.monthly):
            best, odd = calendar, differing
    return best


def _calendars(times: Times, steps: Times) -> list[Spacing]:
    dates = (times // DAY).astype(np.int64).astype("datetime64[D]")
    if steps.min() >= _SHORTEST_MONTH:
        months = dates.astype("datetime64[M]")
        found, counts = np.unique(np.diff(months).astype(np.int64), return_counts=True)
        count = int(found[np.argmax(counts)])
        if count < 1:
            return []
        at_end = (_days_left(dates, months) == 1).all()
        same_day = len(np.unique((dates - months).astype(np.int64))) == 1
        units: list[Unit] = [*(["month"] if same_day else []), *(["month end"] if at_end else [])]  # type: ignore[list-item]
        return [Spacing(count, unit) for unit in units[:1]]
    if (steps % DAY == 0).all() and (steps > DAY).any() and np.is_busday(dates).all():
        return [Spacing(1, "business day")]
    return []


def duration_text(seconds: float) -> str:
    """Seconds in the largest unit that keeps them short: 600 is `10 min`, 432000 is `5 d`.

    Example:
        >>> from recurra.forecasting import written
        >>> written(600.0), written(432000.0)
        ('10 min', '5 d')
    """
    if seconds == 0:
        return "0 s"
    for unit, size in (("d", DAY), ("h", 3600.0), ("min", 60.0)):
        # Two days and more in days; a single day reads better as 24 h.
        if seconds % size == 0 and (unit != "d" or seconds > size):
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"


def plural(count: int, noun: str, many: str | None = None) -> str:
    """`1 row`, `2 rows`, `1,200 rows`; `many` where the plural is irregular."""
    return f"{count:,} {noun if count == 1 else many or f'{noun}s'}"


def resolution_of(times: Times, spacing: Spacing | None, zone: float | None = None) -> Resolution:
    """How finely times must be written so that rows differ: "day", "minute", "second" or "millisecond"."""
    local = times + (zone or 0)
    step = 0.0 if spacing is None or not spacing.by_clock else spacing.count
    sizes: list[tuple[Resolution, float]] = [("day", DAY), ("minute", 60.0), ("second", 1.0)]
    for resolution, size in sizes:
        if step % size == 0 and (local % size == 0).all():
            return resolution
    return "millisecond"


def date_text(seconds: float, zone: float | None = None, resolution: Resolution | None = None) -> str:
    """A time for people, 2014-12-31 23:00.

    Args:
        seconds: Since 1970-01-01 UTC, or of the file's own clock where `zone` is None.
        zone: Seconds that the clock is ahead of UTC; it is then written after the time (+02:00, or Z for 0).
        resolution: How finely the time is written; None writes seconds where they are not 0.
    """
    milliseconds = round((seconds + (zone or 0)) * 1000)
    text = str(np.datetime64(milliseconds, "ms")).replace("T", " ")
    if resolution is None:
        resolution = "minute" if text.endswith(":00.000") else "second" if text.endswith(".000") else "millisecond"
    text = text[: _LENGTHS[resolution]]
    if zone is None or resolution == "day":
        return text
    if zone == 0:
        return text + "Z"
    minutes = round(abs(zone) / 60)
    return f"{text}{'-' if zone < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
