"""Reading delimited text: numbers to the last bit, dates, layouts, and every malformed input by its place."""

from __future__ import annotations

import gzip
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest

from recurra import _engine
from recurra.datasets.csv_file import read_csv


def write(tmp_path: Path, text: str | bytes, name: str = "table.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def parse(text: str, columns: int = 1, piece: int | None = None) -> np.ndarray:
    parser = _engine.CsvParser(source="text", columns=[(f"c{i}", "number") for i in range(columns)])
    data = text.encode()
    for begin in range(0, len(data), piece or max(len(data), 1)):
        parser.feed(data[begin : begin + (piece or len(data))])
    return parser.finish()


def test_numbers_are_rounded_correctly() -> None:
    draw = random.Random(3)
    written = ["0", "-0", "+1.5", ".5", "5.", "1e5", "1E-5", "-2.5e+3", "9007199254740993", "0.1", "1e22", "1e23"]
    written += ["2.2250738585072014e-308", "4.9e-324", "1.7976931348623157e308", "1e-400", "0e9999", "00012.50"]
    written += ["123456789012345678901234567890", "0.30000000000000004", "0." + "0" * 400 + "1", "1" + "0" * 300]
    written += [repr(draw.uniform(-1, 1) * 10.0 ** draw.randint(-300, 300)) for _ in range(3000)]
    written += [f"{draw.uniform(-1000, 1000):.{draw.randint(0, 20)}f}" for _ in range(3000)]
    np.testing.assert_array_equal(parse("\n".join(written))[:, 0], [float(w) for w in written])


@pytest.mark.parametrize(
    "word", ["inf", "-inf", "1e999", "-1e400", "0x10", "1_000", "1e", "--1", "1.2.3", "e5", ".", "+", "1 2"]
)
def test_what_is_no_finite_number(word) -> None:
    with pytest.raises(ValueError, match="is not a finite number"):
        parse(word)


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 64])
def test_pieces_of_any_size_and_line_endings(piece) -> None:
    text = '1,2\r\n 3 ,\t4\n\n5,\n"6",NaN\r\n   \r\n7,8'
    expected = [[1, 2], [3, 4], [5, np.nan], [6, np.nan], [7, 8]]
    np.testing.assert_array_equal(parse(text, 2, piece), expected)


def test_every_word_for_missing() -> None:
    words = ["NA", "n/a", "NaN", "nan", "NULL", "None", "-", "?", "missing", '""']
    assert np.isnan(parse("\n".join(words))).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2\n3,x\n", r"text: line 2, column 2 \('c1'\): 'x' is not a finite number"),
        ("1,2\n3\n", r"line 2, column 2 \('c1'\): the row ends after 1 of 2 columns"),
        ("1,2\n3,4,5\n", r"line 2, column 3: unexpected ',5' after the last of 2 columns"),
        ('1,2\n"3,4\n', r"line 2, column 1 \('c0'\): a quoted field does not end on its line"),
        ("1,2\n\n\n3,\x07\u00e9", r"line 4, column 2 \('c1'\): '\\x07\\xc3\\xa9' is not a finite number"),
        ("1," + "9" * 60 + "x", r"'9{40}…' is not a finite number"),
    ],
)
def test_malformed_fields_are_named_by_place(text, message) -> None:
    for piece in (None, 1):
        with pytest.raises(ValueError, match=message):
            parse(text, 2, piece)


def test_endless_line_is_refused() -> None:
    parser = _engine.CsvParser(source="blob", columns=[("a", "number")])
    for _ in range(20):
        parser.feed(b"1" * 50_000)
    with pytest.raises(ValueError, match="blob: line 1 is longer than"):
        parser.feed(b"1" * 50_000)


def test_random_bytes_never_crash() -> None:
    draw = random.Random(11)
    alphabet = b'0123456789.,-+eE"\r\n \tNaA%\x00\xff;:/'
    refused = []
    for _ in range(3000):
        data = bytes(draw.choice(alphabet) for _ in range(draw.randrange(60)))
        parser = _engine.CsvParser(source="noise", columns=[("a", "number"), ("b", "skip"), ("c", "%d.%m.%Y %H:%M")])
        try:
            for begin in range(0, len(data), 5):
                parser.feed(data[begin : begin + 5])
            assert parser.finish().shape[1] == 2
        except ValueError as error:
            refused.append(str(error))
    assert len(refused) > 1000
    assert all(message.startswith("noise: line ") for message in refused)


def test_a_damaged_table_is_read_alike_or_refused(tmp_path) -> None:
    draw = random.Random(5)
    lines = ["time,a,b"] + [f"2020-01-01 {h:02}:00,{h / 3:.3f},{-h}" for h in range(24)]
    sound = "\n".join(lines).encode()
    refused = []
    for _ in range(400):
        data = bytearray(sound)
        for _ in range(draw.randint(1, 3)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        try:
            assert read_csv(write(tmp_path, bytes(data))).values.ndim == 2
        except ValueError as error:
            refused.append(str(error))
    assert all(message.startswith("table.csv: ") for message in refused)
    assert 0 < len(refused) < 400


@pytest.mark.parametrize(
    ("written", "form", "expected"),
    [
        ("2009-01-01", "%Y-%m-%d", "2009-01-01T00:00:00"),
        ("01.02.2009 00:10:00", "%d.%m.%Y %H:%M:%S", "2009-02-01T00:10:00"),
        ("2/3/2010 7:05", "%m/%d/%Y %H:%M", "2010-02-03T07:05:00"),
        ("2024-02-29T23:59:59Z", "%Y-%m-%dT%H:%M:%S%z", "2024-02-29T23:59:59"),
        ("2024-03-01T01:30:00+02:00", "%Y-%m-%dT%H:%M:%S%z", "2024-02-29T23:30:00"),
        ("2024-03-01T01:30:00-0130", "%Y-%m-%dT%H:%M:%S%z", "2024-03-01T03:00:00"),
        ("1969-12-31 23:00", "%Y-%m-%d %H:%M", "1969-12-31T23:00:00"),
        ("2000010203", "%Y%m%d%H", "2000-01-02T03:00:00"),
    ],
)
def test_dates(written, form, expected) -> None:
    assert _engine.parse_date(written, form) == np.datetime64(expected, "s").astype(np.int64)


def test_fraction_of_a_second() -> None:
    assert _engine.parse_date("1970-01-01 00:00:01.25", "%Y-%m-%d %H:%M:%S.%f") == 1.25


@pytest.mark.parametrize(
    "written", ["2023-02-29", "2023-13-01", "2023-00-10", "23-01-01", "2023-01-01 ", "", "2023-1-", "2023/01/01"]
)
def test_what_is_no_date(written) -> None:
    assert _engine.parse_date(written, "%Y-%m-%d") is None


def test_unknown_directive() -> None:
    with pytest.raises(ValueError, match="%q is none of"):
        _engine.parse_date("1", "%q")


def hourly(form: str, rows: int = 60) -> list[str]:
    times = np.datetime64("2010-01-30T00", "h") + np.arange(rows)
    return [t.item().strftime(form) for t in times]


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d %H:%M:%S",
        "%d.%m.%Y %H:%M",
        "%m/%d/%Y %H:%M",
        "%d/%m/%Y %H:%M:%S",
        "%Y-%m-%dT%H:%M:%SZ",
        "%Y/%m/%d %H:%M",
    ],
)
def test_form_of_dates_is_found(tmp_path, form) -> None:
    table = read_csv(write(tmp_path, "when,x\n" + "".join(f"{t},{i}\n" for i, t in enumerate(hourly(form)))))
    np.testing.assert_array_equal(np.diff(table.times), 3600)
    assert table.times[0] == np.datetime64("2010-01-30", "s").astype(int)
    assert table.names == ("x",)


def test_day_and_month_that_cannot_be_told_apart(tmp_path) -> None:
    path = write(tmp_path, "when,x\n01/02/2010,1\n01/02/2010,2\n")
    with pytest.raises(ValueError, match="may be %d/%m/%Y or %m/%d/%Y; state the date format"):
        read_csv(path)
    with pytest.raises(ValueError, match="state the date format"):
        read_csv(write(tmp_path, "when,x\n01/02/2010 00:00,1\n01/02/2010 01:00,2\n"))
    path = write(tmp_path, "when,x\n01/02/2010,1\n01/02/2010,2\n")
    assert read_csv(path, date_format="%m/%d/%Y").times[0] == np.datetime64("2010-01-02", "s").astype(int)


def test_date_in_several_columns(tmp_path) -> None:
    parts = read_csv(write(tmp_path, "Year,Month,Day,hour,x\n2010,1,31,23,5\n2010,2,1,0,6\n"))
    assert parts.names == ("x",)
    assert np.diff(parts.times) == 3600
    assert parts.times[0] == np.datetime64("2010-01-31T23", "s").astype(int)
    pair = read_csv(write(tmp_path, "Date;Time;x\n16/12/2006;17:24:00;5\n16/12/2006;17:25:00;6\n"))
    assert pair.names == ("x",)
    assert np.diff(pair.times) == 60
    with pytest.raises(ValueError, match="row 2, column 'month': 13 is not a valid month"):
        read_csv(write(tmp_path, "year,month,day,x\n2010,1,1,1\n2010,13,1,1\n"))


def test_layouts(tmp_path) -> None:
    german = read_csv(write(tmp_path, "Zeit;Temp °C;Wort\n01.01.2020 00:00;-1,5;kalt\n01.01.2020 01:00;;kalt\n"))
    assert german.names == ("Temp °C",)
    assert german.text_columns == ("Wort",)
    np.testing.assert_array_equal(german.values, [[-1.5], [np.nan]])
    latin = read_csv(write(tmp_path, "a,PAR (µmol)\n1,2".encode("latin-1")))
    assert latin.names == ("a", "PAR (µmol)")
    assert read_csv(write(tmp_path, b"\xef\xbb\xbfa,b\n1,2")).names == ("a", "b")
    assert read_csv(write(tmp_path, "a\tb\n1\t2\n")).values.tolist() == [[1, 2]]
    assert read_csv(write(tmp_path, '"a, with comma","b"\n"1",2\n')).names == ("a, with comma", "b")
    assert read_csv(write(tmp_path, "a,b,c\n1,2,3\n"), columns=["c", "a"]).values.tolist() == [[3, 1]]
    assert read_csv(write(tmp_path, "a,b,c\n1,2,3\n"), drop=["b"]).names == ("a", "c")


def test_packed_files(tmp_path) -> None:
    text = b"a,b\n" + b"".join(b"%d,%d\n" % (i, -i) for i in range(200_000))
    plain = read_csv(write(tmp_path, text))
    assert plain.values.shape == (200_000, 2)
    assert plain.values[-1].tolist() == [199_999, -199_999]
    packed = read_csv(write(tmp_path, gzip.compress(text), "table.csv.gz"))
    with zipfile.ZipFile(tmp_path / "table.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("table.csv", text)
        archive.writestr("__MACOSX/._table.csv", b"junk")
    np.testing.assert_array_equal(plain.values, packed.values)
    np.testing.assert_array_equal(plain.values, read_csv(tmp_path / "table.zip").values)


def test_damaged_archives(tmp_path) -> None:
    whole = gzip.compress(np.random.default_rng(0).integers(0, 9, 10_000).astype("S1").tobytes(), mtime=0)
    with pytest.raises(ValueError, match="the archive is damaged or cut off"):
        read_csv(write(tmp_path, whole[: len(whole) // 2], "a.csv.gz"))
    broken = bytearray(gzip.compress(b"a,b\n" + b"1,2\n" * 9000))
    broken[len(broken) // 2] ^= 0xFF
    with pytest.raises(ValueError, match="damaged"):
        read_csv(write(tmp_path, bytes(broken), "b.csv.gz"))
    with pytest.raises(ValueError, match="damaged"):
        read_csv(write(tmp_path, gzip.compress(b"")[:10] + b"\xff" * 50, "d.csv.gz"))
    with pytest.raises(ValueError, match="damaged"):
        read_csv(write(tmp_path, b"PK\x03\x04rubbish", "c.zip"))
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
        archive.writestr("b.csv", "a\n1\n")
    with pytest.raises(ValueError, match=r"expected one \.csv file in the archive, got 2"):
        read_csv(tmp_path / "two.zip")


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (b"", {}, "line 1 must name the columns"),
        ("a,b\n", {}, "a header and no rows"),
        ("1,2\n3,4\n", {}, "line 1 must name the columns, got numbers"),
        ("a,a\n3,4\n", {}, "line 1, column 2: the name 'a' is there twice"),
        ("a,b\n1,2\n".encode("utf-16"), {}, "zero bytes"),
        ("a,b\n1,2\n", {"columns": ["B"]}, "there is no column 'B'"),
        ("temp,b\n1,2\n", {"columns": ["tmp"]}, "did you mean 'temp'"),
        ("a,b\nx,2\n", {"columns": ["a"]}, r"column 'a' holds text \('x', line 2\)"),
        ("a,b\nx,y\n", {}, "no column of numbers"),
        ("a,b\n1,2\n3,4\nq,5\n", {}, r"line 4, column 1 \('a'\): 'q' is not a finite number"),
        ("a,b\n1,2\n", {"decimal": ","}, "the decimal sign must be"),
        ("a,b\n1,2\n", {"date_format": "%Y"}, "no column holds dates of the form %Y"),
        ("t,b\nnoon,2\n", {"date_column": "t"}, "'noon' in column 't' is not a known form of dates"),
        (
            "t,b\n2020-01-01,2\n" * 1 + "".join(f"2020-01-{d:02},1\n" for d in range(2, 29)) + "2020-02-30,2\n",
            {},
            r"line 30, column 1 \('t'\): '2020-02-30' is not a date of the form %Y-%m-%d",
        ),
    ],
)
def test_malformed_files(tmp_path, text, arguments, message) -> None:
    with pytest.raises(ValueError, match=message):
        read_csv(write(tmp_path, text), **arguments)


def test_missing_file(tmp_path) -> None:
    with pytest.raises(FileNotFoundError):
        read_csv(tmp_path / "nothing.csv")
