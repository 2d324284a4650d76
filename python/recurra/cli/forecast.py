"""`recurra forecast`: the weather experiment on any regularly sampled table."""

from __future__ import annotations

import argparse

from recurra.cli import experiment, table_options
from recurra.cli.split import split_from_text

SUMMARY = "learn to forecast a column of a regularly sampled CSV file"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.csv", help="a table with a header; may be gzipped or in a zip archive")
    parser.add_argument("--target", required=True, metavar="COLUMN", help="the column to forecast")
    parser.add_argument("--features", metavar="A,B,…", help="columns to forecast from (default: all of numbers)")
    parser.add_argument("--drop", metavar="A,B,…", default="", help="columns to leave out")
    parser.add_argument("--unit", help="of the target, for the report (default: from its name, as in 'T (degC)')")
    parser.add_argument(
        "--split", default="60/20/20", metavar="A/B/C", help="shares of the parts (default %(default)s)"
    )
    table_options.add_options(parser)
    experiment.add_options(parser, lookback="120", step="1", delay="24")


def run(options: argparse.Namespace) -> int:
    from recurra.forecasting import series_from_table

    features = table_options.names(options.features) if options.features else None
    drop = table_options.names(options.drop)
    columns = None if features is None else list(dict.fromkeys([*features, options.target]))
    table = table_options.read(options.file, options, columns, drop)
    series = series_from_table(
        table, options.target, features, missing=options.missing, max_gap=options.max_gap, irregular=options.irregular
    )
    return experiment.run_experiment(series, options, options.target, split_from_text(options.split, len(series)))
