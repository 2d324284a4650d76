"""`recurra demo jena`: a GRU learns the weather in a minute, and is compared with naive forecasts."""

from __future__ import annotations

import argparse
from pathlib import Path

from recurra.cli import experiment, jena, runs

EPOCHS, STEPS = 5, 250
_YEAR = 365 * 86400.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    add = parser.add_argument
    add("--out", default="out", metavar="FOLDER", help="where plot, model and forecast go (default %(default)s)")
    parser.add_argument("--data", metavar="FILE", help="a file of the station (default: found or downloaded)")
    parser.add_argument("--synthetic", action="store_true", help="use the made-up series even if there is a file")
    experiment.add_options(parser, lookback=jena.LOOKBACK, step=jena.STEP, delay=jena.DELAY, steps=STEPS)
    parser.set_defaults(epochs=EPOCHS)


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    series = jena.load(options.data, synthetic=options.synthetic)
    if series.interval is not None and len(series) * series.interval < _YEAR:
        series.notices.append("less than a year: the model works on changes, since it has not seen all seasons")
        options.predict_change = options.relative = True
    folder = Path(options.out)
    options.save = options.save or str(folder / "jena.safetensors")
    options.plot = options.plot or runs.plot_if_possible(str(folder / "jena.png"))
    options.out = str(folder / "jena.forecast.csv")
    return experiment.run_experiment(series, options, jena.TARGET, jena.split_of(series, None))
