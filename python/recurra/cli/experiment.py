"""What the commands that run a forecasting experiment share: options, the run itself, the report."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from recurra.forecasting.durations import rows_of, written
from recurra.forecasting.networks import NETWORKS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from recurra.forecasting import Experiment, Run, Series

NAIVE = "naive"
STRETCH_DAYS = 14


def add_options(parser: argparse.ArgumentParser, *, lookback: str, step: str, delay: str) -> None:
    """The options of an experiment, with the defaults of the data set for the three spans."""
    add = parser.add_argument_group("window, in rows or as times such as 5d, 24h, 30min").add_argument
    add("--lookback", default=lookback, metavar="SPAN", help="how far a window reaches back (default %(default)s)")
    add("--step", default=None, metavar="SPAN", help=f"between two samples of a window (default {step})")
    add("--delay", default=delay, metavar="SPAN", help="how far ahead the target lies (default %(default)s)")
    parser.set_defaults(standard_step=step)

    add = parser.add_argument_group("model and training").add_argument
    add("--model", choices=list(NETWORKS), default="gru", help="see below (default %(default)s)")
    add("--units", type=int, default=32, help="U, units of the recurrent layer (default %(default)s)")
    add("--predict-change", action="store_true", help="learn the change from the last value; helps where levels drift")
    add("--relative", action="store_true", help="windows hold differences from their last sample; helps likewise")
    add("--epochs", type=int, help="default 20; 40 for stacked-gru and bigru")
    add("--steps", type=int, default=500, help="batches an epoch (default %(default)s)")
    add("--batch-size", type=int, default=128, help="windows a batch (default %(default)s)")
    add("--learning-rate", type=float, default=1e-3, help="of RMSprop (default %(default)s)")
    add("--seed", type=int, default=0, help="of weights, order of the data and dropout (default %(default)s)")
    add("--seeds", type=int, default=1, metavar="N", help="train N times, from --seed on; report mean and spread")
    add("--threads", type=int, help="processor cores to use (default: all this process may use)")

    add = parser.add_argument_group("results").add_argument
    add("--save", metavar="FILE", help="write the model that is best on the validation part (.safetensors)")
    add("--plot", metavar="FILE", help="draw losses and a stretch of the test part (.png, .pdf, .svg)")
    add("--json", action="store_true", help="print the results as JSON; all else goes to stderr")
    parser.epilog = "models: " + "; ".join(f"{name}: {network.summary}" for name, network in NETWORKS.items())


def run_experiment(series: Series, options: argparse.Namespace, target: str, split: tuple[int, int]) -> int:
    """Runs what the options say, prints the report and writes the files asked for; returns the exit status."""
    import recurra
    from recurra.forecasting import Experiment, Settings

    if options.threads is not None:
        recurra.set_num_threads(options.threads)
    if options.seeds < 1:
        raise ValueError(f"--seeds must be at least 1, got {options.seeds}")
    network = NETWORKS[options.model]
    step = rows_of(options.step or options.standard_step, series.interval, "--step")
    if options.step is None and step % network.finer == 0:
        step //= network.finer
    settings = Settings(
        target=target,
        lookback=rows_of(options.lookback, series.interval, "--lookback"),
        step=step,
        delay=rows_of(options.delay, series.interval, "--delay"),
        split=split,
        model=options.model,
        units=options.units,
        predict_change=options.predict_change,
        relative=options.relative,
        epochs=network.epochs if options.epochs is None else options.epochs,
        steps=options.steps,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        unit=getattr(options, "unit", None) or "",
    )
    experiment = Experiment(series, settings)
    stream = sys.stderr if options.json else sys.stdout

    def say(text: str = "") -> None:
        print(text, file=stream, flush=True)

    _describe(experiment, say)
    runs = []
    if settings.model != NAIVE:
        for seed in range(options.seed, options.seed + options.seeds):
            say(f"\nseed {seed}")
            runs.append(experiment.train(seed, verbose=0 if options.json else "auto"))
    results = _results(experiment, runs)
    _report(experiment, results, runs, say)
    best = min(runs, key=lambda run: run.errors["validation"]) if runs else None
    if options.save and best is None:
        raise ValueError(f"--save: '{NAIVE}' has no model to save")
    if options.save and best is not None:
        experiment.save(best, options.save)
        say(f"model: {options.save}")
    if options.plot:
        say(f"plot: {_draw(experiment, runs, best, options.plot)}")
    if options.json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
    return 0


def _describe(experiment: Experiment, say: Callable[[str], None]) -> None:
    from recurra.forecasting.series import date_text

    series, settings = experiment.series, experiment.settings
    if series.synthetic:
        say("SYNTHETIC DATA: this series is made by a formula, no station measured it.")
    dates = ""
    if series.times is not None and series.interval is not None:
        dates = f", one every {written(series.interval)}, {date_text(series.times[0])} to {date_text(series.times[-1])}"
    say(f"data    {series.source}: {len(series):,} rows{dates}")
    for notice in series.notices:
        say(f"        {notice}")
    for name in experiment.constant:
        say(f"        {name} never changes in the training part")

    def span(rows: int) -> str:
        return written(rows * series.interval) if series.interval else f"{rows} rows"

    samples = settings.lookback // settings.step
    say(
        f"task    {settings.target} {span(settings.delay)} ahead, from {len(series.names)} columns over "
        f"{span(settings.lookback)}, a sample every {span(settings.step)} ({samples} x {len(series.names)})"
    )
    sizes = [high - low for low, high in experiment.bounds.values()]
    say(f"parts   training {sizes[0]:,} rows, validation {sizes[1]:,}, test {sizes[2]:,}, in order of time")
    if settings.model != NAIVE:
        change = ", windows relative to their last sample" if settings.relative else ""
        change += ", learns the change from the last value" if settings.predict_change else ""
        say(
            f"model   {NETWORKS[settings.model].summary}; U = {settings.units}{change}; RMSprop "
            f"{settings.learning_rate:g}, mae, {settings.epochs} x {settings.steps} batches of {settings.batch_size}"
        )


def _results(experiment: Experiment, runs: list[Run]) -> dict[str, Any]:
    """All figures as plain values."""
    import dataclasses

    import numpy as np

    baseline = experiment.baseline()
    results: dict[str, Any] = {
        "source": experiment.series.source,
        "synthetic": experiment.series.synthetic,
        "rows": len(experiment.series),
        "columns": list(experiment.series.names),
        "settings": dataclasses.asdict(experiment.settings),
        "unit": experiment.unit,
        "scale": experiment.scale,
        "baseline": baseline,
    }
    if runs:
        errors = {part: [run.errors[part] for run in runs] for part in baseline}
        results["runs"] = [
            {"seed": run.seed, **run.errors, "seconds": run.seconds, "history": run.history} for run in runs
        ]
        results["mean"] = {part: float(np.mean(values)) for part, values in errors.items()}
        results["spread"] = {part: float(np.std(values)) for part, values in errors.items()}
        results["beats_baseline"] = {part: results["mean"][part] < baseline[part] for part in baseline}
    return results


def _report(experiment: Experiment, results: dict[str, Any], runs: list[Run], say: Callable[[str], None]) -> None:
    scale, unit, model = experiment.scale, experiment.unit, experiment.settings.model

    def line(name: str, errors: Mapping[Any, float], rest: str = "") -> None:
        cells = "".join(f"{errors[part]:>9.4f} {scale * errors[part]:>8.3f}" for part in ("validation", "test"))
        say(f"{name:<22}{cells}{rest}")

    say("")
    say(f"{'mean absolute error':<22}{'validation':>18}{'test':>18}")
    say(f"{'':<22}" + f"{'norm.':>9} {unit[:8]:>8}" * 2)
    line("common sense", results["baseline"])
    for run in runs:
        line(f"{model}, seed {run.seed}", run.errors, f"   {run.seconds:.0f} s")
    if len(runs) > 1:
        line("mean", results["mean"])
        line("spread", results["spread"])
    if runs:
        say("")
        say(verdict(model, results["baseline"], results["mean"], experiment.settings.relative))


def verdict(model: str, baseline: Mapping[Any, float], errors: Mapping[Any, float], relative: bool) -> str:
    """Whether a model is better than the common-sense rule, in plain words."""
    parts = []
    for part, rule in baseline.items():
        share = 100 * (errors[part] / rule - 1) if rule else float("inf")
        parts.append(f"{abs(share):.1f} % {'smaller' if share < 0 else 'larger'} on the {part} part")
    lost = [part for part, rule in baseline.items() if errors[part] >= rule]
    if not lost:
        return f"{model} beats the common-sense rule: its error is {' and '.join(parts)}."
    advice = "" if relative else " Try --predict-change --relative, more data, or another model."
    return (
        f"{model} DOES NOT BEAT the common-sense rule on the {' and '.join(lost)} part: its error is "
        f"{' and '.join(parts)}. Saying that nothing changes is the better forecast there.{advice}"
    )


def _draw(experiment: Experiment, runs: list[Run], best: Run | None, path: str) -> str:
    import numpy as np

    from recurra import plotting

    series = experiment.series
    figure, axes = plotting.new_figure(2 if best is not None else 1)
    rows = experiment.rows("test")
    length = min(len(rows), round(STRETCH_DAYS * 86400 / series.interval) if series.interval else 500)
    begin = (len(rows) - length) // 2
    stretch = slice(begin, begin + length)

    def own_unit(values: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.asarray(values[stretch] * experiment.scale + experiment.mean[experiment.target])

    at = rows[stretch] + experiment.settings.delay
    when: NDArray[Any] = at if series.times is None else series.times[at].astype("datetime64[s]")
    ahead = experiment.settings.delay
    span = written(ahead * series.interval) if series.interval else f"{ahead} rows"
    made_up = " (synthetic data)" if series.synthetic else ""
    plotting.plot_forecast(
        when,
        own_unit(experiment.truth("test")),
        None if best is None else own_unit(experiment.forecast(best.model, "test")),
        own_unit(experiment.common_sense("test")),
        name=experiment.settings.target.partition(" (")[0],
        unit=experiment.unit,
        title=f"{experiment.settings.target}, {span} ahead, a stretch of the test part{made_up}",
        axis=axes[0],
    )
    if best is not None:
        plotting.plot_losses(
            [run.history for run in runs],
            baseline=experiment.baseline()["validation"],
            scale=experiment.scale,
            unit=experiment.unit,
            title=f"Training of {experiment.settings.model}",
            axis=axes[1],
        )
    return str(plotting.save(figure, path))
