"""`recurra train imdb`: a network learns which reviews of films are positive."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from recurra.sentiment.networks import NETWORKS

if TYPE_CHECKING:
    from recurra.sentiment import Experiment, Run

SUMMARY = "tell positive from negative reviews of films"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", metavar="FILE", default="imdb.npz", help="imdb.npz, imdb_ids.npz or the archive "
                        "aclImdb (default: found or downloaded)")  # fmt: skip
    parser.add_argument("--reviews", type=int, metavar="N", help="use only N training and N test reviews")
    add = parser.add_argument_group("model and training").add_argument
    add("--model", choices=list(NETWORKS), default="lstm", help="see below (default %(default)s)")
    add("--max-words", type=int, default=10000, help="size of the vocabulary (default %(default)s)")
    add("--maxlen", type=int, default=500, help="words of a review that are read, its last (default %(default)s)")
    add("--units", type=int, default=32, help="U, units of the recurrent layer (default %(default)s)")
    add("--epochs", type=int, default=10, help="default %(default)s")
    add("--batch-size", type=int, default=128, help="reviews a batch (default %(default)s)")
    add("--learning-rate", type=float, help="of RMSprop (default 0.001; 0.0001 for conv)")
    add("--validation-split", type=float, default=0.2, help="share that is only watched (default %(default)s)")
    add("--bucket", action="store_true", help="put reviews of like lengths together: less padding, faster")
    add("--seed", type=int, default=0, help="of weights, order of the reviews and dropout (default %(default)s)")
    add("--seeds", type=int, default=1, metavar="N", help="train N times, from --seed on; report mean and spread")
    add("--threads", type=int, help="processor cores to use (default: all this process may use)")
    add = parser.add_argument_group("results").add_argument
    add("--wrong", type=int, default=3, metavar="N", help="show the N most wrong test reviews (default %(default)s)")
    add("--save", metavar="FILE", help="write the model that is best on the validation part (.safetensors)")
    add("--plot", metavar="FILE", help="draw losses and accuracies (.png, .pdf, .svg)")
    add("--json", action="store_true", help="print the results as JSON; all else goes to stderr")
    parser.epilog = "models: " + "; ".join(f"{name}: {network.summary}" for name, network in NETWORKS.items())


def run(options: argparse.Namespace) -> int:
    import recurra
    from recurra.sentiment import Experiment, Settings

    if options.threads is not None:
        recurra.set_num_threads(options.threads)
    if options.seeds < 1:
        raise ValueError(f"--seeds must be at least 1, got {options.seeds}")
    names = ("model", "max_words", "maxlen", "units", "epochs", "batch_size", "learning_rate", "validation_split")
    settings = Settings(**{name: getattr(options, name) for name in (*names, "reviews", "bucket")})
    stream = sys.stderr if options.json else sys.stdout

    def say(text: str = "") -> None:
        print(text, file=stream, flush=True)

    experiment = Experiment(settings, options.data)
    _describe(experiment, say)
    runs = []
    for seed in range(options.seed, options.seed + options.seeds):
        say(f"\nseed {seed}")
        runs.append(experiment.train(seed, verbose=0 if options.json else "auto"))
    best = max(runs, key=lambda run: run.accuracy["validation"])
    results = _results(experiment, runs)
    _report(results, runs, best, say)
    _show_wrong(experiment, best, options.wrong, say)
    if options.save:
        experiment.save(best, options.save)
        say(f"model: {options.save}")
    if options.plot:
        say(f"plot: {_draw(runs, settings.model, options.plot)}")
    if options.json:
        print(json.dumps(results, indent=2))
    return 0


def _describe(experiment: Experiment, say: Callable[[str], None]) -> None:
    s = experiment.settings
    sizes = {part: len(labels) for part, (_, labels) in experiment.parts.items()}
    say(f"data    IMDB reviews: training {sizes['training']:,}, validation {sizes['validation']:,}, "
        f"test {sizes['test']:,}; {s.max_words:,} words, the last {s.maxlen} of each review")  # fmt: skip
    say(f"model   {NETWORKS[s.model].summary}; U = {s.units}; RMSprop {s.rate:g}, binary cross-entropy, "
        f"{s.epochs} epochs, batches of {s.batch_size}{' of like lengths' if s.bucket else ''}")  # fmt: skip


def _results(experiment: Experiment, runs: list[Run]) -> dict[str, Any]:
    """All figures as plain values."""
    import dataclasses

    import numpy as np

    parts = ("validation", "test")
    epochs = experiment.settings.epochs
    return {
        "settings": {**dataclasses.asdict(experiment.settings), "learning_rate": experiment.settings.rate},
        "baseline": experiment.baseline(),
        "runs": [
            {
                "seed": run.seed,
                "best_epoch": run.best_epoch,
                **run.accuracy,
                "confusion": run.confusion,
                "seconds": run.seconds,
                "seconds_per_epoch": run.seconds / epochs,
                "history": run.history,
            }
            for run in runs
        ],
        "mean": {part: float(np.mean([run.accuracy[part] for run in runs])) for part in parts},
        "spread": {part: float(np.std([run.accuracy[part] for run in runs])) for part in parts},
    }


def _report(results: dict[str, Any], runs: list[Run], best: Run, say: Callable[[str], None]) -> None:
    def line(name: str, accuracy: dict[str, float], rest: str = "") -> None:
        say(f"{name:<22}{accuracy['validation']:>12.4f}{accuracy['test']:>10.4f}{rest}")

    say(f"\n{'accuracy':<22}{'validation':>12}{'test':>10}")
    line("always the same answer", results["baseline"])
    for run, figures in zip(runs, results["runs"], strict=True):
        each = figures["seconds_per_epoch"]
        line(f"seed {run.seed}", run.accuracy, f"   epoch {run.best_epoch}; {run.seconds:.0f} s, {each:.1f} s an epoch")
    if len(runs) > 1:
        line("mean", results["mean"])
        line("spread", results["spread"])
    say(f"\n{'test reviews, seed ' + str(best.seed):<22}{'called negative':>16}{'called positive':>16}")
    for truth, counts in zip(("negative", "positive"), best.confusion, strict=True):
        say(f"{truth:<22}{counts[0]:>16,}{counts[1]:>16,}")


def _show_wrong(experiment: Experiment, run: Run, count: int, say: Callable[[str], None]) -> None:
    from recurra.datasets import imdb
    from recurra.sentiment.experiment import most_wrong

    x, y = experiment.parts["test"]
    wrong = most_wrong(y, run.probabilities, count)
    if not wrong:
        return
    try:
        index = imdb.get_word_index()
    except FileNotFoundError as error:
        say(f"\nThe most wrong reviews cannot be shown: {error}")
        return
    say("\nmost wrong:")
    for i in wrong:
        text = imdb.decode_review(x[i], index)
        shown = text if len(text) <= 400 else text[:399] + "…"
        truth = "positive" if y[i] else "negative"
        say(f"  test review {i}, {truth}, called positive with {run.probabilities[i]:.1%}:\n    {shown}")


def _draw(runs: list[Run], model: str, path: str) -> str:
    from recurra import plotting

    figure, axes = plotting.new_figure(2)
    for axis, key, label in zip(axes, ("loss", "acc"), ("binary cross-entropy", "accuracy"), strict=True):
        for number, run in enumerate(runs):
            for name, color, part in ((key, plotting.MUTED, "training"), (f"val_{key}", plotting.MODEL, "validation")):
                epochs = range(1, len(run.history[name]) + 1)
                axis.plot(epochs, run.history[name], "o-", color=color, markersize=3.5, label=None if number else part)
        axis.set(xlabel="epoch", ylabel=label)
        axis.legend(frameon=False, ncols=2)
    axes[0].set_title(f"IMDB, {model}")
    return str(plotting.save(figure, path))
