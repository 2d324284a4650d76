"""`recurra train TASK`: a task with published figures; one command for each task of the catalogue."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any

from recurra.cli.late_parser import LateParser
from recurra.tasks.catalogue import TASKS, get

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recurra.tasks import Result, Task


def add_commands(group: argparse._SubParsersAction[LateParser]) -> None:
    """Adds a command for each task."""
    for name, entry in TASKS.items():
        parser = group.add_parser(name, help=entry.summary, description=entry.summary)
        parser.fill = partial(_add_options, parser, name)
        parser.set_defaults(run=run, task=name)


def _add_options(parser: argparse.ArgumentParser, name: str) -> None:
    task = get(name)
    default = task.model_name()
    parser.description = f"{task.summary}. {' '.join((type(task).__doc__ or '').split())}"
    add = parser.add_argument_group("run").add_argument
    add("--model", default=default, help=f"{', '.join(task.models)} (default {default})")
    add("--seed", type=int, default=0, help="of data, weights, order of the data and dropout (default %(default)s)")
    add("--threads", type=int, help="processor cores to use (default: all this process may use)")
    add("--resume", metavar="DIR", help="keep the state of the run there after every epoch, and go on from it if it "
        "was interrupted, with the same bits")  # fmt: skip
    add("--minutes", type=float, help="stop after the epoch in which the run has taken so long; --resume goes on")
    add = parser.add_argument_group("results").add_argument
    add("--json", metavar="FILE", help="write settings, figures of all epochs and of the test, times")
    add("--plot", metavar="FILE", help="draw the figures by epoch (.png, .pdf, .svg); needs matplotlib")
    add("--save", metavar="FILE", help="write the model that was tested (.safetensors)")
    add = parser.add_argument_group("settings; the defaults are the published ones").add_argument
    for one in fields(task.settings_class):
        if one.name in task.positional:
            parser.add_argument(one.name, metavar=one.name.upper(), help=one.metadata["help"])
            continue
        option, about = f"--{one.name.replace('_', '-')}", one.metadata
        text = f"{about['help']} (default {_defaults(task, one.name)})".replace("%", "%%")
        if about["kind"] is bool:
            add(option, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=text)
        else:
            kind = _or_none(about["kind"]) if about["optional"] else about["kind"]
            add(option, type=kind, metavar=about["kind"].__name__.upper(), default=argparse.SUPPRESS, help=text)


def _or_none(kind: Callable[[str], Any]) -> Callable[[str], Any]:
    """A type of options that also takes the word none."""

    def converted(text: str) -> Any:
        return None if text == "none" else kind(text)

    converted.__name__ = getattr(kind, "__name__", "value")
    return converted


def _defaults(task: Task, name: str) -> str:
    """What a setting is for which model."""
    by_value: dict[str, list[str]] = {}
    for model in task.models:
        value = getattr(task.settings(model), name)
        words = "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        by_value.setdefault(words, []).append(model)
    if len(by_value) == 1:
        return next(iter(by_value))
    return "; ".join(f"{', '.join(models)}: {value}" for value, models in by_value.items())


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    import recurra

    task = get(options.task)
    if options.threads is not None:
        recurra.set_num_threads(options.threads)
    names = [one.name for one in fields(task.settings_class)]
    changes = {name: getattr(options, name) for name in names if name in options}
    with _short_warnings():
        result = recurra.tasks.run(
            task,
            options.model,
            seed=options.seed,
            resume=options.resume,
            minutes=options.minutes,
            json=options.json,
            plot=options.plot,
            save=options.save,
            **changes,
        )
    _report(task, result)
    for kind, path in (("results", options.json), ("plot", options.plot), ("model", options.save)):
        if path:
            print(f"{kind}: {path}")
    return 0


@contextmanager
def _short_warnings() -> Iterator[None]:
    """Within it a warning is one line, without the place in the source."""
    usual = warnings.formatwarning
    warnings.formatwarning = lambda message, *_, **__: f"warning: {message}\n"
    try:
        yield
    finally:
        warnings.formatwarning = usual


def _report(task: Task, result: Result) -> None:
    from recurra.progress import format_duration

    figure = result.figures[task.metric.name]
    what = f"{result.model}, {result.parameters:,} parameters, seed {result.seed}"
    print(f"\n{task.metric.title}: {figure:.4g} with {what}")
    others = {name: value for name, value in result.figures.items() if name != task.metric.name}
    if others:
        print("also: " + ", ".join(f"{name} {value:.4g}" for name, value in others.items()))
    if result.published:
        print(f"published: {result.published['figure']:g} ({result.published['source']})")
    if result.goal is not None:
        reached = not task.metric.better(result.goal, figure)
        print(f"goal: {result.goal:g}, {'reached' if reached else 'not reached'}")
    kept = f", weights of epoch {result.best_epoch}" if task.keep_best and result.best_epoch else ""
    print(f"{result.epochs} of {result.settings['epochs']} epochs{kept}; {format_duration(result.seconds)}, "
          f"{result.steps_per_second:.1f} training steps a second")  # fmt: skip
