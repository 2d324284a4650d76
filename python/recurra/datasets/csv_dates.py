"""Finds the dates of a table: in one column, in a date and a time column, or in columns year, month, day and so on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from numpy.typing import NDArray

from recurra import _engine
from recurra.datasets.csv_layout import Layout
from recurra.datasets.spacing import irregular_steps, spacing_of

Column = Callable[[str], NDArray[np.float64]]
Rewrite = Callable[[bytes], bytes]

_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
_MONTHS = ("%Y-%m", "%Y/%m", "%m/%Y", "%m-%Y", "%YM%m", "%Y-M%m")
_CLOCKS = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f")
DATE_FORMATS = (
    *_DAYS,
    *(f"{day}{mark}{clock}{zone}" for day, mark, clock, zone in product(_DAYS, " T", _CLOCKS, ("", "%z"))),
    *(f"{day} %H" for day in _DAYS),
    *_MONTHS,
)
EPOCH = "epoch"  #: the form of dates that count seconds, or parts of them, since 1970-01-01
_LIKE_A_DATE = re.compile(r"\d{1,4}[-/.M]")
_QUARTER = re.compile(r"\d{4}[- /]?Q[1-4]|Q[1-4][- /]?\d{4}", re.IGNORECASE)
_QUARTER_BYTES = re.compile(rb"(\d{4})[- /]?[qQ]([1-4])|[qQ]([1-4])[- /]?(\d{4})")
_TIME_NAME = re.compile(
    r"(unix|epoch|posix)?[ _-]?(time|timestamp|ts|date|datetime|epoch|unix)([ _(-]*(s|ms|us|ns|utc|unix|seconds)\)?)?",
    re.IGNORECASE,
)
_YEAR_NAME = re.compile(r"year|yr|(date|time)", re.IGNORECASE)
_PARTS = ("year", "month", "day", "hour", "minute", "second")
#: Numbers between 1973 and 2100 in seconds, milliseconds, microseconds and nanoseconds.
_EPOCHS = tuple((1e8 * scale, 4.1e9 * scale, 1 / scale) for scale in (1.0, 1e3, 1e6, 1e9))


@dataclass(frozen=True)
class Dates:
    """Where the times of the rows stand.

    Attributes:
        kinds: The columns to read, each as "number" or by a form of dates.
        times: Makes seconds since 1970-01-01 of them; None: there are no dates.
        zoned: Whether the dates have offsets from UTC.
        utc: Whether they count from a moment of UTC.
        rewrite: Applied to the bytes of the file, so that the engine can read the dates.
    """

    kinds: dict[str, str] = field(default_factory=dict)
    times: Callable[[Column], NDArray[np.float64]] | None = None
    zoned: bool = False
    utc: bool = False
    rewrite: Rewrite | None = None


def find_dates(layout: Layout, column: str | None, form: str | None, is_number: Callable[[int], bool]) -> Dates:
    """The dates of a table.

    Args:
        layout: Of the file.
        column: The column they are in; None searches all.
        form: Their form in %Y %m %d …, or "epoch"; None finds it.
        is_number: Whether a column of this number holds numbers.

    Raises:
        ValueError: There are no dates where the caller said there are, or they can be read in several ways.
    """
    if column is not None:
        layout.column(column)
    if form == EPOCH:
        return _numeric(layout, column, is_number, asked=True)
    written = _written(layout, column, form, is_number)
    if written.kinds:
        return written
    parts = _parts(layout)
    return parts if parts.kinds and column is None else _numeric(layout, column, is_number, asked=column is not None)


def _written(layout: Layout, column: str | None, form: str | None, is_number: Callable[[int], bool]) -> Dates:
    """Dates that are text."""
    if form and not column:
        column = next((n for i, n in enumerate(layout.names) if _follows(layout.fields(i), form)), None)
        if column is None:
            raise ValueError(f"{layout.source}: no column holds dates of the form {form}; name it (--date-column)")
    for i, name in enumerate(layout.names):
        if column and name != column:
            continue
        fields = layout.fields(i)
        if not fields or (not form and is_number(i)):
            continue
        if form:
            return _formatted(layout, {name: form})
        if _mostly(fields, lambda text: bool(_QUARTER.fullmatch(text))):
            return Dates({name: "%Y-%m"}, _sum_of([name]), rewrite=_months_of_quarters)
        forms = [f for f in DATE_FORMATS if _follows(fields, f)] if _LIKE_A_DATE.match(fields[0]) else []
        if forms:
            dates = {name: _likeliest(layout.source, name, fields, forms)}
            return _formatted(layout, {**dates, **_clock(layout, dates[name])})
        if column:
            raise ValueError(
                f"{layout.source}: '{fields[0]}' in column '{name}' is not a known form of dates; state it "
                "(--date-format, for instance %d.%m.%Y %H:%M)"
            )
    return Dates()


def _clock(layout: Layout, form: str) -> dict[str, str]:
    """A column of times of day beside one of dates."""
    if "%H" not in form and "%d" in form:
        for i, name in enumerate(layout.names):
            fields = layout.fields(i)
            for clock in _CLOCKS:
                if _follows(fields, clock):
                    return {name: clock}
    return {}


def _formatted(layout: Layout, kinds: dict[str, str]) -> Dates:
    return Dates(kinds, _sum_of(list(kinds)), zoned=any("%z" in form for form in kinds.values()))


def _sum_of(names: Sequence[str]) -> Callable[[Column], NDArray[np.float64]]:
    return lambda column: np.asarray(sum(column(name) for name in names))


def _months_of_quarters(lines: bytes) -> bytes:
    """2000Q3 as the first month of the quarter, 2000-07."""

    def month(match: re.Match[bytes]) -> bytes:
        return b"%s-%02d" % (match[1] or match[4], 3 * int(match[2] or match[3]) - 2)

    return _QUARTER_BYTES.sub(month, lines)


def _mostly(fields: Sequence[str], fits: Callable[[str], bool]) -> bool:
    """Whether nearly all fields fit, the first among them: what differs is then an error with its place."""
    return bool(fields) and fits(fields[0]) and sum(map(fits, fields)) >= 0.9 * len(fields)


def _follows(fields: Sequence[str], form: str) -> bool:
    return _mostly(fields, lambda text: _engine.parse_date(text, form) is not None)


def _likeliest(source: str, name: str, fields: Sequence[str], forms: Sequence[str]) -> str:
    """Of several forms, the one under which time goes in equal steps (10/11/2020 may be in October or November)."""
    if len(forms) == 1:
        return forms[0]
    irregular = {}
    for form in forms:
        found = [_engine.parse_date(text, form) for text in fields]
        times = np.array([time for time in found if time is not None])
        if len(times) > 1 and times[0] > times[-1]:
            times = times[::-1]
        spacing = spacing_of(times) if (np.diff(times) > 0).all() else None
        if spacing is not None:
            odd = len(irregular_steps(times, spacing)) + found.count(None)
            if odd <= 0.1 * len(fields):
                irregular[form] = odd
    fewest = [form for form, odd in irregular.items() if odd == min(irregular.values())]
    if len(fewest) != 1:
        raise ValueError(
            f"{source}: '{fields[0]}' in column '{name}' may be {' or '.join(forms)}; state the date format "
            f"(--date-format '{forms[0]}')"
        )
    return fewest[0]


def _numeric(layout: Layout, column: str | None, is_number: Callable[[int], bool], asked: bool) -> Dates:
    """Seconds since 1970-01-01, or years."""
    for i, name in enumerate(layout.names):
        if (column and name != column) or not is_number(i):
            continue
        fields = layout.fields(i)
        if not asked and not (_TIME_NAME.fullmatch(name) or _YEAR_NAME.fullmatch(name)):
            continue
        try:
            values = np.array([float(text.replace(",", ".")) for text in fields])
        except ValueError:
            continue
        steps = np.diff(values)
        if len(values) < 2 or not ((steps > 0).all() or (steps < 0).all()):
            continue
        if (np.abs(steps) == 1).all() and (values >= 1000).all() and (values <= 2999).all():
            return Dates({name: "number"}, _years(layout.source, name))
        for low, high, scale in _EPOCHS:
            if low <= values.min() and values.max() <= high:
                return Dates({name: "number"}, _epoch(layout.source, name, scale), utc=True)
    if asked:
        what = f"column '{column}' holds" if column else "no column holds"
        raise ValueError(
            f"{layout.source}: {what} {'no ' if column else ''}dates, years or seconds since 1970-01-01 in order; name "
            "another column (--date-column) or the form of its dates (--date-format)"
        )
    return Dates()


def _epoch(source: str, name: str, scale: float) -> Callable[[Column], NDArray[np.float64]]:
    return lambda column: _present(source, name, column(name)) * scale


def _years(source: str, name: str) -> Callable[[Column], NDArray[np.float64]]:
    def times(column: Column) -> NDArray[np.float64]:
        return _times_from_parts(source, {"year": _present(source, name, column(name))})

    return times


def _present(source: str, name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    if np.isnan(values).any():
        row = int(np.isnan(values).argmax())
        raise ValueError(f"{source}: row {row + 1}, column '{name}': the date is missing; remove the row")
    return values


def _parts(layout: Layout) -> Dates:
    """Columns year, month, day, …, or year and month that go on from row to row."""
    lower = {name.lower(): name for name in layout.names}
    names = [lower[part] for part in _PARTS if part in lower]
    if not all(part in lower for part in _PARTS[:2]) or ("day" not in lower and not _months_ascend(layout, lower)):
        return Dates()

    def times(column: Column) -> NDArray[np.float64]:
        return _times_from_parts(layout.source, {name.lower(): column(name) for name in names})

    return Dates(dict.fromkeys(names, "number"), times)


def _months_ascend(layout: Layout, lower: dict[str, str]) -> bool:
    if {"hour", "minute", "second"} & set(lower):
        return False
    year, month = (layout.positions[lower[part]] for part in ("year", "month"))
    try:
        months = np.array([12 * float(row[year]) + float(row[month]) for row in layout.sample])
    except ValueError:
        return False
    return len(months) > 1 and bool((np.diff(months) > 0).all())


def _times_from_parts(source: str, parts: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    limits = {"month": (1, 12), "day": (1, 31), "hour": (0, 23), "minute": (0, 59), "second": (0, 60)}
    for name, values in parts.items():
        low, high = limits.get(name, (1, 9999))
        wrong = ~((values >= low) & (values <= high) & (values == np.floor(values)))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ValueError(f"{source}: row {row + 1}, column '{name}': {values[row]:g} is not a valid {name}")
    months = (parts["year"].astype(int) - 1970) * 12
    if "month" in parts:
        months = months + parts["month"].astype(int) - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    if "day" in parts:
        days = days + parts["day"].astype(int) - 1
    seconds = days * 86400.0
    for name, scale in (("hour", 3600.0), ("minute", 60.0), ("second", 1.0)):
        if name in parts:
            seconds = seconds + scale * parts[name]
    return np.asarray(seconds)
