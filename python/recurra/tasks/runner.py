"""Runs a task: one model, one seed, one result; a killed run goes on where it was."""

from __future__ import annotations

import json
import platform
import shlex
import sys
import time
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from recurra import _engine, config, foreign_files, plotting, random
from recurra._version import __version__
from recurra.callbacks import BackupAndRestore
from recurra.checks import positive_number, whole_number
from recurra.progress import is_terminal
from recurra.replacing import replacing
from recurra.saving import save_model
from recurra.tasks.catalogue import get
from recurra.tasks.curves import draw
from recurra.tasks.task import Settings, Task
from recurra.tasks.watching import Display, Watch

FilePath = str | PathLike[str]


@dataclass(frozen=True)
class Result:
    """What came out of a run.

    Attributes:
        task, model, seed: What was run.
        settings: All numbers of the run by name.
        figures: Of the test by name.
        history: Figures of every epoch by name.
        epochs, steps: Epochs and steps that were trained.
        best_epoch: The one with the best validation, from 1; its weights were tested if the task keeps the best.
        published: What the literature reports, {"figure": …, "source": …}; empty where nothing is known.
        goal: The figure to be reached; None if there is none.
        seconds: Of training and validation of all epochs, those of interrupted processes included.
        processor_seconds: The same as time of processors, of all threads: what other programs took is not in it.
        steps_per_second: Of the training alone.
        parameters: Trained numbers.
        about: Version, date, machine, threads, command.
        network: The model with the weights that were tested.

    Example:
        >>> result = recurra.tasks.run("adding", "gru", steps=4, count=64, held_out=8, epochs=1, verbose=0)
        >>> result.task, result.model, result.epochs, list(result.figures)
        ('adding', 'gru', 1, ['loss'])
    """

    task: str
    model: str
    seed: int
    settings: dict[str, Any]
    figures: dict[str, float]
    history: dict[str, list[float]]
    epochs: int
    steps: int
    best_epoch: int
    published: dict[str, Any]
    goal: float | None
    seconds: float
    processor_seconds: float
    steps_per_second: float
    parameters: int
    about: dict[str, Any]
    network: Any = field(repr=False, compare=False)

    def to_json(self) -> str:
        """All of it but the network, as JSON; what is no finite number becomes null."""
        plain = {name: value for name, value in vars(self).items() if name != "network"}
        return json.dumps(_finite(plain), indent=1, ensure_ascii=False) + "\n"


def run(
    task: str | Task,
    model: str | None = None,
    *,
    seed: int = 0,
    resume: FilePath | None = None,
    minutes: float | None = None,
    json: FilePath | None = None,
    plot: FilePath | None = None,
    save: FilePath | None = None,
    verbose: int | str = "auto",
    **settings: Any,
) -> Result:
    """Trains a model on a task and tests it.

    Args:
        task: Name of a task, or one of your own.
        model: Name of one of its models; default its first.
        seed: Of data, weights, order of the data and dropout.
        resume: Folder where the state of the run is kept after every epoch: the same call goes on from there, with the
            bits of an uninterrupted run; default None, which keeps nothing.
        minutes: Stop after the epoch in which the run has taken so long; default None, which is never.
        json: File for the result.
        plot: Picture of the figures by epoch (.png, .pdf, .svg); needs matplotlib.
        save: File for the model (.safetensors).
        verbose: 0 shows nothing, 1 a bar per epoch, 2 a line per epoch; "auto" is 1 on a terminal, else 2.
        **settings: Settings that differ from the published ones.

    Returns:
        The result; the figures are those of the test data, which are looked at once.

    Raises:
        ValueError: There is no such task or model, a setting is not allowed, or the folder holds another run.
        TypeError: There is no such setting.
        DatasetNotFoundError: The data are missing; the message says what to do.

    Example:
        >>> result = recurra.tasks.run("adding", "tcn", steps=4, levels=2, count=64, held_out=8, epochs=1, verbose=0)
        >>> result.settings["kernel_size"], result.published["figure"]
        (8, 5.8e-05)
    """
    task = get(task) if isinstance(task, str) else task
    name = task.model_name(model)
    chosen = task.settings(name, **settings)
    seed = whole_number(seed, "run", "seed", 0)
    minutes = None if minutes is None else positive_number(minutes, "run", "minutes")
    _check_files(json, plot, save)
    folder = None if resume is None else Path(resume)
    if folder is not None:
        _claim(folder, {"task": task.name, "model": name, "seed": seed, **asdict(chosen)})
    if verbose == "auto":
        verbose = 1 if is_terminal(sys.stdout) else 2

    random.set_seed(seed)
    data = task.data(chosen, seed)
    network = task.model(name, chosen, data)
    watch = Watch(task, chosen, data, minutes)
    callbacks = [watch, *task.callbacks(chosen), *([Display(watch)] if verbose else [])]
    if folder is not None:
        callbacks.append(BackupAndRestore(folder, delete_checkpoint=False))
    task.fit(network, data, chosen, epochs=chosen.epochs, callbacks=callbacks, verbose=verbose)
    if watch.weights:
        network.set_weights(watch.weights)
    result = _result(task, name, seed, chosen, watch, network, task.evaluate(network, data.test, chosen))
    _write(result, task, json, plot, save)
    return result


def _check_files(json: FilePath | None, plot: FilePath | None, save: FilePath | None) -> None:
    """Finds out before the training what would keep the files from being written; makes their folders."""
    if plot is not None:
        plotting.check_path(str(plot))
    if save is not None:
        foreign_files.check_ending(Path(save), "save")
    for path in (json, plot, save):
        if path is not None:
            Path(path).parent.mkdir(parents=True, exist_ok=True)


def _claim(folder: Path, identity: dict[str, Any]) -> None:
    """Writes down what a folder is for; refuses one that is for another run."""
    file = folder / "run.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(file) as out:
            out.write(json.dumps(identity, indent=1).encode())
        return
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        differing = [name for name in {**found, **identity} if found.get(name) != identity.get(name)]
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"resume: '{file}' is damaged ({error}); delete the folder to start again") from error
    if differing:
        name = differing[0]
        there, here = (f"{name}={values.get(name)!r}" for values in (found, identity))
        raise ValueError(
            f"resume: '{folder}' holds a run with {there}, this one has {here}; "
            "use the same settings, or another folder"
        )


def _result(
    task: Task, name: str, seed: int, chosen: Settings, watch: Watch, network: Any, figures: dict[str, float]
) -> Result:
    published = task.published.get(name)
    changed = {key: value for key, value in asdict(chosen).items() if value != getattr(task.settings(name), key)}
    return Result(
        task=task.name,
        model=name,
        seed=seed,
        settings=asdict(chosen),
        figures=figures,
        history={key: [float(value) for value in values] for key, values in network.history.history.items()},
        epochs=len(watch.epoch_seconds),
        steps=watch.steps,
        best_epoch=watch.best_epoch,
        published={} if published is None else published._asdict(),
        goal=task.goal.get(name),
        seconds=round(watch.seconds, 3),
        processor_seconds=round(watch.processor_seconds, 3),
        steps_per_second=round(watch.steps / watch.training_seconds, 3) if watch.training_seconds else 0.0,
        parameters=int(sum(np.prod(weight.shape, dtype=int) for weight in network.trainable_weights)),
        about={
            "command": command(task, name, seed, changed),
            "version": __version__,
            "date": time.strftime("%Y-%m-%d"),
            "machine": platform.machine(),
            "simd_level": _engine.simd_level,
            "threads": config.num_threads(),
            "metric": task.metric._asdict(),
        },
        network=network,
    )


def command(task: Task, model: str, seed: int, changed: dict[str, Any]) -> str:
    """The command that runs this: `recurra train …`."""
    places = [str(changed[name]) for name in task.positional if name in changed]
    words = ["recurra", "train", task.name, *places, "--model", model, "--seed", str(seed)]
    for name, value in changed.items():
        if name in task.positional:
            continue
        option = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words += [f"--{option}", "none" if value is None else str(value)]
    return shlex.join(words)


def _write(result: Result, task: Task, json: FilePath | None, plot: FilePath | None, save: FilePath | None) -> None:
    if json is not None:
        with replacing(json) as out:
            out.write(result.to_json().encode())
    if save is not None:
        described = {name: getattr(result, name) for name in ("task", "model", "seed", "settings", "figures")}
        save_model(result.network, save, metadata={"task": _finite(described)})
    if plot is not None:
        draw(result, task.metric, plot)


def _finite(value: Any) -> Any:
    """The value with None for numbers that JSON does not have."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
