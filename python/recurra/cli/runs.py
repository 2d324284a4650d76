"""What the commands that train have in common: options, trainings from several seeds, where words and JSON go."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

Say = Callable[..., None]


def add_training_options(add: Callable[..., Any], order: str) -> None:
    """--seed, --seeds, --threads; `order` is what the seed shuffles."""
    add("--seed", type=int, default=0, help=f"of weights, order of the {order} and dropout (default %(default)s)")
    add("--seeds", type=int, default=1, metavar="N", help="train N times, from --seed on; report mean and spread")
    add("--threads", type=int, help="processor cores to use (default: all this process may use)")


def add_result_options(add: Callable[..., Any], drawing: str) -> None:
    """--save, --plot, --json; `drawing` is what the plot shows."""
    add("--save", metavar="FILE", help="write the model with the best epoch of the best seed (.safetensors)")
    add("--plot", metavar="FILE", help=f"draw {drawing} (.png, .pdf, .svg); needs matplotlib")
    add("--json", action="store_true", help="print the results as JSON on stdout, everything else on stderr")


def prepare(options: argparse.Namespace) -> Say:
    """Checks what can be checked before the training, sets the threads, and returns what prints for people.

    Raises:
        ValueError: --seeds is below 1, or --plot names a kind of file that cannot be drawn.
        ImportError: --plot without matplotlib.
        OSError: The folder of --save or --plot cannot be made.
    """
    import recurra

    if options.threads is not None:
        recurra.set_num_threads(options.threads)
    if options.seeds < 1:
        raise ValueError(f"--seeds must be at least 1, got {options.seeds}")
    check_plot(options.plot)
    for path in filter(None, (options.save, options.plot)):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    return printer(options.json)


def plot_if_possible(path: str) -> str | None:
    """`path`, or None with a message where matplotlib is not installed: for plots by default."""
    if find_spec("matplotlib") is None:
        print("No plot: matplotlib is not installed (pip install 'recurra[plot]').", file=sys.stderr)
        return None
    return path


def check_plot(path: str | None) -> None:
    """Raises ImportError or ValueError where a plot could not be written to `path`."""
    if path:
        from recurra import plotting

        plotting.check_path(path)


def printer(as_json: bool) -> Say:
    """Prints for people: to stdout, or to stderr where stdout is JSON."""
    stream = sys.stderr if as_json else sys.stdout

    def say(text: str = "", end: str = "\n") -> None:
        print(text, file=stream, flush=True, end=end)

    return say


def train_seeds(experiment: Any, options: argparse.Namespace, say: Say) -> list[Any]:
    """The experiment's runs, one a seed."""
    runs = []
    for seed in range(options.seed, options.seed + options.seeds):
        say(f"\nseed {seed}")
        runs.append(experiment.train(seed, verbose=0 if options.json else "auto"))
    return runs


def mean_and_spread(figures: Iterable[Mapping[Any, float]]) -> dict[str, dict[str, float]]:
    """Mean and standard deviation of each figure over the runs, under "mean" and "spread"."""
    import numpy as np

    runs = list(figures)
    return {
        "mean": {name: float(np.mean([run[name] for run in runs])) for name in runs[0]},
        "spread": {name: float(np.std([run[name] for run in runs])) for name in runs[0]},
    }


def finish(
    experiment: Any,
    best: Any,
    options: argparse.Namespace,
    results: Mapping[str, Any],
    draw: Callable[[str], str],
    say: Say,
) -> None:
    """Writes what --save, --plot and --json ask for."""
    if options.save:
        experiment.save(best, options.save)
        say(f"model: {options.save}")
    if options.plot:
        say(f"plot: {draw(options.plot)}")
    if options.json:
        print(json.dumps(results, indent=2, ensure_ascii=False))
