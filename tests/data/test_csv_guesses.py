"""What is detected in a table: decimal signs, thousands separators, dates of every form, time zones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from recurra.datasets.csv_file import Table, read_csv


def read(tmp_path: Path, text: str, **arguments: object) -> Table:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode())
    return read_csv(path, **arguments)


def days(table: Table) -> list[str]:
    assert table.times is not None
    return [str(day) for day in (table.times // 86400).astype("datetime64[D]")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a;b\n1,5;2\n1.002,4;3\n", [[1.5, 2], [1002.4, 3]]),
        ("a;b\n1.5;2\n1,002.4;3\n", [[1.5, 2], [1002.4, 3]]),
        ("a;b\n1.234.567;2\n1,5;3\n", [[1234567, 2], [1.5, 3]]),
        ('a,b\n"1,234.5",2\n12.5,"1,000"\n', [[1234.5, 2], [12.5, 1000]]),
        ("a;b\n0,5;1.234\n-1.234,5;2\n", [[0.5, 1234], [-1234.5, 2]]),
        ("a\tb\n1.234\t2.345\n", [[1.234, 2.345]]),
        ("a,b\n1.234,2.345\n", [[1.234, 2.345]]),
        ("a;b\n1.234;0.345\n", [[1.234, 0.345]]),
    ],
)
def test_decimal_and_thousands_separators(tmp_path, text, expected) -> None:
    np.testing.assert_array_equal(read(tmp_path, text).values, expected)


def test_the_whole_table_decides_on_the_decimal_sign(tmp_path) -> None:
    whole = "a;b\n" + "1;2\n" * 200_000
    assert read(tmp_path, whole + "2,5;1.000\n").values[-1].tolist() == [2.5, 1000]
    assert read(tmp_path, whole + "2.5;1,000\n").values[-1].tolist() == [2.5, 1000]
    with pytest.raises(ValueError, match=r"may be 1\.234 or 1234; state the decimal sign \(--decimal \. or ,\)"):
        read(tmp_path, whole + "1.234;7\n")


@pytest.mark.parametrize("field", ["1.234", "1,234"])
def test_an_ambiguous_number_is_asked_about(tmp_path, field) -> None:
    text = f"a;b\n12;{field}\n13;{field}\n"
    with pytest.raises(ValueError, match=rf"'{field}' in column 'b' \(line 2\) may be 1\.234 or 1234; state the deci"):
        read(tmp_path, text)
    sign, other = field[1], {".": ",", ",": "."}[field[1]]
    assert read(tmp_path, text, decimal=sign).values[0, 1] == 1.234
    assert read(tmp_path, text, decimal=other).values[0, 1] == 1234


def test_thousands_do_not_hide_other_errors(tmp_path) -> None:
    with pytest.raises(ValueError, match=r"line 2, column 1 \('a'\): '1\.002,4x' is not a finite number"):
        read(tmp_path, "a;b\n1.002,4x;1,5\n3,0;2\n4,0;2\n")
    with pytest.raises(ValueError, match=r"line 3, column 1 \('a'\): '1\.02,4' is not a finite number"):
        read(tmp_path, "a;b\n1,0;1,5\n1.02,4;2\n4,0;2\n")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["1949-01", "1949-02", "1949-03"], ["1949-01-01", "1949-02-01", "1949-03-01"]),
        (["01/1949", "02/1949"], ["1949-01-01", "1949-02-01"]),
        (["1949M11", "1949M12"], ["1949-11-01", "1949-12-01"]),
        (["2000Q1", "2000Q2", "2000Q4"], ["2000-01-01", "2000-04-01", "2000-10-01"]),
        (["2000-q3", "2000-q4"], ["2000-07-01", "2000-10-01"]),
        (["Q1 2001", "Q2 2001"], ["2001-01-01", "2001-04-01"]),
    ],
)
def test_months_and_quarters(tmp_path, fields, expected) -> None:
    table = read(tmp_path, "period,x\n" + "".join(f"{field},{i}\n" for i, field in enumerate(fields)))
    assert days(table) == expected
    assert table.names == ("x",)


def test_years(tmp_path) -> None:
    table = read(tmp_path, "Year,x\n1960,5\n1961,7\n1962,6\n")
    assert days(table) == ["1960-01-01", "1961-01-01", "1962-01-01"]
    assert table.names == ("x",)
    assert read(tmp_path, "season,x\n1960,5\n1961,7\n", date_column="season").names == ("x",)
    # A feature called "year" is one: its values come again.
    plain = read(tmp_path, "year,x\n1960,5\n1960,7\n1961,6\n")
    assert plain.times is None
    assert plain.names == ("year", "x")


def test_year_and_month(tmp_path) -> None:
    assert days(read(tmp_path, "year,month,x\n1960,12,5\n1961,1,7\n")) == ["1960-12-01", "1961-01-01"]
    assert read(tmp_path, "year,month,x\n1960,12,5\n1960,12,7\n").times is None


@pytest.mark.parametrize("scale", [1, 1000, 1_000_000, 1_000_000_000])
def test_seconds_since_1970(tmp_path, scale) -> None:
    first = 1_600_000_000
    rows = "".join(f"{(first + 3600 * i) * scale},{i * i}\n" for i in range(5))
    for name in ("timestamp", "Unix_Time", "ts", "date"):
        table = read(tmp_path, f"{name},x\n{rows}")
        np.testing.assert_allclose(table.times, first + 3600 * np.arange(5), atol=1e-3)
        assert table.names == ("x",)
    assert read(tmp_path, f"counter,x\n{rows}").times is None
    column, form = {"date_column": "counter"}, {"date_format": "epoch"}
    for arguments in (column, form, {**column, **form}):
        np.testing.assert_allclose(read(tmp_path, f"counter,x\n{rows}", **arguments).times[0], first)
    with pytest.raises(ValueError, match="column 'x' holds no dates, years or seconds since 1970-01-01 in order"):
        read(tmp_path, f"counter,x\n{rows}", date_column="x")


def test_a_missing_date_is_named(tmp_path) -> None:
    with pytest.raises(ValueError, match="row 3, column 'ts': the date is missing"):
        read(tmp_path, "ts,x\n1600000000,5\n1600003600,7\n,6\n")


def test_time_zones_are_kept(tmp_path) -> None:
    def zone(*offsets: str) -> float | None:
        rows = "".join(f"2023-07-20T{i:02}:00:00{offset},{i},2020-01\n" for i, offset in enumerate(offsets))
        return read(tmp_path, "time,x,note\n" + rows).zone

    assert zone("", "") is None
    assert zone("Z", "Z") == 0
    assert zone("+02:00", "+02:00") == 7200
    assert zone("-0330", "-03:30") == -12600
    assert zone("+01:00", "+02:00") == 0  # summer and winter: shown in UTC


def test_months_that_might_be_days(tmp_path) -> None:
    months = [f"01/{month:02}/{year}" for year in (2019, 2020) for month in range(1, 13)]
    table = read(tmp_path, "when,x\n" + "".join(f"{text},{i}\n" for i, text in enumerate(months)))
    assert days(table)[:3] == ["2019-01-01", "2019-02-01", "2019-03-01"]


def test_columns_of_text_are_said_to_be_text(tmp_path) -> None:
    table = read(tmp_path, "x,promo,size\n1,yes,1 234\n2,no,1 235\n")
    with pytest.raises(ValueError, match=r"column 'promo' holds text \('yes', line 2\)"):
        table.column("promo")
    with pytest.raises(ValueError, match=r"column 'size' holds text \('1 234', line 2\)"):
        table.column("size")
    with pytest.raises(ValueError, match=r"there is no column 'y'\. Columns: x"):
        table.column("y")
    with pytest.raises(ValueError, match="column 'day' holds the dates; choose a column of numbers"):
        read(tmp_path, "day,x\n2020-01-01,1\n2020-01-02,2\n").column("day")
