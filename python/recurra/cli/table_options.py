"""Options of the commands that read a table of the user's."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recurra.datasets.csv_file import Table


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("reading the file").add_argument
    add("--date-column", metavar="NAME", help="the column of the dates (default: found out)")
    add("--date-format", metavar="FORMAT", help="its form, such as %%d.%%m.%%Y %%H:%%M (default: found out)")
    add("--delimiter", metavar="CHAR", help="between fields (default: found out among , ; tab |)")
    add("--decimal", choices=[".", ","], help="decimal sign (default: found out)")
    add("--missing", choices=["refuse", "interpolate", "forward"], default="refuse",
        help="missing values: refuse, or fill short gaps between their neighbours or with the last value "
        "(default %(default)s)")  # fmt: skip
    add("--max-gap", type=int, default=6, metavar="ROWS", help="longest gap that is filled (default %(default)s)")
    add("--irregular", choices=["refuse", "fill", "ignore"], default="refuse",
        help="times that do not go in equal steps: refuse, fill missing rows as missing values, or count rows as they "
        "are (default %(default)s)")  # fmt: skip


def read(path: str, options: argparse.Namespace, columns: list[str] | None, drop: list[str]) -> Table:
    """The table in a file, read as the options say."""
    from recurra.datasets.csv_file import read_csv

    return read_csv(
        path,
        columns=columns,
        drop=drop,
        date_column=options.date_column,
        date_format=options.date_format,
        delimiter=options.delimiter,
        decimal=options.decimal,
    )


def names(text: str) -> list[str]:
    """Names separated by commas, as an option's value; a name that holds a comma is put in double quotes."""
    import csv

    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True)) if name.strip()]
