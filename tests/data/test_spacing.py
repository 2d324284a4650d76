"""Steps of time: seconds, months, month ends and business days, found in times and written in words."""

from __future__ import annotations

import numpy as np
import pytest

from recurra.datasets.spacing import Spacing, date_text, irregular_steps, plural, resolution_of, spacing_of
from recurra.forecasting import rows_of

DAY = 86400.0


def times(*dates: str) -> np.ndarray:
    return np.array(dates, dtype="datetime64[s]").astype(np.float64)


def days(first: str, last: str) -> np.ndarray:
    return np.arange(first, last, dtype="datetime64[D]")


def months(first: str, last: str, step: int = 1) -> np.ndarray:
    return np.arange(first, last, step, dtype="datetime64[M]").astype("datetime64[s]").astype(np.float64)


BUSINESS = [day for day in days("2024-01-01", "2024-03-01") if np.is_busday(day)]
CASES = {
    "10 min": (times("2020-01-01") + 600 * np.arange(50), Spacing(600.0)),
    "24 h": (times("2020-01-01") + DAY * np.arange(50), Spacing(DAY)),
    "7 d": (times("2020-01-01") + 7 * DAY * np.arange(50), Spacing(7 * DAY)),
    "1 month": (months("2019-01", "2022-05"), Spacing(1, "month")),
    "mid-month": (months("2019-01", "2022-05") + 14 * DAY + 3600, Spacing(1, "month")),
    "month ends": (months("2019-02", "2022-05") - DAY, Spacing(1, "month end")),
    "quarters": (months("2000-01", "2011-01", 3), Spacing(3, "month")),
    "years": (months("1960-01", "2011-01", 12), Spacing(12, "month")),
    "two months": (months("2019-07", "2019-09"), Spacing(1, "month")),
    "business days": (np.array(BUSINESS, "datetime64[s]").astype(np.float64), Spacing(1, "business day")),
}


@pytest.mark.parametrize(("at", "spacing"), CASES.values(), ids=list(CASES))
def test_spacing_is_found_and_goes_on(at, spacing) -> None:
    assert spacing_of(at) == spacing
    assert len(irregular_steps(at, spacing)) == 0
    # Every time follows from any earlier one, and a hole is seen where it is.
    for row in (1, len(at) // 2, len(at) - 1):
        assert spacing.after(float(at[0]), row) == at[row]
        assert spacing.after(float(at[row - 1]), 1) == at[row]
    np.testing.assert_allclose(spacing.grid(float(at[0]), len(at)), at)
    if len(at) > 20:
        hole = np.delete(at, 10)
        assert spacing_of(hole) == spacing
        assert irregular_steps(hole, spacing).tolist() == [9]
        np.testing.assert_array_equal(np.round(spacing.places(hole)), np.delete(np.arange(len(at)), 10))
        doubled = np.insert(at, 10, at[10])
        assert spacing_of(doubled) == spacing


@pytest.mark.parametrize(
    ("spacing", "start", "expected"),
    [
        (Spacing(1, "month"), "2019-04-01", "2019-05-01 00:00"),
        (Spacing(1, "month"), "2020-01-31", "2020-02-29 00:00"),
        (Spacing(1, "month end"), "2019-02-28", "2019-03-31 00:00"),
        (Spacing(3, "month"), "2019-10-01", "2020-01-01 00:00"),
        (Spacing(12, "month"), "2019-01-01", "2020-01-01 00:00"),
        (Spacing(1, "business day"), "2024-03-01", "2024-03-04 00:00"),
        (Spacing(1, "business day"), "2024-03-04T17:30", "2024-03-05 17:30"),
        (Spacing(DAY), "2024-02-29", "2024-03-01 00:00"),
    ],
)
def test_the_row_after_the_last(spacing, start, expected) -> None:
    assert date_text(spacing.after(float(times(start)[0]), 1)) == expected


def test_fractions_of_a_second_do_not_drift() -> None:
    at = np.round(times("2020-01-01") + np.arange(200_000) / 3, 3)
    spacing = spacing_of(at)
    assert spacing is not None
    assert spacing.count == pytest.approx(1 / 3, rel=1e-6)
    assert np.abs(spacing.places(at) - np.arange(200_000)).max() < 0.1
    assert len(irregular_steps(at, spacing)) == 0
    assert irregular_steps(np.delete(at, 7), spacing).tolist() == [6]
    assert spacing.matches(spacing_of(at[50_001:150_000]))
    assert not spacing.matches(Spacing(0.34))
    assert not Spacing(1, "month").matches(Spacing(1, "month end"))


def test_times_off_the_grid() -> None:
    monthly = months("2019-01", "2020-01")
    moved = monthly.copy()
    moved[4] += 3 * DAY
    assert spacing_of(moved) == Spacing(31 * DAY)  # no calendar: days of the month differ
    assert spacing_of(monthly[:1]) is None
    assert spacing_of(np.full(3, 7.0)) is None
    saturday = np.sort(np.append(np.array(BUSINESS, "datetime64[s]").astype(np.float64), times("2024-01-06")))
    assert spacing_of(saturday) == Spacing(DAY)


def test_steps_in_words() -> None:
    assert [str(spacing) for _, spacing in CASES.values()] == [
        "10 min", "24 h", "7 d", "1 month", "1 month", "1 month", "3 months", "1 year", "1 month", "1 business day",
    ]  # fmt: skip
    assert Spacing(1, "month").text(24) == "2 years"
    assert Spacing(1, "business day").text(5) == "5 business days"
    assert [plural(1, "row"), plural(1200, "row"), plural(2, "batch", "batches")] == [
        "1 row",
        "1,200 rows",
        "2 batches",
    ]


@pytest.mark.parametrize(
    ("span", "spacing", "rows"),
    [
        ("1y", Spacing(1, "month"), 12),
        ("5y", Spacing(12, "month"), 5),
        ("2q", Spacing(1, "month end"), 6),
        ("6mo", Spacing(3, "month"), 2),
        ("1M", Spacing(1, "month"), 1),
        ("2w", Spacing(1, "business day"), 10),
        ("3d", Spacing(1, "business day"), 3),
    ],
)
def test_spans_of_the_calendar(span, spacing, rows) -> None:
    assert rows_of(span, spacing, "--x") == rows


@pytest.mark.parametrize(
    ("span", "spacing", "message"),
    [
        ("30d", Spacing(1, "month"), "one row every month a span is given in mo, q, y, or in rows"),
        ("1mo", Spacing(3, "month"), r"'1mo' is 0\.333 rows at one row every 3 months"),
        ("1y", Spacing(DAY), "one row every 24 h a span is given in s, min, h, d, w, or in rows"),
        ("24h", Spacing(1, "business day"), "one row every business day a span is given in d, w, or in rows"),
    ],
)
def test_spans_that_do_not_fit(span, spacing, message) -> None:
    with pytest.raises(ValueError, match=message):
        rows_of(span, spacing, "--x")


def test_dates_with_zones() -> None:
    moment = float(times("2023-07-20T22:00")[0])
    assert date_text(moment) == "2023-07-20 22:00"
    assert date_text(moment, 0) == "2023-07-20 22:00Z"
    assert date_text(moment, 7200) == "2023-07-21 00:00+02:00"
    assert date_text(moment, -12600) == "2023-07-20 18:30-03:30"
    assert date_text(moment, resolution="second") == "2023-07-20 22:00:00"
    assert date_text(moment, 7200, resolution="day") == "2023-07-21"
    assert date_text(moment + 5) == "2023-07-20 22:00:05"
    assert date_text(moment + 0.25) == "2023-07-20 22:00:00.250"


@pytest.mark.parametrize(
    ("step", "zone", "start", "resolution"),
    [
        (DAY, None, 0, "day"),
        (DAY, 7200.0, -7200, "day"),
        (DAY, 7200.0, 0, "minute"),
        (3600.0, None, 0, "minute"),
        (60.0, None, 1, "second"),
        (1.0, None, 0, "second"),
        (0.25, None, 0, "millisecond"),
    ],
)
def test_dates_are_as_fine_as_rows_differ(step, zone, start, resolution) -> None:
    at = times("2020-01-01") + start + step * np.arange(9)
    assert resolution_of(at, Spacing(step), zone) == resolution
    written = [date_text(float(moment), zone, resolution) for moment in at]
    assert len(set(written)) == 9
    assert len(set(map(len, written))) == 1
