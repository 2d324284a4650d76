"""Reads the numbers and dates of a delimited text file, plain, gzipped or in a zip archive.

The numbers are parsed by the engine while the file streams through. Columns, delimiter and the form of the dates are
detected from the file's beginning, the decimal sign from as much of it as is needed, or stated by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recurra import _engine
from recurra.datasets import csv_numbers
from recurra.datasets.csv_dates import DATE_FORMATS, Dates, Rewrite, find_dates
from recurra.datasets.csv_layout import Layout, no_column, read_head
from recurra.datasets.packed import Read, opened

__all__ = ["DATE_FORMATS", "Table", "read_csv"]

_BLOCK = 1 << 20
_OFFSET = re.compile(rb":\d\d(?:\.\d+)?(Z|[+-]\d\d:?\d\d|[+-]\d\d)(?=[^\d:]|$)", re.MULTILINE)


@dataclass(frozen=True)
class Table:
    """Numbers read from a file.

    Attributes:
        source: Where they come from, for people.
        names: Of the columns.
        values: float64 (rows, columns); NaN where the file has no value.
        times: Seconds since 1970-01-01 of each row, or None where the file has no dates.
        text_columns: Columns of the file that hold text and were ignored.
        synthetic: Whether the numbers were made by a formula instead of measured.
        zone: Seconds that the file's clock is ahead of UTC, 0 where its offsets differ; None where it names none.
        examples: For each text column, a field that is not a number and its line.
        date_columns: Columns of the file that the times were made of.
    """

    source: str
    names: tuple[str, ...]
    values: NDArray[np.float64]
    times: NDArray[np.float64] | None = None
    text_columns: tuple[str, ...] = ()
    synthetic: bool = False
    zone: float | None = None
    examples: Mapping[str, str] = field(default_factory=dict)
    date_columns: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

    def column(self, name: str) -> int:
        """Number of the column `name`.

        Raises:
            ValueError: There is none, or it holds text.
        """
        if name in self._positions:
            return self._positions[name]
        if name in self.text_columns:
            raise ValueError(f"{self.source}: {_holds_text(name, self.examples.get(name, 'no numbers'))}")
        if name in self.date_columns:
            raise ValueError(f"{self.source}: column '{name}' holds the dates; choose a column of numbers")
        raise ValueError(f"{self.source}: {no_column(name, self.names)}")


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
    r"""Reads a file whose first line names its columns.

    Text may be UTF-8 or Latin-1. Dates are taken from the first column that holds dates (common forms, see
    DATE_FORMATS; months and quarters such as 1949-01 and 2000Q1 too), from a date and a time column, from columns
    year, month, day, hour, minute, second, or from a column such as "timestamp" that counts seconds since 1970-01-01.
    Numbers may have thousands separators (1,234.5, or 1.234,5 with the decimal sign `,`).

    Args:
        path: A .csv file, the same gzipped, or a zip archive that holds one.
        columns: The columns to read; None: all that hold numbers, except those the date is made of.
        drop: Columns to leave out.
        date_column: The column of the dates; None detects it.
        date_format: Its form in %Y %m %d %H %M %S %f %z, or "epoch" for seconds since 1970-01-01; None detects it.
        delimiter: Between fields; None detects it among `,` `;` tab and `|`.
        decimal: `.` or `,`; None detects it.

    Returns:
        A Table; a missing value (empty, NA, NaN, null, …) is NaN.

    Raises:
        OSError: The file cannot be read.
        ValueError: The file is malformed (the message names line and column), a column is unknown or holds text, or
            dates or numbers can be read in several ways.

    Example:
        >>> import pathlib, tempfile
        >>> from recurra.datasets.csv_file import read_csv
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "load.csv"
        ...     _ = path.write_text("day;load\n2024-01-01;1.234,5\n2024-01-02;1.198,0\n")
        ...     table = read_csv(path)
        >>> table.names, table.values[:, 0].tolist()
        (('load',), [1234.5, 1198.0])
    """
    path = Path(path)
    with opened(path) as read:
        head, whole = read_head(read)
        layout = Layout(path.name, head, whole, delimiter)
    sign = _decimal_sign(path, layout, decimal)
    plan = _plan(layout, sign, columns, drop, date_column, date_format)
    rewrites = [plan.dates.rewrite] if plan.dates.rewrite else []
    try:
        table, zone = _parsed(path, layout, plan, sign, rewrites)
    except ValueError as error:
        try:  # with thousands separators, which few files have and which take time
            table, zone = _parsed(path, layout, plan, sign, [*rewrites, csv_numbers.ungrouped(sign, layout.delimiter)])
        except ValueError:
            raise error from None
    if not len(table):
        raise ValueError(f"{path.name}: the file has a header and no rows")
    places = {name: i for i, name in enumerate(name for name, kind in plan.kinds if kind != "skip")}
    take = [places[name] for name in plan.columns]
    values = table if take == list(range(table.shape[1])) else np.ascontiguousarray(table[:, take])
    times = None if plan.dates.times is None else plan.dates.times(lambda name: table[:, places[name]])
    names, dates = tuple(plan.columns), tuple(plan.dates.kinds)
    return Table(path.name, names, values, times, tuple(plan.text), False, zone, plan.text, dates)


def _parsed(
    path: Path, layout: Layout, plan: _Plan, decimal: str, rewrites: Sequence[Rewrite]
) -> tuple[NDArray[np.float64], float | None]:
    """The numbers of the whole file, and its time zone."""
    parser = _engine.CsvParser(
        source=path.name, columns=plan.kinds, delimiter=layout.delimiter, decimal=decimal, first_line=2
    )
    offsets: set[bytes] = set()
    with _blocks(path, layout) as blocks:
        for block in blocks:
            if plan.dates.zoned:
                offsets.update(_OFFSET.findall(block))
            for rewrite in rewrites:
                block = rewrite(block)
            parser.feed(block)
        return parser.finish(), 0.0 if plan.dates.utc else _zone(offsets)


@contextmanager
def _blocks(path: Path, layout: Layout) -> Iterator[Iterator[bytes]]:
    """The file after its header, in pieces of whole lines."""

    def pieces(read: Read) -> Iterator[bytes]:
        kept = layout.body(read_head(read)[0])
        while block := layout.with_line_feeds(read(_BLOCK)):
            kept += block
            end = kept.rfind(b"\n") + 1
            # A line without an end is handed on too: the engine limits its length.
            if end or len(kept) > 2 * _BLOCK:
                yield kept[: end or len(kept)]
                kept = kept[end or len(kept) :]
        yield kept

    with opened(path) as read:
        yield pieces(read)


def _decimal_sign(path: Path, layout: Layout, decimal: str | None) -> str:
    """The decimal sign that was stated, or that the first fields which tell it have."""
    if decimal is not None and (decimal not in (".", ",") or decimal == layout.delimiter):
        raise ValueError(
            f"{layout.source}: the decimal sign must be '.' or ',' and not the delimiter {layout.delimiter!r}, "
            f"got {decimal!r}"
        )
    votes = layout.decimal_votes()
    sign = decimal or csv_numbers.decided(votes, layout.delimiter)
    if sign is None:
        with _blocks(path, layout) as blocks:
            for block in blocks:
                votes += csv_numbers.votes_in(block)
        sign = csv_numbers.decided(votes, layout.delimiter)
    if sign is None and (votes["?."] or votes["?,"]):
        raise ValueError(f"{layout.source}: {layout.ambiguous_number()}; state the decimal sign (--decimal . or ,)")
    return sign or "."


def _zone(offsets: set[bytes]) -> float | None:
    """Seconds ahead of UTC; 0 where a file has several offsets, as in summer and winter."""
    if not offsets:
        return None
    found = set()
    for offset in offsets:
        digits = offset.replace(b":", b"").removeprefix(b"Z")
        seconds = 3600 * int(digits[1:3] or 0) + 60 * int(digits[3:5] or 0)
        found.add(float(-seconds if digits.startswith(b"-") else seconds))
    return found.pop() if len(found) == 1 else 0.0


@dataclass(frozen=True)
class _Plan:
    """How the columns are read: for the engine, those of the table, the text columns with an example, the dates."""

    kinds: list[tuple[str, str]]
    columns: list[str]
    text: dict[str, str]
    dates: Dates


def _plan(
    layout: Layout,
    decimal: str,
    columns: Sequence[str] | None,
    drop: Sequence[str],
    date_column: str | None,
    date_format: str | None,
) -> _Plan:
    for name in [*(columns or ()), *drop]:
        layout.column(name)
    numeric = [layout.is_number(i, decimal) for i in range(len(layout.names))]
    dates = find_dates(layout, date_column, date_format, numeric.__getitem__)
    without = set(drop)
    if columns is None:
        wanted = [
            name for name, is_number in zip(layout.names, numeric, strict=True)
            if is_number and name not in without and name not in dates.kinds
        ]  # fmt: skip
    else:
        wanted = [name for name in columns if name not in without]
    for name in wanted:
        i = layout.positions[name]
        if not numeric[i] or (name in dates.kinds and dates.kinds[name] != "number"):
            raise ValueError(f"{layout.source}: {_holds_text(name, layout.example_of_text(i, decimal))}")
    if not wanted:
        raise ValueError(f"{layout.source}: no column of numbers is left to read")
    read = {*wanted, *dates.kinds}
    kinds = [(name, dates.kinds.get(name, "number") if name in read else "skip") for name in layout.names]
    text = {
        name: layout.example_of_text(i, decimal)
        for i, name in enumerate(layout.names)
        if columns is None and not numeric[i] and name not in dates.kinds and name not in without
    }
    return _Plan(kinds, wanted, text, dates)


def _holds_text(name: str, example: str) -> str:
    return f"column '{name}' holds text ({example}); choose a column of numbers, or write it as numbers"
