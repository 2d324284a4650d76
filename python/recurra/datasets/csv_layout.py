"""What the beginning of a delimited file tells: encoding, line ends, delimiter, names, and a sample of the rows."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from recurra.checks import close_names
from recurra.datasets import csv_numbers
from recurra.datasets.packed import Read

HEAD = 1 << 18
_LONGEST_HEADER = 1 << 24
_SAMPLE_ROWS = 2000
_SHOWN_NAMES = 20
_DELIMITERS = ",;|\t :/#~!^&*_@$%"
MISSING = frozenset(["", "na", "n/a", "nan", "null", "none", "-", "?", "missing"])


def read_head(read: Read) -> tuple[bytes, bool]:
    """The first bytes of a file, its whole header among them, and whether they are all of it."""
    head = b""
    while len(head) < HEAD or not _has_line_end(head):
        block = read(HEAD)
        if not block or len(head) > _LONGEST_HEADER:
            return head, not block
        head += block
    return head, False


def _has_line_end(data: bytes) -> bool:
    return b"\n" in data or b"\r" in data


class Layout:
    """The layout of a file and a sample of its rows.

    Attributes:
        names: Of the columns.
        delimiter: Between fields.
        rest: The bytes after the header, their line ends as line feeds.
        sample: The fields of the first rows, those that have one for each name.
        lines: The line number of each sampled row.
        old_line_ends: Whether lines end in carriage returns alone.
    """

    def __init__(self, source: str, head: bytes, whole: bool, delimiter: str | None) -> None:
        self.source = source
        if b"\0" in head:
            raise ValueError(f"{source}: line 1 holds zero bytes; save the file as UTF-8 or Latin-1 (is it UTF-16?)")
        self.old_line_ends = b"\n" not in head and b"\r" in head
        line, newline, self.rest = self._split(head)
        if not newline and not whole:
            raise ValueError(f"{source}: line 1 has no end within {len(head):,} bytes; is this a table?")
        if not line.strip():
            raise ValueError(f"{source}: line 1 must name the columns, got nothing; write the names into it")
        header = _decoded(line, cut=False).rstrip("\r")
        self.delimiter = _checked_delimiter(source, delimiter) or max(",;\t|", key=header.count)
        self.names = self._names(header)
        self.positions = {name: i for i, name in enumerate(self.names)}
        self.sample, self.lines = self._sample(whole)

    def _split(self, head: bytes) -> tuple[bytes, bytes, bytes]:
        return self.with_line_feeds(head.removeprefix(b"\xef\xbb\xbf")).partition(b"\n")

    def body(self, head: bytes) -> bytes:
        """What follows the header in the first bytes of the file, with line feeds."""
        return self._split(head)[2]

    def with_line_feeds(self, block: bytes) -> bytes:
        """A piece of the file with line feeds at the ends of lines."""
        return block.replace(b"\r", b"\n") if self.old_line_ends else block

    def _names(self, header: str) -> list[str]:
        try:
            fields = next(csv.reader([header], delimiter=self.delimiter))
        except csv.Error as error:
            raise ValueError(
                f"{self.source}: line 1 cannot be split into names ({error}); is {self.delimiter!r} between its "
                "columns, and does every line end alike?"
            ) from error
        names = [name.strip() or f"column {number}" for number, name in enumerate(fields, 1)]
        seen: set[str] = set()
        for number, name in enumerate(names, 1):
            if name in seen:
                raise ValueError(f"{self.source}: line 1, column {number}: the name '{name}' is there twice; rename it")
            seen.add(name)
        if all(csv_numbers.NUMBER.fullmatch(name) for name in names):
            raise ValueError(f"{self.source}: line 1 must name the columns, got numbers; put a line of names first")
        return names

    def _sample(self, whole: bool) -> tuple[list[list[str]], list[int]]:
        lines = _decoded(self.rest, cut=not whole).split("\n")
        rows = csv.reader(
            (line.rstrip("\r") for line in (lines if whole else lines[:-1])[:_SAMPLE_ROWS]), delimiter=self.delimiter
        )
        sample, numbers = [], []
        try:
            for row in rows:
                if len(row) == len(self.names):
                    sample.append([field.strip() for field in row])
                    numbers.append(rows.line_num + 1)
        except csv.Error as error:
            raise ValueError(
                f"{self.source}: line {rows.line_num + 1} cannot be split into fields ({error}); is {self.delimiter!r} "
                "between the columns?"
            ) from error
        return sample, numbers

    def decimal_votes(self) -> csv_numbers.Votes:
        """What the sampled fields say about the decimal sign."""
        return csv_numbers.votes_of(field for row in self.sample for field in row)

    def ambiguous_number(self) -> str:
        """Words for the first field whose sign may be decimal or separate thousands."""
        for row, line in zip(self.sample, self.lines, strict=True):
            for name, field in zip(self.names, row, strict=True):
                if (csv_numbers.vote(field) or "").startswith("?"):
                    digits = field.replace(".", "").replace(",", "")
                    return f"'{field}' in column '{name}' (line {line}) may be {field.replace(',', '.')} or {digits}"
        return "numbers such as '1.234' may be 1.234 or 1234"

    def column(self, name: str) -> int:
        """Number of a column.

        Raises:
            ValueError: There is none of this name; the message has close ones.
        """
        if name not in self.positions:
            raise ValueError(f"{self.source}: {no_column(name, self.names)}")
        return self.positions[name]

    def fields(self, column: int) -> list[str]:
        """The sampled fields of a column that are not missing."""
        return [row[column] for row in self.sample if row[column].lower() not in MISSING]

    def is_number(self, column: int, decimal: str) -> bool:
        """Whether most fields are numbers; one that is not is then an error with its place, not a column of text."""
        fields = self.fields(column)
        return 2 * sum(csv_numbers.is_number(field, decimal) for field in fields) >= len(fields)

    def example_of_text(self, column: int, decimal: str) -> str:
        """The first field that is not a number, and its line: `'yes', line 2`."""
        for row, line in zip(self.sample, self.lines, strict=True):
            field = row[column]
            if field.lower() not in MISSING and not csv_numbers.is_number(field, decimal):
                return f"'{field if len(field) <= 40 else field[:39] + '…'}', line {line}"
        return "no numbers"


def no_column(name: str, names: Sequence[str]) -> str:
    """Words for a column that is not there, with the close names and those there are."""
    close = close_names(name, names) or [each for each in names if each.lower().startswith(name.lower())]
    hint = f"; did you mean '{close[0]}'?" if close else "."
    rest = f", … ({len(names) - _SHOWN_NAMES:,} more)" if len(names) > _SHOWN_NAMES else ""
    return f"there is no column '{name}'{hint} Columns: {', '.join(names[:_SHOWN_NAMES])}{rest}"


def _checked_delimiter(source: str, delimiter: str | None) -> str | None:
    if delimiter is None:
        return None
    delimiter = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    if len(delimiter) != 1 or delimiter not in _DELIMITERS:
        raise ValueError(
            f"{source}: the delimiter must be one character such as ',' ';' '|' or a tab (\\t), got {delimiter!r}"
        )
    return delimiter


def _decoded(data: bytes, *, cut: bool) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character cut in two at the end of the sample does not point to Latin-1.
        if cut and error.start >= len(data) - 3:
            return data[: error.start].decode("utf-8")
        return data.decode("latin-1")
