"""`recurra predict`: a saved forecasting model on another file, or on the same one when it has grown."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from recurra.cli import table_options
from recurra.cli.forecast import forecast_file
from recurra.datasets.spacing import plural

if TYPE_CHECKING:
    from recurra.forecasting import ColumnForecaster, Forecast


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    parser.add_argument("model", metavar="MODEL", help="a file written with --save")
    parser.add_argument("file", metavar="FILE.csv", help="a table with the columns the model was trained on")
    parser.add_argument("--out", metavar="FILE", help="the forecast (default: FILE.forecast.csv in this folder)")
    table_options.add_options(parser)


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    from recurra.cli.forecast_report import amount
    from recurra.forecasting import ColumnForecaster, series_from_table

    forecaster = ColumnForecaster(options.model)
    table = table_options.read(options.file, options, forecaster.columns, [])
    series = series_from_table(table, forecaster.target, forecaster.columns, **table_options.treatment(options))
    forecast = forecaster.forecast(series)
    if forecaster.about.get("synthetic"):
        print("The model was trained on SYNTHETIC DATA; its forecasts say nothing about the world.", file=sys.stderr)
    out = Path(options.out or forecast_file(options.file))
    forecaster.write(forecast, series, out)
    seen = forecaster.rows_seen(series)
    if seen:
        print(
            f"{seen:,} of {len(series):,} rows were used to train the model or to choose its epoch; "
            "forecasts of them are not scored"
        )
    elif not forecaster.recognizes(series):
        print("Without dates rows of the training cannot be recognised; if there are any, the errors look too small.")
    _score(forecaster, forecast.only(forecast.rows >= seen))
    row, value = int(forecast.rows[-1]), forecast.values[-1]
    made = series.label(row - forecaster.horizon)
    if row >= len(series):
        print(f"latest: {forecaster.target} will be {amount(value, forecaster.unit)} at {series.label(row)} "
              f"({series.span(forecaster.horizon)} after {made})")  # fmt: skip
    print(f"forecast: {out} ({plural(len(forecast.rows), 'row')})")
    return 0


def _score(forecaster: ColumnForecaster, forecast: Forecast) -> None:
    import numpy as np

    from recurra.cli.forecast_report import amount

    known = int((~np.isnan(forecast.actual)).sum())
    if not known:
        print("no forecast can be scored: no row of this file is both new to the model and known")
        return
    error, naive = forecast.errors()
    best = min(naive, key=naive.__getitem__)
    print(
        f"mean absolute error of {plural(known, 'forecast')} of new rows: {amount(error, forecaster.unit)}; "
        + "; ".join(f"{name}: {amount(value, forecaster.unit)}" for name, value in naive.items() if np.isfinite(value))
    )
    if error >= naive[best]:
        print(f"On these rows the model DOES NOT BEAT the {best} forecast.")
