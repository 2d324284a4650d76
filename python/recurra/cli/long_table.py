"""A CSV file as a long table: a column that names the series, or a column of numbers for each series."""

from __future__ import annotations

import argparse
import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recurra.cli import table_options
from recurra.datasets.csv_file import Table
from recurra.datasets.csv_layout import Layout, no_column, read_head
from recurra.datasets.packed import opened
from recurra.datasets.spacing import date_text, resolution_of


@dataclass(frozen=True)
class LongTable:
    """What a file holds.

    Attributes:
        source: The file, for people.
        columns: unique_id, ds, y and covariates.
        dated: Whether ds holds dates, and not the numbers of the rows.
    """

    source: str
    columns: dict[str, Any]
    dated: bool


def read(options: argparse.Namespace) -> LongTable:
    """The file of the command, read as its options say."""
    return _long(options) if options.id else _wide(options)


def _wide(options: argparse.Namespace) -> LongTable:
    """Each column of numbers is a series; with --target that one alone, and --features are its covariates."""
    features = table_options.names(options.features) if options.features else []
    wanted = list(dict.fromkeys([options.target, *features])) if options.target else features or None
    table = table_options.read(options.file, options, wanted, table_options.names(options.drop))
    if options.target:
        columns = _columns(table, [options.target] * len(table), options.target, features, options)
    else:
        names = list(table.names)
        if not names:
            raise ValueError(f"{table.source}: there is no column of numbers to forecast")
        stamps = _stamps(table, len(table), options)
        columns = {
            "unique_id": np.repeat(names, len(table)),
            "ds": np.tile(stamps, len(names)),
            "y": table.values.T.ravel(),
        }
    return LongTable(table.source, columns, columns["ds"].dtype.kind == "M")


def _long(options: argparse.Namespace) -> LongTable:
    """The column --id names the series; --target, or the only column of numbers, holds the values."""
    features = table_options.names(options.features) if options.features else []
    wanted = list(dict.fromkeys([options.target, *features])) if options.target else None
    drop = [*table_options.names(options.drop), *([options.id] if wanted is None else [])]
    table = table_options.read(options.file, options, wanted, drop)
    target = options.target
    if target is None:
        if len(table.names) != 1:
            raise ValueError(
                f"{table.source}: say which column to forecast (--target COLUMN): {', '.join(table.names)}"
            )
        target = table.names[0]
    ids = _texts(options.file, options.id, options.delimiter)
    if len(ids) != len(table):
        raise ValueError(f"{table.source}: {len(table)} rows of numbers, but {len(ids)} names in column '{options.id}'")
    columns = _columns(table, ids, target, features, options)
    return LongTable(table.source, columns, columns["ds"].dtype.kind == "M")


def _columns(
    table: Table, ids: list[str], target: str, features: list[str], options: argparse.Namespace
) -> dict[str, Any]:
    names = np.array(ids)
    found: dict[str, Any] = {"unique_id": names, "ds": _stamps(table, len(table), options)}
    if found["ds"].dtype.kind != "M":  # rows are counted in each series
        order = np.argsort(names, kind="stable")
        starts = np.flatnonzero(np.append(True, names[order][1:] != names[order][:-1]))
        counts = np.diff(np.append(starts, len(names)))
        found["ds"][order] = np.arange(len(names)) - np.repeat(starts, counts)
    found["y"] = table.values[:, table.column(target)]
    return found | {name: table.values[:, table.column(name)] for name in features if name != target}


def _stamps(table: Table, rows: int, options: argparse.Namespace) -> np.ndarray[Any, Any]:
    if table.times is None or options.irregular == "ignore":
        return np.arange(rows)
    return np.round(table.times * 1000).astype(np.int64).astype("datetime64[ms]")


def _texts(path: str, column: str, delimiter: str | None) -> list[str]:
    """A column of a file as it stands there."""
    with opened(Path(path)) as read:
        head, whole = read_head(read)
        layout = Layout(Path(path).name, head, whole, delimiter)
        if column not in layout.positions:
            raise ValueError(f"{layout.source}: {no_column(column, layout.names)}")
        blocks = [head]
        while block := read(1 << 20):
            blocks.append(block)
    data = b"".join(blocks)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    rows = csv.reader(io.StringIO(text), delimiter=layout.delimiter)
    next(rows)
    place = layout.positions[column]
    return [row[place] for row in rows if row]


def stamp_texts(stamps: Any) -> list[str]:
    """Stamps for people, as finely as they differ."""
    if stamps.dtype.kind != "M":
        return [str(stamp) for stamp in stamps.tolist()]
    seconds = stamps.astype("datetime64[ms]").astype(np.int64) / 1000.0
    finest = resolution_of(seconds, None)
    return [date_text(float(second), None, finest) for second in seconds]
