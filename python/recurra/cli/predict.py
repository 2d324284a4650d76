"""`recurra predict`: a saved forecasting model on another file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from recurra.cli import table_options

SUMMARY = "forecast with a model that 'recurra forecast' or 'recurra train' saved"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a file written with --save")
    parser.add_argument("file", metavar="FILE.csv", help="a table with the columns the model was trained on")
    parser.add_argument("--out", metavar="FILE", help="the forecast (default: FILE.forecast.csv in this folder)")
    table_options.add_options(parser)


def run(options: argparse.Namespace) -> int:
    import numpy as np

    from recurra.forecasting import Forecaster, series_from_table
    from recurra.forecasting.series import date_text

    forecaster = Forecaster(options.model)
    table = table_options.read(options.file, options, forecaster.columns, [])
    series = series_from_table(
        table,
        forecaster.target,
        forecaster.columns,
        missing=options.missing,
        max_gap=options.max_gap,
        irregular=options.irregular,
    )
    forecast = forecaster.forecast(series)
    if forecaster.about.get("synthetic"):
        print("The model was trained on SYNTHETIC DATA; its forecasts say nothing about the world.", file=sys.stderr)
    name = Path(options.file).name
    stem = name.removesuffix(".gz").removesuffix(".zip").removesuffix(".csv")
    out = Path(options.out or f"{stem}.forecast.csv")
    forecaster.write(forecast, series, out)
    unit = forecaster.unit
    known = ~np.isnan(forecast.actual)
    if known.any():
        actual = forecast.actual[known]
        errors = [np.abs(made[known] - actual).mean() for made in (forecast.values, forecast.common_sense)]
        print(
            f"{known.sum():,} forecasts could be compared: mean absolute error {errors[0]:.3f} {unit}, "
            f"common sense {errors[1]:.3f} {unit}"
        )
        if errors[0] >= errors[1]:
            print("On this file the model DOES NOT BEAT the rule that nothing changes.")
    moment = series.time_after(int(forecast.rows[-1]))
    when = f"row {forecast.rows[-1]}" if moment is None else date_text(moment)
    print(f"latest: {forecaster.target} will be {forecast.values[-1]:.2f} {unit} at {when}")
    print(f"forecast: {out} ({len(forecast.rows):,} rows)")
    return 0
