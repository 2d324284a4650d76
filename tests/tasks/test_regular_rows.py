"""Tables whose rows are not what a series needs: sorted, merged, filled in, or refused with advice that works."""

from __future__ import annotations

import re

import numpy as np
import pytest

from recurra.datasets.csv_file import Table
from recurra.forecasting import series_from_table

HOUR, DAY = 3600.0, 86400.0
START = float(np.datetime64("2024-01-01", "s").astype(np.int64))


def table(times: np.ndarray, values: np.ndarray | None = None, **more: object) -> Table:
    values = np.arange(len(times), dtype=np.float64) ** 2 if values is None else values
    return Table("t.csv", ("x",), values.reshape(len(times), -1), np.asarray(times, np.float64), **more)


def hourly(rows: int = 40) -> np.ndarray:
    return START + HOUR * np.arange(rows)


def months(count: int) -> np.ndarray:
    return (np.datetime64("2009-05", "M") + np.arange(count)).astype("datetime64[s]").astype(np.float64)


def advised(message: str) -> list[dict[str, object]]:
    """The options that a message names in brackets, as arguments of series_from_table."""
    found = []
    for bracket in re.findall(r"\((--[^)]*)\)", message):
        first, *others = re.split(", | or ", bracket)
        words = first.split()
        pairs = {
            words[i][2:].replace("-", "_"): words[i + 1] for i in range(0, len(words) - 1, 2) if words[i][:2] == "--"
        }
        if "drop" in pairs or "date_column" in pairs:
            continue
        found.append({name: int(value) if value.isdigit() else value for name, value in pairs.items()})
        found += [{**found[-1], list(pairs)[-1]: other} for other in others if not other.startswith("--")]
    return found


def try_advice(faulty: Table) -> int:
    """Follows every piece of advice, and what follows from it, until the table is read; how many pieces there were."""
    with pytest.raises(ValueError, match=r"^t\.csv: ") as refusal:
        series_from_table(faulty, "x")
    pieces = advised(str(refusal.value))
    assert pieces, str(refusal.value)
    for piece in pieces:
        series = series_from_table(faulty, "x", **piece)
        assert len(series) > 0
    return len(pieces)


def test_newest_first_is_sorted_and_said() -> None:
    times, values = hourly(), np.arange(40.0)
    for irregular in ("refuse", "fill", "ignore"):
        series = series_from_table(table(times[::-1], values[::-1]), "x", irregular=irregular)
        np.testing.assert_array_equal(series.times, times)
        np.testing.assert_array_equal(series.values[:, 0], values)
        assert series.notices == ["the newest row came first: rows were sorted by time"]


def test_rows_out_of_order_are_sorted() -> None:
    order = np.random.default_rng(0).permutation(40)
    series = series_from_table(table(hourly()[order], order.astype(np.float64)), "x")
    np.testing.assert_array_equal(series.values[:, 0], np.arange(40))
    assert re.match("rows were sorted by time, which went back [0-9]+ times", series.notices[0])


def test_duplicates() -> None:
    # The hour that comes twice at the end of summer time.
    times = np.sort(np.append(hourly(), hourly()[7]))
    values = np.arange(41.0)
    with pytest.raises(
        ValueError, match=r"1 row has the time .* 2024-01-01 07:00 \(rows 8 and 9\); keep one of the rows"
    ):
        series_from_table(table(times, values), "x")
    assert try_advice(table(times, values)) == 3
    for duplicates, kept in (("first", 7.0), ("last", 8.0), ("mean", 7.5)):
        series = series_from_table(table(times, values), "x", duplicates=duplicates)
        assert len(series) == 40
        np.testing.assert_array_equal(series.values[6:9, 0], [6, kept, 9])
        assert "1 duplicate of the same time" in series.notices[0]
    assert len(series_from_table(table(times, values), "x", irregular="ignore")) == 41
    holes = values.copy()
    holes[8] = np.nan
    series = series_from_table(table(times, holes), "x", duplicates="mean")
    np.testing.assert_array_equal(series.values[6:9, 0], [6, 7, 9])


def test_several_series_in_one_file_are_recognised() -> None:
    times = np.tile(hourly(20), 2)
    with pytest.raises(ValueError, match="If column 'store' names several series, put each into a file of its own"):
        series_from_table(table(times, text_columns=("store",)), "x")


@pytest.mark.parametrize(
    "times",
    [
        np.delete(hourly(), 7),
        np.delete(hourly(), range(7, 20)),
        np.delete(months(40), 7),
        np.delete(START + DAY * np.arange(40), [3, 9, 10]),
        hourly() + np.where(np.arange(40) == 9, 60, 0),
        np.append(hourly(10), hourly(10) + 1000 * DAY),
        np.append(hourly(5), hourly(5)),
    ],
    ids=["hour", "gap", "month", "days", "off", "far", "twice"],
)
def test_advice_works(times) -> None:
    try_advice(table(times))


def test_months_are_even_steps() -> None:
    series = series_from_table(table(months(120)), "x")
    assert series.notices == []
    assert series.interval is None
    assert series.span(24) == "2 years"
    assert series.label(119) == "2019-04-01"
    assert series.label(120) == "2019-05-01"
    filled = series_from_table(table(np.delete(months(120), 50)), "x", irregular="fill", missing="interpolate")
    np.testing.assert_array_equal(filled.times, months(120))


def test_trading_days_go_on_with_monday() -> None:
    days = np.arange("2024-01-01", "2024-03-02", dtype="datetime64[D]")
    trading = days[np.is_busday(days)].astype("datetime64[s]").astype(np.float64)
    series = series_from_table(table(trading), "x")
    assert series.label(len(series) - 1) == "2024-03-01"
    assert series.label(len(series)) == "2024-03-04"
    holiday = series_from_table(table(np.delete(trading, 20)), "x", irregular="ignore")
    assert holiday.label(len(holiday)) == "2024-03-04"


def test_rows_after_an_uneven_series_have_no_dates() -> None:
    times = START + np.cumsum(np.random.default_rng(1).integers(1, 9, 50)) * HOUR
    series = series_from_table(table(times), "x", irregular="ignore")
    assert series.time_after(49) == times[-1]
    assert series.time_after(50) is None
    assert series.label(50) == "row 50"


def test_all_rows_at_one_time() -> None:
    with pytest.raises(ValueError, match=r"all rows have the time 2024-01-01 00:00; name the column"):
        series_from_table(table(np.full(5, START)), "x", duplicates="first")


def test_missing_values_of_the_target_are_not_to_be_dropped() -> None:
    values = np.arange(200.0)
    values[50:110] = np.nan
    faulty = table(hourly(200), values)
    with pytest.raises(ValueError, match=r"missing 60 of 200 .*; leave out the windows .* or fill them") as refusal:
        series_from_table(faulty, "x")
    assert "--drop" not in str(refusal.value)
    assert try_advice(faulty) == 3
    series = series_from_table(faulty, "x", missing="skip")
    assert np.isnan(series.values).sum() == 60
    assert "windows that touch 60 rows with missing values are left out" in series.notices
