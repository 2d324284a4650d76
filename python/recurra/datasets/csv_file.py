"""Reads the numbers and dates of a delimited text file, plain, gzipped or in a zip archive.

The numbers are parsed by the engine while the file streams through; the columns, the delimiter, the decimal sign and
the form of the dates are found out from the file's beginning, or stated by the caller.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from recurra import _engine

_HEAD = 1 << 18
_BLOCK = 1 << 20
_SAMPLE_ROWS = 2000

_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")
_MISSING = frozenset(["", "na", "n/a", "nan", "null", "none", "-", "?", "missing"])

_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y")
_CLOCKS = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f")
DATE_FORMATS = (
    *_DAYS,
    *(f"{day}{mark}{clock}{zone}" for day, mark, clock, zone in product(_DAYS, " T", _CLOCKS, ("", "%z"))),
    *(f"{day} %H" for day in _DAYS),
)
_PARTS = ("year", "month", "day", "hour", "minute", "second")


@dataclass(frozen=True)
class Table:
    """Numbers read from a file.

    Attributes:
        source: where they come from, for people.
        names: of the columns.
        values: float64 (rows, columns); NaN where the file has no value.
        times: seconds since 1970-01-01 of each row, or None where the file has no dates.
        text_columns: columns of the file that hold text and were left out.
        synthetic: whether the numbers were made by a formula instead of measured.
    """

    source: str
    names: tuple[str, ...]
    values: NDArray[np.float64]
    times: NDArray[np.float64] | None = None
    text_columns: tuple[str, ...] = ()
    synthetic: bool = False

    def __len__(self) -> int:
        return len(self.values)

    def column(self, name: str) -> int:
        """Number of the column `name`; ValueError if there is none."""
        if name not in self.names:
            raise ValueError(f"{self.source}: {_no_column(name, self.names)}")
        return self.names.index(name)


def read_csv(
    path: str | Path,
    *,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    date_column: str | None = None,
    date_format: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
) -> Table:
    """Reads a file whose first line names its columns.

    Text may be UTF-8 or Latin-1. Dates are taken from the first column that holds dates (common forms, see
    DATE_FORMATS), from a date and a time column, or from columns year, month, day, hour, minute, second.

    Args:
        path: a .csv file, the same gzipped, or a zip archive that holds one.
        columns: the columns to read; None: all that hold numbers, except those the date is made of.
        drop: columns to leave out.
        date_column: the column of the dates; None: found out.
        date_format: its form in %Y %m %d %H %M %S %f %z; None: found out.
        delimiter: between fields; None: found out among `,` `;` tab and `|`.
        decimal: `.` or `,`; None: found out.

    Returns:
        A Table; a missing value (empty, NA, NaN, null, …) is NaN.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is malformed (the message names line and column), a column is unknown, holds text, or its
            dates can be read in several ways.
    """
    path = Path(path)
    with _opened(path) as stream:
        head = stream.read(_HEAD)
        layout = _Layout(path.name, head, len(head) < _HEAD, delimiter, decimal)
        plan = _plan(layout, columns, drop, date_column, date_format)
        parser = _engine.CsvParser(
            source=path.name,
            columns=plan.kinds,
            delimiter=layout.delimiter,
            decimal=layout.decimal,
            first_line=layout.first_line,
        )
        parser.feed(head[layout.body :])
        while block := stream.read(_BLOCK):
            parser.feed(block)
    table = parser.finish()
    if not len(table):
        raise ValueError(f"{path.name}: the file has a header and no rows")
    read = [name for name, kind in plan.kinds if kind != "skip"]
    take = [read.index(name) for name in plan.columns]
    values = table if take == list(range(table.shape[1])) else np.ascontiguousarray(table[:, take])
    return Table(path.name, tuple(plan.columns), values, plan.times(table, read), tuple(plan.text))


class _Layout:
    """What the beginning of a file tells: encoding, delimiter, decimal sign, names, and a sample of the rows."""

    def __init__(self, source: str, head: bytes, whole: bool, delimiter: str | None, decimal: str | None) -> None:
        self.source = source
        if b"\0" in head:
            raise ValueError(f"{source}: line 1 holds zero bytes; expected text in UTF-8 or Latin-1 (is it UTF-16?)")
        begin = 3 if head.startswith(b"\xef\xbb\xbf") else 0
        end = head.find(b"\n")
        if end < 0:
            end = len(head) if whole else -1
        line = head[begin:end]
        if end < 0 or not line.strip():
            raise ValueError(
                f"{source}: line 1 must name the columns, got {'no end of line' if end < 0 else 'nothing'}"
            )
        self.body, self.first_line = min(end + 1, len(head)), 2
        header = _decoded(line).rstrip("\r")
        self.delimiter = delimiter or max(",;\t|", key=header.count)
        self.names = [name.strip() for name in next(csv.reader([header], delimiter=self.delimiter))]
        self._check_names()
        text = _decoded(head[self.body :])
        lines = text.splitlines() if whole else text.splitlines()[:-1]
        rows = csv.reader(lines[:_SAMPLE_ROWS], delimiter=self.delimiter)
        self.sample = [[field.strip() for field in row] for row in rows if len(row) == len(self.names)]
        self.decimal = decimal or self._decimal()
        if self.decimal not in (".", ",") or self.decimal == self.delimiter:
            raise ValueError(
                f"{source}: the decimal sign must be '.' or ',' and not the delimiter, got {self.decimal!r}"
            )

    def _check_names(self) -> None:
        for number, name in enumerate(self.names, 1):
            if not name:
                self.names[number - 1] = name = f"column {number}"
            if self.names.index(name) != number - 1:
                raise ValueError(f"{self.source}: line 1, column {number}: the name '{name}' is there twice")
        if all(_NUMBER.fullmatch(name) for name in self.names):
            raise ValueError(f"{self.source}: line 1 must name the columns, got numbers")

    def _decimal(self) -> str:
        if self.delimiter == ",":
            return "."
        fields = [field for row in self.sample[:50] for field in row if _NUMBER.fullmatch(field)]
        return "," if sum("," in field for field in fields) > sum("." in field for field in fields) else "."

    def fields(self, column: int) -> list[str]:
        """The sampled fields of a column that are not missing."""
        return [row[column] for row in self.sample if row[column].lower() not in _MISSING]

    def is_number(self, column: int) -> bool:
        """Whether most fields are numbers; one that is not is then an error with its place, not a column of text."""
        fields = self.fields(column)
        return 2 * sum(bool(_NUMBER.fullmatch(field)) for field in fields) >= len(fields)


@dataclass
class _Plan:
    kinds: list[tuple[str, str]]
    columns: list[str]
    text: list[str]
    times: Callable[[NDArray[np.float64], list[str]], NDArray[np.float64] | None]


def _plan(
    layout: _Layout,
    columns: Sequence[str] | None,
    drop: Sequence[str],
    date_column: str | None,
    date_format: str | None,
) -> _Plan:
    names = layout.names
    for name in [*(columns or ()), *drop, *([date_column] if date_column else [])]:
        if name not in names:
            raise ValueError(f"{layout.source}: {_no_column(name, names)}")
    dates = _dates(layout, date_column, date_format)
    parts = [] if dates else _date_parts(names)
    numbers = [name for i, name in enumerate(names) if name not in dates and layout.is_number(i)]
    if columns is None:
        wanted = [name for name in numbers if name not in drop and name not in parts]
    else:
        wanted = [name for name in columns if name not in drop]
    for name in wanted:
        if name not in numbers:
            example = next(iter(layout.fields(names.index(name))), "")
            raise ValueError(f"{layout.source}: column '{name}' holds text ('{example}'); leave it out")
    if not wanted:
        raise ValueError(f"{layout.source}: no column of numbers is left to read")
    read = {*wanted, *parts}
    kinds = [(name, dates.get(name) or ("number" if name in read else "skip")) for name in names]

    def times(table: NDArray[np.float64], read: list[str]) -> NDArray[np.float64] | None:
        if dates:
            return np.asarray(sum(table[:, read.index(name)] for name in dates))
        if parts:
            return _times_from_parts(layout.source, {part.lower(): table[:, read.index(part)] for part in parts})
        return None

    text = [name for name in names if name not in numbers and name not in dates and name not in drop]
    return _Plan(kinds, wanted, text if columns is None else [], times)


def _dates(layout: _Layout, column: str | None, form: str | None) -> dict[str, str]:
    """Columns that make up the date and the form of each."""
    if form and not column:
        column = next((n for i, n in enumerate(layout.names) if _follows(layout.fields(i), form)), None)
        if column is None:
            raise ValueError(f"{layout.source}: no column holds dates of the form {form}")
    for i, name in enumerate(layout.names):
        fields = layout.fields(i)
        if (column and name != column) or not fields or (not column and layout.is_number(i)):
            continue
        if form:
            return {name: form}
        forms = [form for form in DATE_FORMATS if _follows(fields, form)]
        if not forms and column:
            raise ValueError(f"{layout.source}: '{fields[0]}' in column '{name}' is no common form of date; state it")
        if not forms:
            continue
        dates = {name: _likeliest(layout.source, name, fields, forms)}
        if "%H" not in dates[name]:
            for j, other in enumerate(layout.names):
                clock = next((c for c in _CLOCKS if layout.fields(j) and _follows(layout.fields(j), c)), None)
                if clock:
                    return {**dates, other: clock}
        return dates
    return {}


def _follows(fields: Sequence[str], form: str) -> bool:
    """Whether nearly all fields are dates of this form: what differs is then an error with its place."""
    if _engine.parse_date(fields[0], form) is None if fields else True:
        return False
    return sum(_engine.parse_date(field, form) is not None for field in fields) >= 0.9 * len(fields)


def _likeliest(source: str, name: str, fields: Sequence[str], forms: Sequence[str]) -> str:
    """Of several forms, the one under which time goes in equal steps (10/11/2020 may be in October or November)."""
    if len(forms) == 1:
        return forms[0]
    regular = []
    for form in forms:
        times = [t for field in fields if (t := _engine.parse_date(field, form)) is not None]
        steps = np.diff(times)
        if len(steps) and steps[0] > 0 and (steps == steps[0]).mean() > 0.9:
            regular.append(form)
    if len(regular) != 1:
        raise ValueError(
            f"{source}: '{fields[0]}' in column '{name}' may be {' or '.join(forms)}; state the date format"
        )
    return regular[0]


def _date_parts(names: Sequence[str]) -> list[str]:
    """Names of the columns year, month, day, … where there are at least the first three."""
    lower = {name.lower(): name for name in names}
    parts = [lower[part] for part in _PARTS if part in lower]
    return parts if all(part in lower for part in _PARTS[:3]) else []


def _times_from_parts(source: str, parts: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    limits = {"month": (1, 12), "day": (1, 31), "hour": (0, 23), "minute": (0, 59), "second": (0, 60)}
    for name, values in parts.items():
        low, high = limits.get(name, (1, 9999))
        wrong = ~((values >= low) & (values <= high) & (values == np.floor(values)))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise ValueError(f"{source}: row {row + 1}, column '{name}': {values[row]:g} is no {name}")
    months = (parts["year"].astype(int) - 1970) * 12 + parts["month"].astype(int) - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + parts["day"].astype(int) - 1
    seconds = days * 86400.0
    for name, scale in (("hour", 3600.0), ("minute", 60.0), ("second", 1.0)):
        if name in parts:
            seconds = seconds + scale * parts[name]
    return np.asarray(seconds)


def _no_column(name: str, names: Sequence[str]) -> str:
    close = get_close_matches(name, names, 1) or [n for n in names if n.lower().startswith(name.lower())]
    hint = f"; did you mean '{close[0]}'?" if close else ""
    return f"there is no column '{name}'{hint} Columns: {', '.join(names)}"


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character cut in two at the end of the sample is no sign of Latin-1.
        if error.start >= len(data) - 3:
            return data[: error.start].decode("utf-8")
        return data.decode("latin-1")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of the table, whatever it is packed in."""
    with path.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        try:
            if magic[:2] == b"\x1f\x8b":
                with gzip.open(raw) as unpacked:
                    yield io.BufferedReader(unpacked)
            elif magic == b"PK\x03\x04":
                with zipfile.ZipFile(raw) as archive:
                    yield _member(archive, path.name)
            else:
                yield raw
        except (EOFError, zipfile.BadZipFile, gzip.BadGzipFile, zlib.error) as error:
            raise ValueError(f"{path.name}: the archive is damaged or cut off ({error}); get the file anew") from error


def _member(archive: zipfile.ZipFile, source: str) -> Any:
    tables = [
        info
        for info in archive.infolist()
        if info.filename.lower().endswith((".csv", ".txt")) and not info.filename.startswith("__MACOSX/")
    ]
    if len(tables) != 1:
        raise ValueError(f"{source}: expected one .csv file in the archive, got {len(tables)}")
    return archive.open(tables[0])
