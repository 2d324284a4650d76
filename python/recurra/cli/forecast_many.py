"""`recurra forecast FILE --models …`: one model for all series of a file, intervals, cross-validation, a report."""

from __future__ import annotations

import argparse
import csv
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.checks import number
from recurra.cli.long_table import stamp_texts
from recurra.datasets.spacing import plural

if TYPE_CHECKING:
    from recurra.cli.long_table import LongTable
    from recurra.cli.runs import Say
    from recurra.datasets.spacing import Spacing
    from recurra.forecasting import Forecaster

_MISSING = {"refuse": "error", "interpolate": "interpolate", "skip": "mask"}
_OWN = ("unique_id", "ds", "cutoff", "y")
_NOT_HERE = ("save", "plot", "step", "delay", "unit")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that only this way of forecasting has."""
    add = parser.add_argument_group("many series, several models, intervals (all of these need --models)").add_argument
    add(
        "--models",
        metavar="A,B,…",
        help="models of recurra.forecasting.models, such as NLinear,SegRNN, or auto: try a ladder of them; every "
        "column of numbers is a series, or --target alone",
    )
    add("--id", metavar="COLUMN", help="the column that names the series, where they stand one below the other")
    add("--level", metavar="80,95", help="intervals that hold so many percent of the values")
    add("--cv", type=int, default=0, metavar="N", help="forecast the past from N cutoffs, and report the errors")
    add("--budget", type=float, default=60.0, metavar="SECONDS", help="for auto to try models (default %(default)g)")
    add("--report", metavar="FILE.html", help="write one HTML file with data, models, errors, intervals and pictures")


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    import recurra
    from recurra.cli import long_table, runs

    for name in _NOT_HERE:
        if getattr(options, name) is not None:
            raise ValueError(f"--{name} goes with --model, not with --models; leave one of them out")
    if options.missing not in _MISSING:
        raise ValueError(f"--missing {options.missing} goes with --model; with --models give interpolate or skip")
    levels = levels_of(options.level)
    if options.threads is not None:
        recurra.set_num_threads(options.threads)
    say = runs.printer(options.json)
    table = long_table.read(options)
    forecaster = _forecaster(table, options)
    _describe(table, forecaster, say)
    began = time.perf_counter()
    forecaster.fit(table.columns)
    say(f"\ntrained in {time.perf_counter() - began:.0f} s")
    results: dict[str, Any] = {"source": table.source, "horizon": forecaster.horizon, "levels": levels}
    if forecaster.automatic:
        results["ranking"] = forecaster.ranking
        _show_ranking(forecaster, say)
    forecast = forecaster.predict(level=levels)
    if options.cv:
        past = forecaster.cross_validation(table.columns, n_windows=options.cv, level=levels)
        results["cutoffs"] = options.cv
        results["errors"] = errors_of(table, past, forecaster, levels)
        _show_errors(results["errors"], options.cv, levels, say)
    write(forecast, options.out)
    say(f"forecast: {options.out}")
    if options.report:
        from recurra.cli import html_report

        html_report.write(options.report, table, forecaster, forecast, results)
        say(f"report: {options.report}")
    if options.json:
        results["forecast"] = {name: np.asarray(column).astype(str).tolist() for name, column in forecast.items()}
        print(json.dumps(results, indent=2, ensure_ascii=False))
    return 0


def levels_of(text: str | None) -> list[float]:
    """`80,95` as numbers.

    Raises:
        ValueError: One is not between 1 and 100.
    """
    found = []
    for part in filter(None, (text or "").split(",")):
        try:
            level = float(part)
        except ValueError:
            raise ValueError(f"--level: '{part}' is no number; give percentages such as 80,95") from None
        found.append(number(level, "--level", "a level", 1, below=100))
    return found


def _forecaster(table: LongTable, options: argparse.Namespace) -> Forecaster:
    from recurra.datasets.spacing import spacing_of
    from recurra.forecasting import Forecaster, rows_of
    from recurra.forecasting.frequency import season_of

    spacing: Spacing | None = None
    if table.dated:
        ids, stamps = table.columns["unique_id"], table.columns["ds"]
        names, counts = np.unique(ids, return_counts=True)
        longest = stamps[ids == names[counts.argmax()]]
        spacing = spacing_of(np.sort(longest.astype(np.int64) / 1000.0))
    models = [name.strip() for name in options.models.split(",") if name.strip()]
    season = 1 if spacing is None else season_of(spacing)
    horizon = rows_of(options.horizon, spacing, "--horizon") if options.horizon else max(season, 4)
    lookback = rows_of(options.lookback, spacing, "--lookback") if options.lookback else None
    return Forecaster(
        "auto" if models == ["auto"] else models,
        horizon=horizon,
        input_size=lookback,
        missing=_MISSING[options.missing],
        duplicates="error" if options.duplicates == "refuse" else options.duplicates,
        time_budget=options.budget,
        seed=options.seed,
    )


def _describe(table: LongTable, forecaster: Forecaster, say: Say) -> None:
    ids, counts = np.unique(table.columns["unique_id"], return_counts=True)
    rows = f"{counts[0]:,}" if counts.min() == counts.max() else f"{counts.min():,} to {counts.max():,}"
    first, last = stamp_texts(np.array([table.columns["ds"].min(), table.columns["ds"].max()]))
    say(f"data    {table.source}: {len(ids):,} series of {rows} rows, {first} to {last}")
    say(f"task    the {forecaster.horizon} steps that follow")
    names = "auto" if forecaster.automatic else ", ".join(model.name for model in forecaster.models)
    say(f"models  {names}")


def _show_ranking(forecaster: Forecaster, say: Say) -> None:
    say(f"\n{'model':<16}{'MASE':>8}{'to seasonal naive':>20}{'seconds':>10}")
    for row in forecaster.ranking:
        say(f"{row['model']:<16}{row['mase']:>8.3f}{row['against_seasonal_naive']:>20.3f}{row['seconds']:>10.1f}")
    say(forecaster.verdict)


def errors_of(table: LongTable, past: Any, forecaster: Forecaster, levels: list[float]) -> dict[str, dict[str, Any]]:
    """The errors of forecasts of the past, by model.

    Args:
        table: The data.
        past: What `cross_validation` gave.
        forecaster: That gave it.
        levels: Of the intervals.

    Returns:
        "mae", "mase" (mean over the series), "coverage" by level, "steps" (mean absolute error by step) and "series"
        (MASE of each) of every model.
    """
    season = forecaster.season
    scale = {}
    for name in np.unique(past["unique_id"]).tolist():
        chosen = table.columns["unique_id"] == name
        y = table.columns["y"][chosen][np.argsort(table.columns["ds"][chosen])]
        first = past["cutoff"][past["unique_id"] == name].min()
        y = y[np.sort(table.columns["ds"][chosen]) <= first]
        differences = np.abs(y[season:] - y[:-season]) if len(y) > season else np.abs(np.diff(y))
        scale[name] = float(np.nanmean(differences)) if np.isfinite(differences).any() else np.nan
    found: dict[str, dict[str, Any]] = {}
    for model in [name for name in past if name not in _OWN and "-lo-" not in name and "-hi-" not in name]:
        errors = np.abs(past[model] - past["y"])
        series = {}
        for name, size in scale.items():
            mine = errors[past["unique_id"] == name]
            if size > 0 and np.isfinite(mine).any():
                series[name] = float(np.nanmean(mine)) / size
        coverage = {}
        for level in levels:
            low, high = past[f"{model}-lo-{level:g}"], past[f"{model}-hi-{level:g}"]
            known = np.isfinite(past["y"])
            coverage[f"{level:g}"] = float(((low <= past["y"]) & (past["y"] <= high))[known].mean())
        found[model] = {
            "mae": float(np.nanmean(errors)),
            "mase": float(np.mean(list(series.values()))) if series else np.nan,
            "coverage": coverage,
            "steps": np.nanmean(errors.reshape(-1, forecaster.horizon), axis=0).tolist(),
            "series": series,
        }
    return found


def _show_errors(errors: dict[str, dict[str, Any]], windows: int, levels: list[float], say: Say) -> None:
    say(f"\nerrors of the past, from {plural(windows, 'cutoff')}")
    heads = "".join(f"{f'inside {level:g} %':>14}" for level in levels)
    say(f"{'model':<16}{'MAE':>12}{'MASE':>8}{heads}")
    for model, figures in errors.items():
        inside = "".join(f"{100 * share:>12.1f} %" for share in figures["coverage"].values())
        say(f"{model:<16}{figures['mae']:>12.4g}{figures['mase']:>8.3f}{inside}")


def write(forecast: Any, path: str) -> None:
    """Writes a forecast as CSV."""
    destination = Path(path)
    destination.parent.mkdir(parents=True, exist_ok=True)
    with destination.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(forecast)
        stamps = stamp_texts(forecast["ds"])
        for row in range(len(stamps)):
            values = [f"{column[row]:.6g}" for name, column in forecast.items() if name not in ("unique_id", "ds")]
            out.writerow([forecast["unique_id"][row], stamps[row], *values])
