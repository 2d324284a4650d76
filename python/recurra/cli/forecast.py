"""`recurra forecast`: learns to forecast a column of an evenly sampled table, and forecasts what follows the data."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from recurra.cli import experiment, forecast_many, table_options
from recurra.cli.split import split_from_text

if TYPE_CHECKING:
    from recurra.datasets.csv_file import Table


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    parser.add_argument("file", metavar="FILE.csv", help="a table with a header; may be gzipped or in a zip archive")
    parser.add_argument("--target", metavar="COLUMN", help="the column to forecast; may be left out if there is one")
    parser.add_argument(
        "--features", metavar="A,B,…", help="columns to forecast from (default: all columns of numbers)"
    )
    parser.add_argument("--drop", metavar="A,B,…", default="", help="columns to leave out")
    parser.add_argument("--unit", help="of the target, for the report (default: from its name, as in 'T (degC)')")
    parser.add_argument(
        "--split",
        default="60/20/20",
        metavar="A/B/C",
        help="shares of training, validation, test (default %(default)s)",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="the forecast after the end of the data (default: FILE.forecast.csv in this folder)",
    )
    table_options.add_options(parser)
    experiment.add_options(parser)
    forecast_many.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    from recurra.forecasting import series_from_table

    if options.models:
        options.out = options.out or forecast_file(options.file)
        return forecast_many.run(options)
    given = [name for name in ("id", "level", "report") if getattr(options, name) is not None] + ["cv"] * bool(
        options.cv
    )
    if given:
        raise ValueError(f"--{given[0]} needs --models, such as --models auto")

    features = table_options.names(options.features) if options.features else None
    drop = table_options.names(options.drop)
    # Without a target the columns are not limited, so that the message can name all of them.
    columns = None if features is None or not options.target else list(dict.fromkeys([*features, options.target]))
    table = table_options.read(options.file, options, columns, drop)
    target = options.target or _only_column(table)
    series = series_from_table(table, target, features, **table_options.treatment(options))
    options.out = options.out or forecast_file(options.file)
    return experiment.run_experiment(series, options, target, split_from_text(options.split, len(series)))


def forecast_file(path: str) -> str:
    """Name of the forecast of a table, in the folder one is in."""
    stem = Path(path).name.removesuffix(".gz").removesuffix(".zip").removesuffix(".csv")
    return f"{stem}.forecast.csv"


def _only_column(table: Table) -> str:
    if len(table.names) == 1:
        return table.names[0]
    shown = ", ".join(table.names[:20]) + (", …" if len(table.names) > 20 else "")
    raise ValueError(f"{table.source}: say which column to forecast (--target COLUMN). Columns of numbers: {shown}")
