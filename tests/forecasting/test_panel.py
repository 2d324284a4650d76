"""Long tables: which are read, and which are refused, by name and with the mend."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest

from recurra.forecasting import Forecaster
from recurra.forecasting.frequency import season_of, spacing_of_frequency
from tests.forecasting.tables import LENGTHS, long_table, rows_of


def naive(**options: Any) -> Forecaster:
    return Forecaster("Naive", **{"freq": "h", "horizon": 2} | options)


@pytest.mark.parametrize(
    ("freq", "words", "season"),
    [
        ("h", "1 h", 24), ("15min", "15 min", 96), ("D", "24 h", 7), ("W", "7 d", 52), ("W-SUN", "7 d", 52),
        ("MS", "1 month", 12), ("1mo", "1 month", 12), ("ME", "1 month", 12), ("QS", "3 months", 4), ("YE", "1 year",
        1), ("B", "1 business day", 5), ("30s", "30 s", 1), (2, "2 s", 1),
    ],
)  # fmt: skip
def test_frequencies(freq: Any, words: str, season: int) -> None:
    spacing = spacing_of_frequency(freq)
    assert str(spacing) == words
    if isinstance(freq, str) and freq != "30s":
        assert season_of(spacing) == season


@pytest.mark.parametrize("freq", ["hour", "0h", "", "5", 0, -1, True, 1.5])
def test_no_frequency(freq: Any) -> None:
    with pytest.raises(ValueError, match="freq must be such as 'h'"):
        naive(freq=freq)


@pytest.mark.parametrize(
    ("freq", "start", "following"),
    [
        ("MS", "2024-01-01", ["2024-05-01", "2024-06-01"]),
        ("ME", "2024-01-31", ["2024-05-31", "2024-06-30"]),
        ("QS", "2023-10-01", ["2024-10-01", "2025-01-01"]),
        ("B", "2024-01-04", ["2024-01-10", "2024-01-11"]),
        ("YS", "2020-01-01", ["2024-01-01", "2025-01-01"]),
    ],
)
@pytest.mark.parametrize("told", [True, False])
def test_stamps_of_the_calendar(freq: str, start: str, following: list[str], told: bool) -> None:
    pandas = pytest.importorskip("pandas")
    stamps = pandas.date_range(start, periods=4, freq=freq)
    frame = pandas.DataFrame({"unique_id": "a", "ds": stamps, "y": [1.0, 2.0, 3.0, 4.0]})
    found = naive(freq=freq if told else None).fit(frame).predict()
    assert found["ds"].dt.strftime("%Y-%m-%d").tolist() == following


def test_kinds_of_frames_and_stamps() -> None:
    """The result is of the kind of the table, its stamps and names of the kind of the columns."""
    table = long_table()
    plain = naive().fit(table).predict()
    assert isinstance(plain, dict)
    assert plain["ds"].dtype == table["ds"].dtype
    assert plain["unique_id"].tolist() == ["a", "a", "b", "b", "c", "c"]
    assert plain["ds"][:2].tolist() == [datetime.datetime(2024, 3, 9, 8), datetime.datetime(2024, 3, 9, 9)]
    for library in ("pandas", "polars"):
        package = pytest.importorskip(library)
        frame = naive().fit(package.DataFrame(table | {"ds": table["ds"].astype("datetime64[us]")})).predict()
        assert type(frame) is package.DataFrame
        assert np.array_equal(np.asarray(frame["Naive"]), plain["Naive"])


def test_texts_and_dates_as_stamps() -> None:
    table = long_table({"a": 20})
    expected = naive().fit(table).predict()["ds"].tolist()
    texts = table | {"ds": [str(one) for one in table["ds"]]}
    dates = table | {"ds": np.array(table["ds"].tolist(), dtype=object)}
    assert naive().fit(texts).predict()["ds"].tolist() == expected
    assert naive().fit(dates).predict()["ds"].tolist() == expected


@pytest.mark.parametrize("freq", ["h", "D"])
def test_time_zones(freq: str) -> None:
    """Hours count in UTC, days on the local clock; results have the zone of the table."""
    pandas = pytest.importorskip("pandas")
    stamps = pandas.date_range(
        "2024-03-28", "2024-04-02", freq=freq, tz="Europe/Berlin"
    )  # the clock changes on the 31st
    frame = pandas.DataFrame({"unique_id": 7, "ds": stamps, "y": np.arange(len(stamps)) * 1.0})
    found = naive(freq=freq).fit(frame).predict()
    assert found["ds"].tolist() == list(pandas.date_range(stamps[-1], periods=3, freq=freq)[1:])
    assert found["unique_id"].tolist() == [7, 7]


@pytest.mark.parametrize(("freq", "every"), [("h", "1h"), ("D", "1d")])
def test_time_zones_of_polars(freq: str, every: str) -> None:
    polars = pytest.importorskip("polars")
    ends = datetime.datetime(2024, 3, 28), datetime.datetime(2024, 4, 4)
    stamps = polars.datetime_range(*ends, interval=every, time_zone="Europe/Berlin", eager=True)
    frame = polars.DataFrame({"unique_id": "a", "ds": stamps[:-2], "y": np.arange(len(stamps) - 2) * 1.0})
    found = naive(freq=freq).fit(frame).predict()
    assert found["ds"].to_list() == stamps[-2:].to_list()
    assert str(found["ds"].dtype) == str(stamps.dtype)


def test_rows_in_any_order() -> None:
    table = long_table()
    order = np.random.default_rng(1).permutation(len(table["y"]))
    expected, found = (naive().fit(each).predict() for each in (table, rows_of(table, order)))
    assert np.array_equal(found["Naive"], expected["Naive"])
    assert np.array_equal(found["ds"], expected["ds"])


def test_gaps_and_missing_values() -> None:
    table = long_table({"a": 40})
    holes = table | {"y": table["y"].copy()}
    holes["y"][[10, 39]] = np.nan
    gap = rows_of(table, np.arange(40) != 20)
    with pytest.raises(
        ValueError, match=r"series 'a': 'y' is missing at 2024-03-08 02:00 .2 values.* missing='interpolate'"
    ):
        naive().fit(holes)
    with pytest.raises(ValueError, match=r"series 'a' has no row for 2024-03-08 12:00 .1 row missing"):
        naive().fit(gap)
    for missing in ("interpolate", "mask"):
        assert naive(missing=missing).fit(holes).predict()["Naive"].tolist() == [table["y"][38]] * 2
        assert naive(missing=missing).fit(gap).predict()["Naive"].tolist() == [table["y"][39]] * 2
    empty = table | {"y": np.full(40, np.nan)}
    with pytest.raises(ValueError, match="series 'a' has no value of 'y' at all"):
        naive(missing="mask").fit(empty)


def test_two_rows_with_one_stamp() -> None:
    table = long_table({"a": 20})
    twice = {name: np.append(column, column[-1:]) for name, column in table.items()}
    twice["y"][-2:] = 1.0, 5.0
    with pytest.raises(ValueError, match=r"series 'a' has 2024-03-09 07:00 more than once; .* duplicates='first'"):
        naive().fit(twice)
    found = {how: naive(duplicates=how).fit(twice).predict()["Naive"][0] for how in ("first", "last", "mean")}
    assert found == {"first": 1.0, "last": 5.0, "mean": 3.0}


def test_stamps_off_the_grid() -> None:
    table = long_table({"a": 20})
    late = table | {"ds": table["ds"].astype("datetime64[s]")}
    late["ds"][7] += 600
    with pytest.raises(ValueError, match="2024-03-08 19:10 is no step of 1 h from 2024-03-08 12:00"):
        naive().fit(late)
    daily = table | {"ds": np.datetime64("2024-01-01") + np.arange(20)}
    with pytest.raises(
        ValueError, match=r"most steps are longer than 1 h, .*\(most are 24 h apart\); give another freq"
    ):
        naive().fit(daily)


def changed(**columns: Any) -> dict[str, Any]:
    return long_table({"a": 20}) | columns


@pytest.mark.parametrize(
    ("table", "kind", "message"),
    [
        (changed(y=["x"] * 20), TypeError, "df: column 'y' holds 'x' in row 0; expected numbers"),
        (changed(opened=np.arange(20).astype("datetime64[ns]")), TypeError, "column 'opened' holds dates or times"),
        (changed(y=np.where(np.arange(20) == 3, np.inf, 1.0)), ValueError, "df: column 'y' is infinite in row 3"),
        (changed(ds=np.arange(20)), ValueError, "holds integers, freq='h' is for dates; give freq=1"),
        (changed(ds=["2024-01-01"] * 19 + ["soon"]), ValueError, "column 'ds' holds 'soon' in row 19; expected a date"),
        (changed(ds=np.arange(20) * 1.5), TypeError, "column 'ds' must hold dates or integers, got float64"),
        (changed(unique_id=np.array([None] * 20)), ValueError, "column 'unique_id' is empty in row 0"),
        (changed(y=np.zeros(5)), ValueError, "the columns must be arrays of one length, got 'unique_id': 20"),
        ({"unique_id": ["a"], "ds": [1]}, ValueError, "df has no column 'y' .the target"),
        ({"unique_id": [], "ds": np.array([], int), "y": []}, ValueError, "holds integers|df has no rows"),
        ([1, 2], TypeError, "expected a frame of pandas or polars, or a dictionary of arrays, got list"),
        (changed(note=[str(i) for i in range(20)] * 1, weight=["x"] * 20), None, ""),
    ],
)  # fmt: skip
def test_tables_that_are_refused(table: Any, kind: Any, message: str) -> None:
    if kind is None:
        naive().fit(table)
        return
    with pytest.raises(kind, match=message) as caught:
        naive().fit(table)
    assert "\n" not in str(caught.value)


def test_names_of_columns() -> None:
    table = long_table()
    other = {"shop": table["unique_id"], "hour": table["ds"], "sales": table["y"]}
    found = naive(id_col="shop", time_col="hour", target_col="sales").fit(other).predict()
    assert list(found) == ["shop", "hour", "Naive"]
    with pytest.raises(ValueError, match=r"df has no column 'unique_id' .the series.; it has shop, hour, sales"):
        naive().fit(other)
    assert len(found["Naive"]) == 2 * len(LENGTHS)
