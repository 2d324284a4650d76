"""`recurra train imdb`: a network learns which reviews of films are positive."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from itertools import chain
from typing import TYPE_CHECKING, Any

from recurra.cli import runs as training
from recurra.cli.runs import mean_and_spread
from recurra.datasets.spacing import plural
from recurra.sentiment.networks import NETWORKS

if TYPE_CHECKING:
    from recurra.sentiment import Experiment, Run


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of the command."""
    parser.add_argument("--data", metavar="FILE", default="imdb.npz", help="imdb.npz, imdb_ids.npz or the archive "
                        "aclImdb (default: in RECURRA_DATA or the cache, else downloaded)")  # fmt: skip
    parser.add_argument("--reviews", type=int, metavar="N", help="use only N training and N test reviews")
    add = parser.add_argument_group("model and training").add_argument
    add("--model", choices=list(NETWORKS), default="lstm", help="see below (default %(default)s)")
    add("--max-words", type=int, default=10000, help="size of the vocabulary (default %(default)s)")
    add("--maxlen", type=int, default=500, help="words of a review that are read, its last (default %(default)s)")
    add("--sentence-words", type=int, default=40, help="words in a row of han; longer sentences go on in the next one "
        "(default %(default)s)")  # fmt: skip
    add("--units", type=int, default=32, help="U, units of the recurrent layer (default %(default)s)")
    add("--epochs", type=int, default=10, help="default %(default)s")
    add("--batch-size", type=int, default=128, help="reviews per batch (default %(default)s)")
    add("--learning-rate", type=float, help="of RMSprop (default 0.001; 0.0001 for conv)")
    add(
        "--validation-split",
        type=float,
        default=0.2,
        help="share of the training reviews kept for validation (default %(default)s)",
    )
    add("--bucket", action="store_true", help="batch reviews of similar length together: less padding, faster")
    training.add_training_options(add, "reviews")
    add = parser.add_argument_group("results").add_argument
    add("--wrong", type=int, default=3, metavar="N", help="show the N most wrong test reviews (default %(default)s)")
    training.add_result_options(add, "losses and accuracies")
    parser.epilog = "models: " + "; ".join(f"{name}: {network.summary}" for name, network in NETWORKS.items())


def run(options: argparse.Namespace) -> int:
    """Runs the command; returns the exit status."""
    from recurra.sentiment import Experiment, Settings

    names = (
        "model", "max_words", "maxlen", "sentence_words", "units", "epochs", "batch_size", "learning_rate",
        "validation_split",
    )  # fmt: skip
    settings = Settings(**{name: getattr(options, name) for name in (*names, "reviews", "bucket")})
    say = training.prepare(options)
    experiment = Experiment(settings, options.data)
    _describe(experiment, say)
    runs: list[Run] = training.train_seeds(experiment, options, say)
    best = max(runs, key=lambda run: run.accuracy["validation"])
    results = _results(experiment, runs)
    _report(results, runs, best, say)
    _show_wrong(experiment, best, options.wrong, say)
    training.finish(experiment, best, options, results, lambda path: _draw(runs, settings.model, path), say)
    return 0


def _describe(experiment: Experiment, say: Callable[[str], None]) -> None:
    s = experiment.settings
    sizes = {part: len(labels) for part, (_, labels) in experiment.parts.items()}
    say(f"data    IMDB reviews: training {sizes['training']:,}, validation {sizes['validation']:,}, "
        f"test {sizes['test']:,}; {s.max_words:,} words, the last {s.maxlen} of each review")  # fmt: skip
    say(f"model   {NETWORKS[s.model].summary}; U = {s.units}; RMSprop {s.rate:g}, binary cross-entropy, "
        f"{plural(s.epochs, 'epoch')}, batches of {s.batch_size}{' by length' if s.bucket else ''}")  # fmt: skip


def _results(experiment: Experiment, runs: list[Run]) -> dict[str, Any]:
    """All figures as plain values."""
    import dataclasses

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
        **mean_and_spread([run.accuracy for run in runs]),
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
        numbers = chain.from_iterable(x[i]) if NETWORKS[experiment.settings.model].sentences else x[i]
        text = imdb.decode_review(numbers, index)
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
        axis.set_ylabel(label)
        plotting.number_epochs(axis, max(len(run.history[key]) for run in runs))
        axis.legend(frameon=False, ncols=2)
    axes[0].set_title(f"IMDB, {model}")
    return str(plotting.save(figure, path))
