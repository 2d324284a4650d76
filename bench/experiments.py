"""The experiments of docs/results.md: trainings on real data, recurra beside PyTorch and Keras.

    python -m bench.experiments [--only imdb_lstm,…] [--seeds 0,1,2] [--epochs N] [--peers torch,keras]
                                [--peer-epochs N] [--threads N] [--results FOLDER] [--table]

Every side trains the same network (bench/trainings.py) from the same initial weights on the same batches in the same
order, each in a process and an environment of its own, as bench/sides/process.py makes them. The sides train an epoch
in turn, so that a change of the machine's speed meets all of them; peers take part for the first seed. Every run is
written as a JSON file of its own; the table is made from these files, and --table prints it without training anything.

The data sets are looked for where RECURRA_DATA says, and in the cache, and downloaded else.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import statistics
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from bench import RESULTS, trainings
from bench.reports.results import cores, machine
from bench.sides.process import SCRATCH, Side
from bench.trainings import BY_NAME, TRAININGS, Training

Array = np.ndarray[Any, Any]
EXPERIMENTS = SCRATCH / "experiments"
PEERS = ("torch", "keras")


def _reviews() -> dict[str, tuple[Any, Array]]:
    """Word numbers of the reviews, the last fifth of the training reviews for validation."""
    from recurra.datasets import imdb

    (x, y), (x_test, y_test) = imdb.load_data(num_words=trainings.WORDS)
    at = len(x) * 4 // 5
    return {"train": (x[:at], y[:at]), "validation": (x[at:], y[at:]), "test": (x_test, y_test)}


def reviews() -> dict[str, tuple[Array, Array]]:
    """The last 500 words of every review, padded in front."""
    from recurra.preprocessing.sequence import pad_sequences

    return {part: (pad_sequences(list(x), trainings.LENGTH), y) for part, (x, y) in _reviews().items()}


def bags() -> dict[str, tuple[Array, Array]]:
    """Which words every review holds, as 0 and 1."""
    parts = {}
    for part, (x, y) in _reviews().items():
        bag = np.zeros((len(x), trainings.WORDS), dtype=np.uint8)
        for row, words in zip(bag, x, strict=True):
            row[np.asarray(words)] = 1
        parts[part] = (bag, y)
    return parts


def digits() -> dict[str, tuple[Array, Array]]:
    """MNIST in [0, 1] with one-hot labels, the last 10,000 training images for validation."""
    from recurra.datasets import mnist
    from recurra.utils import to_categorical

    (x, y), (x_test, y_test) = mnist.load_data()
    x, x_test = (images[..., None].astype("float32") / 255 for images in (x, x_test))
    y, y_test = (np.asarray(to_categorical(labels, 10), dtype="float32") for labels in (y, y_test))
    at = len(x) - 10_000
    return {"train": (x[:at], y[:at]), "validation": (x[at:], y[at:]), "test": (x_test, y_test)}


DATA = {"reviews": reviews, "bags": bags, "digits": digits}


def data_file(name: str) -> Path:
    """The arrays of a data set for all sides, made when missing."""
    path = EXPERIMENTS / f"{name}.npz"
    if not path.exists():
        print(f"preparing {name}", file=sys.stderr, flush=True)
        parts = DATA[name]()
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"unfinished-{path.name}")
        np.savez(unfinished, **{f"{part}_{axis}": parts[part]["xy".index(axis)] for part in parts for axis in "xy"})
        unfinished.replace(path)
    return path


def weights_file(training: Training, seed: int) -> Path:
    """The initial weights for all sides, drawn by Keras's rules."""
    import recurra
    from bench.peers.keras_training import build

    path = EXPERIMENTS / f"{training.name}-weights-{seed}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    recurra.random.set_seed(seed)
    weights = build(recurra, training).get_weights()
    np.savez(path, **{str(i): weight for i, weight in enumerate(weights)})
    return path


def start(training: Training, peer: str, threads: int, seed: int) -> Side:
    data, weights = str(data_file(training.data)), str(weights_file(training, seed))
    return Side(peer, threads, "training", training.name, str(seed), data, weights)


def run(training: Training, seed: int, epochs: dict[str, int], threads: int) -> list[dict[str, Any]]:
    """Trains on every side of `epochs` (side -> number of epochs), an epoch in turn; the outcome of each."""
    sides = {peer: start(training, peer, threads, seed) for peer in epochs}
    figures: dict[str, list[dict[str, float]]] = {peer: [] for peer in sides}
    try:
        for epoch in range(1, max(epochs.values()) + 1):
            for peer, side in sides.items():
                if epoch <= epochs[peer]:
                    figures[peer].append(side.ask({"epoch": epoch}))
                    said = " ".join(f"{name} {value:.4f}" for name, value in figures[peer][-1].items())
                    print(f"{training.name} seed {seed} {peer} epoch {epoch}: {said}", file=sys.stderr, flush=True)
        return [
            {
                "experiment": training.name,
                "side": peer,
                "version": side.version,
                "seed": seed,
                "settings": asdict(training),
                "epochs": figures[peer],
                "best_epoch": 1 + int(np.argmax([one["val_acc"] for one in figures[peer]])),
                "validation": max(one["val_acc"] for one in figures[peer]),
                "test": side.ask({"test": True})["acc"],
                "seconds_per_epoch": seconds_per_epoch(figures[peer]),
                "in_turn_with": [other for other in sides if other != peer],
            }
            for peer, side in sides.items()
        ]
    finally:
        for side in sides.values():
            side.close()


def seconds_per_epoch(figures: list[dict[str, float]]) -> dict[str, float]:
    """Median and least over the epochs, without the first where there are others: it compiles and warms up."""
    seconds = [one["seconds"] for one in figures[1:] or figures]
    return {"median": statistics.median(seconds), "least": min(seconds)}


def write(outcome: dict[str, Any], threads: int, folder: Path) -> None:
    from recurra import _engine

    about = {
        "command": shlex.join(["python", "-m", "bench.experiments", *sys.argv[1:]]),
        "machine": machine(),
        "simd_level": _engine.simd_level,
        "python": platform.python_version(),
        "threads": threads,
        "date": time.strftime("%Y-%m-%d"),
    }
    path = folder / f"{outcome['experiment']}-{outcome['side']}-{outcome['seed']}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**outcome, **about}, indent=1) + "\n")


def table(folder: Path) -> str:
    """The runs of a folder, a row an experiment and side; accuracies are means over seeds, with their range."""
    runs = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    titles = ("experiment", "side", "seeds", "validation", "of epoch", "test", "wanted", "seconds an epoch", "least")
    out = ["| " + " | ".join(titles) + " |", "|---|---|" + "---:|" * (len(titles) - 2)]
    for training in TRAININGS:
        for side in ("recurra", *PEERS):
            mine = [one for one in runs if (one["experiment"], one["side"]) == (training.name, side)]
            if not mine:
                continue
            epochs = [f"{one['best_epoch']}/{len(one['epochs'])}" for one in mine]
            seconds = [
                statistics.median(one["seconds_per_epoch"][kind] for one in mine) for kind in ("median", "least")
            ]
            cells = [training.name, side, str(len(mine)), mean_and_range([one["validation"] for one in mine])]
            cells += [", ".join(epochs), mean_and_range([one["test"] for one in mine])]
            cells += ["–" if training.goal is None else f"{training.goal_part} ≥ {training.goal:g}"]
            out.append("| " + " | ".join([*cells, *(f"{value:.2f}" for value in seconds)]) + " |")
            stated = training.stated_epochs
            if stated and all(len(one["epochs"]) > stated for one in mine):
                early = mean_and_range([max(epoch["val_acc"] for epoch in one["epochs"][:stated]) for one in mine])
                out.append(f"| – its first {stated} epochs | {side} | {len(mine)} | {early} |" + " |" * 5)
    return "\n".join(out) + "\n"


def mean_and_range(values: list[float]) -> str:
    mean = f"{statistics.mean(values):.4f}"
    return mean if len(values) == 1 else f"{mean} ({min(values):.4f}–{max(values):.4f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = ",".join(BY_NAME)
    parser.add_argument("--only", default=names, help="comma-separated (default %(default)s)")
    parser.add_argument("--seeds", help="comma-separated (default: 0,1,2, or 0 alone, as the experiment has it)")
    parser.add_argument("--epochs", type=int, help="of recurra (default: the experiment's)")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated, may be empty (default %(default)s)")
    parser.add_argument("--peer-epochs", type=int, help="of the peers (default: the experiment's)")
    parser.add_argument("--threads", type=int, help="(default: all cores)")
    parser.add_argument("--results", type=Path, default=RESULTS / "experiments", metavar="FOLDER")
    parser.add_argument("--table", action="store_true", help="only print the table of the results there are")
    options = parser.parse_args()
    chosen, peers = options.only.split(","), [peer for peer in options.peers.split(",") if peer]
    for name in chosen:
        if name not in BY_NAME:
            parser.error(f"unknown experiment '{name}'; known: {names}")
    for peer in peers:
        if peer not in PEERS:
            parser.error(f"unknown peer '{peer}'; known: {', '.join(PEERS)}")
    for name in [] if options.table else chosen:
        training = BY_NAME[name]
        seeds = [int(seed) for seed in options.seeds.split(",")] if options.seeds else list(range(training.seeds))
        for seed in seeds:
            epochs = {"recurra": options.epochs or training.epochs}
            if seed == 0:
                epochs |= {peer: options.peer_epochs or n for peer, n in training.peer_epochs.items() if peer in peers}
            for outcome in run(training, seed, epochs, options.threads or cores()):
                write(outcome, options.threads or cores(), options.results)
    print(table(options.results))


if __name__ == "__main__":
    main()
