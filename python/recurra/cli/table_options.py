"""Options of the commands that read the user's table."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recurra.datasets.csv_file import Table


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    add = parser.add_argument_group("reading the file").add_argument
    add("--date-column", metavar="NAME", help="the column of the dates (default: detected)")
    add(
        "--date-format",
        metavar="FORMAT",
        help="its form, such as %%d.%%m.%%Y %%H:%%M, or epoch for seconds since 1970 (default: detected)",
    )
    add("--delimiter", metavar="CHAR", help="between fields, \\t for a tab (default: detected among , ; tab |)")
    add("--decimal", metavar="SIGN", help="decimal sign, . or , (default: detected)")
    add("--missing", choices=["refuse", "interpolate", "forward", "skip"], default="refuse", metavar="HOW",
        help="missing values: refuse, interpolate short gaps, fill them forward with the last value, or skip the "
        "windows that touch them (default %(default)s)")  # fmt: skip
    add("--max-gap", type=int, default=6, metavar="ROWS", help="longest gap that is filled (default %(default)s)")
    add("--irregular", choices=["refuse", "fill", "ignore"], default="refuse", metavar="HOW",
        help="timestamps that are not evenly spaced: refuse, fill in missing rows as missing values, or ignore the "
        "times and count rows (default %(default)s)")  # fmt: skip
    add("--duplicates", choices=["refuse", "first", "last", "mean"], default="refuse", metavar="HOW",
        help="rows of the same time: refuse, keep the first or last, or their mean (default %(default)s)")  # fmt: skip


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


def treatment(options: argparse.Namespace) -> dict[str, Any]:
    """What `series_from_table` is to do with gaps and uneven times."""
    return {name: getattr(options, name) for name in ("missing", "max_gap", "irregular", "duplicates")}


def names(text: str) -> list[str]:
    """Names separated by commas, as an option's value; a name that holds a comma is put in double quotes."""
    import csv

    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True)) if name.strip()]
