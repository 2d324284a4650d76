"""`recurra train jena`: a network on the Jena weather, with the settings of the classic experiment."""

from __future__ import annotations

import argparse

from recurra.cli import experiment, jena


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    parser.add_argument("--data", metavar="FILE", help="a file of the station (default: found or downloaded)")
    parser.add_argument("--synthetic", action="store_true", help="use the made-up series even if there is a file")
    parser.add_argument("--all-columns", action="store_true", help="also the further columns of newer files")
    parser.add_argument("--split", metavar="A/B/C", help="shares of training, validation, test; default: 200,000 and "
                        "100,000 rows of the file of 2009-2016, 60/20/20 of others")  # fmt: skip
    experiment.add_options(parser, lookback=jena.LOOKBACK, step=jena.STEP, delay=jena.DELAY, steps=jena.STEPS)


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    series = jena.load(options.data, synthetic=options.synthetic, all_columns=options.all_columns)
    return experiment.run_experiment(series, options, jena.TARGET, jena.split_of(series, options.split))
