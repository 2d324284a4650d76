"""What the commands that run a forecasting experiment share: options and the run itself."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from recurra.cli import runs as training
from recurra.forecasting.durations import rows_of
from recurra.forecasting.networks import NETWORKS

if TYPE_CHECKING:
    from recurra.forecasting import Experiment, Forecast, Run, Series, Settings

NAIVE = "naive"


def add_options(
    parser: argparse.ArgumentParser,
    *,
    lookback: str | None = None,
    step: str | None = None,
    delay: str | None = None,
    steps: int | None = None,
) -> None:
    """The options of an experiment, with the defaults of a data set; None: they follow from interval and length."""
    follows = "follows from interval and length of the data"

    add = parser.add_argument_group("window, in rows or as times such as 5d, 24h, 30min, 3mo").add_argument
    add("--lookback", metavar="SPAN", help=f"how far a window reaches back (default: {lookback or follows})")
    add("--step", metavar="SPAN", help=f"between two samples of a window (default: {step or follows})")
    ahead = f"--delay {delay}" if delay else follows
    add("--horizon", metavar="SPAN", help=f"how far the target lies after the newest row (default: {ahead})")
    add("--delay", metavar="SPAN",
        help="older way to state the horizon: counts from the row that follows the window, one --step after its newest "
        "sample; --delay D is --horizon D + STEP")  # fmt: skip
    parser.set_defaults(usual_lookback=lookback, usual_step=step, usual_delay=delay, usual_steps=steps)

    add = parser.add_argument_group("model and training").add_argument
    add("--model", choices=list(NETWORKS), default="gru", metavar="MODEL", help="see below (default %(default)s)")
    add("--units", type=int, default=32, help="U, units of the recurrent layer (default %(default)s)")
    add(
        "--predict-change", action="store_true", help="learn the change from the newest value; helps where levels drift"
    )
    add("--relative", action="store_true", help="windows hold differences from their newest sample; helps likewise")
    add("--epochs", type=int, help="at most (default 20; 40 for stacked-gru and bigru)")
    add("--patience", type=int, default=5, metavar="EPOCHS",
        help="stop after so many epochs without a smaller validation error, 0: never (default %(default)s); the best "
        "epoch is kept in any case")  # fmt: skip
    add("--steps", type=int, help=f"batches per epoch (default: {steps or 'about one pass over the data, 50 to 500'})")
    add("--batch-size", type=int, help=f"windows per batch (default: 128{'' if steps else ', fewer for short data'})")
    add("--learning-rate", type=float, default=1e-3, help="of RMSprop (default %(default)s)")
    training.add_training_options(add, "data")
    add = parser.add_argument_group("results").add_argument
    training.add_result_options(add, "the losses, the end of the test split and the forecast after it")
    parser.epilog = "models: " + "; ".join(f"{name}: {network.summary}" for name, network in NETWORKS.items())


def run_experiment(series: Series, options: argparse.Namespace, target: str, split: tuple[int, int]) -> int:
    """Runs what the options say, prints the report and writes the files asked for; returns the exit status."""
    from recurra.cli.forecast_report import describe, draw, report, results_of, show_future
    from recurra.forecasting import Experiment
    from recurra.forecasting.prediction import write_forecast

    if options.save and options.model == NAIVE:
        raise ValueError(f"--save: '{NAIVE}' has no model to save")
    experiment = Experiment(series, _settings(series, options, target, split))
    say = training.prepare(options)
    describe(experiment, say)
    runs: list[Run] = [] if options.model == NAIVE else training.train_seeds(experiment, options, say)
    results = results_of(experiment, runs)
    report(experiment, results, runs, say)
    best = min(runs, key=lambda run: run.errors["validation"]) if runs else None
    future = _future(experiment, best)
    results["forecast"] = show_future(experiment, future, say)
    if getattr(options, "out", None):
        write_forecast(future, series, target, options.out)
        say(f"forecast: {options.out}")
    training.finish(experiment, best, options, results, lambda path: draw(experiment, runs, best, future, path), say)
    return 0


def _settings(series: Series, options: argparse.Namespace, target: str, split: tuple[int, int]) -> Settings:
    """The settings that were asked for, the rest from the data set or from interval and length of the series."""
    from recurra.forecasting import Settings
    from recurra.forecasting.suggestions import suggested_spans, suggested_training

    if options.horizon is not None and options.delay is not None:
        raise ValueError("give --horizon or --delay, not both")
    network = NETWORKS[options.model]

    def rows(name: str, usual: str | None = None) -> int | None:
        written = getattr(options, name)
        written = usual if written is None else written
        return None if written is None else rows_of(written, series.spacing, f"--{name}")

    lookback, step, horizon = rows("lookback", options.usual_lookback), rows("step"), rows("horizon")
    if step is None and options.usual_step is not None:
        step = rows_of(options.usual_step, series.spacing, "--step")
        step = step // network.finer if step % network.finer == 0 else step
    shortest = min(*split, len(series) - sum(split))
    spans = suggested_spans(series.spacing, shortest, lookback, step, horizon, network.finer)
    delay = rows("delay", options.usual_delay if horizon is None else None)
    ahead = spans.horizon if horizon is not None or delay is None else delay + spans.step
    windows = max(1, split[0] - spans.lookback - ahead)
    steps, batch_size = suggested_training(windows, options.batch_size or (128 if options.usual_steps else None))
    return Settings(
        target=target,
        lookback=spans.lookback,
        step=spans.step,
        horizon=ahead,
        split=split,
        model=options.model,
        units=options.units,
        predict_change=options.predict_change,
        relative=options.relative,
        epochs=network.epochs if options.epochs is None else options.epochs,
        steps=options.steps or options.usual_steps or steps,
        batch_size=batch_size,
        patience=options.patience,
        learning_rate=options.learning_rate,
        unit=getattr(options, "unit", None) or "",
    )


def _future(experiment: Experiment, best: Run | None) -> Forecast:
    """The rows after the data, by the best model or else by the naive forecast that is best on the validation part."""
    import numpy as np

    from recurra.forecasting import Forecast

    if best is not None:
        return experiment.forecaster(best).future(experiment.series)
    baselines = experiment.baselines()
    rule = min(experiment.rules, key=lambda rule: baselines[rule.name]["validation"])
    rows = len(experiment.series) + np.arange(experiment.settings.horizon)
    values = rule.values(experiment.series.values[:, experiment.target], rows - experiment.settings.horizon)
    return Forecast(rows, np.asarray(values), {}, np.full(len(rows), np.nan))
