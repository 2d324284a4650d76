"""What `recurra forecast` and the Jena commands say about an experiment, and the picture of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.cli.runs import Say, mean_and_spread
from recurra.datasets.spacing import plural
from recurra.forecasting.networks import NETWORKS
from recurra.forecasting.suggestions import FEW_WINDOWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from recurra.forecasting import Experiment, Forecast, Run

_STRETCH_DAYS = 14
_SHOWN_ROWS = 10
_NAME_WIDTH = 26


def amount(value: float, unit: str = "") -> str:
    """A value with four significant digits and all digits before the point: `0.5459 °C`, `12,346`."""
    whole = len(f"{abs(value):.0f}") if abs(value) >= 1 else 0
    if value == 0 or not np.isfinite(value):
        text = f"{value:g}"
    elif abs(value) < 1e-3:
        text = f"{value:.4g}"
    else:
        text = f"{value:,.{max(0, 4 - whole)}f}"
    return f"{text} {unit}".rstrip()


def describe(experiment: Experiment, say: Say) -> None:
    """Data, task, splits and model, before the training."""
    series, settings = experiment.series, experiment.settings
    if series.synthetic:
        say("SYNTHETIC DATA: this series is made by a formula; it was not measured.")
    dates = ""
    if series.times is not None and series.spacing is not None:
        dates = f", one every {series.spacing.every}, {series.label(0)} to {series.label(len(series) - 1)}"
    say(f"data    {series.source}: {plural(len(series), 'row')}{dates}")
    for notice in series.notices:
        say(f"        {notice}")
    for name in experiment.constant:
        say(f"        {name} never changes in the training split")
    samples = settings.lookback // settings.step
    say(
        f"task    {settings.target} {series.span(settings.horizon)} after the newest row, from "
        f"{plural(len(series.names), 'column')} over {series.span(settings.lookback)}, a sample every "
        f"{series.span(settings.step)} ({samples} x {len(series.names)})"
    )
    sizes = [high - low for low, high in experiment.bounds.values()]
    say(f"splits  training {sizes[0]:,} rows, validation {sizes[1]:,}, test {sizes[2]:,}, in order of time")
    if NETWORKS[settings.model].build is None:
        return
    windows = len(experiment.rows("training"))
    if windows < FEW_WINDOWS:
        say(f"        {plural(windows, 'training window')}: few for a network; naive forecasts are hard to beat")
    change = ", windows relative to their newest sample" if settings.relative else ""
    change += ", learns the change from the newest value" if settings.predict_change else ""
    stop = f", until {plural(settings.patience, 'epoch')} bring no improvement" if settings.patience else ""
    say(
        f"model   {NETWORKS[settings.model].summary}; U = {settings.units}{change}; RMSprop "
        f"{settings.learning_rate:g}, mae, {plural(settings.epochs, 'epoch')} of "
        f"{plural(settings.steps, 'batch', 'batches')} of {settings.batch_size}{stop}"
    )


def results_of(experiment: Experiment, runs: list[Run]) -> dict[str, Any]:
    """All figures as plain values."""
    import dataclasses

    from recurra.forecasting.experiment import EVALUATED

    baselines = experiment.baselines()
    best = {part: min(baselines, key=lambda name: baselines[name][part]) for part in EVALUATED}
    results: dict[str, Any] = {
        "source": experiment.series.source,
        "synthetic": experiment.series.synthetic,
        "rows": len(experiment.series),
        "columns": list(experiment.series.names),
        "settings": dataclasses.asdict(experiment.settings),
        "unit": experiment.unit,
        "scale": experiment.scale,
        "baselines": baselines,
        "best_baseline": best,
        "baseline": {part: baselines[name][part] for part, name in best.items()},
    }
    if runs:
        results["runs"] = [
            {
                "seed": run.seed,
                **run.errors,
                "best_epoch": run.best_epoch,
                "seconds": run.seconds,
                "history": run.history,
            }
            for run in runs
        ]
        results.update(mean_and_spread([run.errors for run in runs]))
        results["beats_baseline"] = {part: results["mean"][part] < results["baseline"][part] for part in best}
    return results


def report(experiment: Experiment, results: dict[str, Any], runs: list[Run], say: Say) -> None:
    """The table of errors and the verdict."""
    scale, unit, settings = experiment.scale, experiment.unit, experiment.settings
    name_width = max(_NAME_WIDTH, len(settings.model) + 10)

    def line(name: str, errors: Mapping[Any, float], rest: str = "") -> None:
        cells = "".join(f"{errors[part]:>9.4f} {amount(scale * errors[part]):>11}" for part in ("validation", "test"))
        say(f"{name:<{name_width}}{cells}{rest}")

    say("")
    say(f"{'mean absolute error':<{name_width}}{'validation':>21}{'test':>21}")
    say(f"{'':<{name_width}}" + f"{'norm.':>9} {unit if 0 < len(unit) <= 11 else 'own unit':>11}" * 2)
    for name, errors in results["baselines"].items():
        line(name, errors)
    for run in runs:
        epoch = f", epoch {run.best_epoch} of {len(run.history['loss'])}" if run.best_epoch else ""
        line(f"{settings.model}, seed {run.seed}", run.errors, f"   {run.seconds:.0f} s{epoch}")
    if len(runs) > 1:
        line("mean", results["mean"])
        line("spread", results["spread"])
    if runs:
        say("")
        say(verdict(settings.model, results["best_baseline"], results["baseline"], results["mean"], settings.relative))


def verdict(
    model: str, names: Mapping[Any, str], rule: Mapping[Any, float], errors: Mapping[Any, float], relative: bool
) -> str:
    """Whether a model is better than the best naive forecast, in plain words.

    Args:
        model: Its name.
        names, rule: The best naive forecast of each part, and its error.
        errors: Of the model.
        relative: Whether windows are relative already.
    """
    lost = [part for part in rule if errors[part] >= rule[part]]
    shares = []
    for part in rule:
        share = 100 * (errors[part] / rule[part] - 1) if rule[part] else float("inf")
        size = f"{abs(share):.1f} % {'smaller' if share < 0 else 'larger'}"
        shares.append(f"{size} on the {part} split than that of {names[part]}")
    said = f"its error is {' and '.join(shares)}."
    if not lost:
        return f"{model} beats every naive forecast: {said}"
    advice = "" if relative else " Try --predict-change --relative, more data, or another model."
    return (
        f"{model} DOES NOT BEAT the best naive forecast on the {' and '.join(lost)} split: {said} "
        f"The naive forecast is the better one there.{advice}"
    )


def show_future(experiment: Experiment, future: Forecast, say: Say) -> list[dict[str, Any]]:
    """Prints the values after the end of the data; returns them as plain values."""
    series, settings = experiment.series, experiment.settings
    shown = [(series.label(int(row)), float(value)) for row, value in zip(future.rows, future.values, strict=True)]
    if not shown:
        say("\nNo forecast after the data: the last window has missing values.")
        return []
    say(f"\n{settings.target} after the end of the data, each value forecast {series.span(settings.horizon)} ahead:")
    for number, (when, value) in enumerate(shown):
        if len(shown) > _SHOWN_ROWS and number == _SHOWN_ROWS - 2:
            say(f"  … {plural(len(shown) - _SHOWN_ROWS + 1, 'row')}")
        if len(shown) <= _SHOWN_ROWS or number < _SHOWN_ROWS - 2 or number == len(shown) - 1:
            say(f"  {when:<24} {amount(value, experiment.unit)}")
    return [{"at": when, "value": value} for when, value in shown]


def draw(experiment: Experiment, runs: list[Run], best: Run | None, future: Forecast, path: str) -> str:
    """The end of the test split with the forecast that goes on after it, and the losses; returns the path."""
    from recurra import plotting

    series, settings = experiment.series, experiment.settings
    figure, axes = plotting.new_figure(2 if best is not None else 1)
    rows = experiment.rows("test")
    length = min(len(rows), max(50, round(_STRETCH_DAYS * 86400 / series.interval)) if series.interval else 500)

    def own_unit(values: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.asarray(values[-length:] * experiment.scale + experiment.mean[experiment.target])

    def places(at: NDArray[np.int64]) -> NDArray[Any]:
        moments = [series.time_after(int(row)) for row in at]
        if any(moment is None for moment in moments) or not len(at):
            return at
        return np.array(moments, dtype=np.float64).astype("datetime64[s]")

    name = min(experiment.baselines().items(), key=lambda item: item[1]["test"])[0]
    rule = next(rule for rule in experiment.rules if rule.name == name)
    dated = series.time_after(len(series)) is not None
    at = rows[-length:] + settings.horizon
    plotting.plot_forecast(
        places(at) if dated else at,
        own_unit(experiment.truth("test")),
        None if best is None else own_unit(experiment.forecast(best.model, "test")),
        own_unit(experiment.naive(rule, "test")),
        future=(places(future.rows) if dated else future.rows, future.values),
        naive_name=name,
        name=settings.target.partition(" (")[0],
        unit=experiment.unit,
        title=f"{settings.target}, {series.span(settings.horizon)} ahead, the end of the test split and after it"
        f"{' (synthetic data)' if series.synthetic else ''}",
        axis=axes[0],
    )
    if best is not None:
        plotting.plot_losses(
            [run.history for run in runs],
            baseline=min(errors["validation"] for errors in experiment.baselines().values()),
            scale=experiment.scale,
            unit=experiment.unit,
            title=f"Training of {settings.model}",
            axis=axes[1],
        )
    return str(plotting.save(figure, path))
