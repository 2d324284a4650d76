"""Callbacks that write files: checkpoints, tables of figures, backups of a running training."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from recurra import foreign_files, safetensors
from recurra.callbacks import resumption
from recurra.callbacks.callback import Callback, Logs
from recurra.callbacks.improvement import Monitor
from recurra.checks import is_whole_number, number

BACKUP_FORMAT = "recurra training"
BACKUP_VERSION = 1


class ModelCheckpoint(Callback):
    """A callback that saves the model, or its weights, while it is trained.

    Args:
        filepath: Name of the file; may hold `{epoch}` (from 1) and figures, as in
            `"model-{epoch:02d}-{val_loss:.2f}.safetensors"`.
        monitor: Figure for `save_best_only`.
        verbose: 1 prints a line for every file.
        save_best_only: Whether to save only when the figure is better than ever before.
        save_weights_only: Whether to leave out configuration and optimizer.
        mode: "auto", "min" or "max": which figures are better.
        save_freq: "epoch" or a number of batches.
        initial_value_threshold: The figure has to be better than this.

    Raises:
        ValueError: An argument is out of range, or the name has the ending of another format.

    Example:
        >>> import tempfile, os
        >>> model = recurra.Sequential([recurra.Input((3,)), recurra.layers.Dense(1)])
        >>> model.compile("adam", "mse")
        >>> x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     saved = recurra.callbacks.ModelCheckpoint(folder + "/model-{epoch}.safetensors")
        ...     history = model.fit(x, y, epochs=2, verbose=0, callbacks=[saved])
        ...     sorted(os.listdir(folder))
        ['model-1.safetensors', 'model-2.safetensors']
    """

    def __init__(
        self,
        filepath: str | PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__()
        self.filepath = os.fspath(filepath)
        allowed = ".weights.h5" if save_weights_only else ".keras"
        foreign_files.check_ending(Path(self.filepath), "ModelCheckpoint", allowed)
        self.monitor = monitor
        self._monitor = Monitor(monitor, mode, 0.0, "ModelCheckpoint")
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = _checked_frequency(save_freq, "ModelCheckpoint")
        self.mode = mode
        self.initial_value_threshold = initial_value_threshold
        self.best: float | None = None
        if initial_value_threshold is not None:
            self.best = number(initial_value_threshold, "ModelCheckpoint", "initial_value_threshold")
        self._batches = 0
        self._epoch = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self.save_best_only:
            self._monitor.begin(self.model, self.params)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if isinstance(self.save_freq, int):
            self._batches += 1
            if self._batches % self.save_freq == 0:
                self._save(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        if self.save_best_only:
            value = self._monitor.value(logs, self.model)
            if value is None or not self._monitor.better(value, self.best):
                return
            if self.verbose:
                before = "" if self.best is None else f" from {self.best:.5f}"
                print(f"Epoch {epoch + 1}: {self.monitor} improved{before} to {value:.5f}, saving")
            self.best = value
        path = Path(self._path(epoch, batch, logs))
        path.parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True, include_optimizer=True)
        if self.verbose:
            print(f"Epoch {epoch + 1}: saved {path}")

    def _path(self, epoch: int, batch: int | None, logs: Logs | None) -> str:
        values = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1}), **(logs or {})}
        try:
            return self.filepath.format(**values)
        except KeyError as missing:
            raise ValueError(
                f"ModelCheckpoint: the file name '{self.filepath}' asks for {missing}; available: {', '.join(values)}"
            ) from None

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "batches": self._batches}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.best = None if state["best"] is None else float(state["best"])
        self._batches = int(state["batches"])


def _checked_frequency(frequency: str | int, who: str) -> str | int:
    if isinstance(frequency, str) and frequency == "epoch":
        return frequency
    if not is_whole_number(frequency) or int(frequency) < 1:
        raise ValueError(f"{who}: save_freq must be 'epoch' or a number of batches, got {frequency!r}")
    return int(frequency)


class CSVLogger(Callback):
    """A callback that writes the figures of every epoch as a row of a CSV file.

    Args:
        filename: The file.
        separator: Between columns.
        append: Whether to go on with an existing file.

    Example:
        >>> import tempfile, pathlib
        >>> model = recurra.Sequential([recurra.Input((3,)), recurra.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> x, y = np.zeros((8, 3), "float32"), np.zeros((8, 1), "float32")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "figures.csv")
        ...     history = model.fit(x, y, epochs=2, verbose=0, callbacks=[recurra.callbacks.CSVLogger(path)])
        ...     path.read_text().split()
        ['epoch,loss', '0,0.0', '1,0.0']
    """

    def __init__(self, filename: str | PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = Path(filename)
        self.separator = separator
        self.append = append
        self._columns: list[str] | None = None
        self._file: TextIO | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._columns = None
        if self.append and self.filename.exists():
            with self.filename.open(newline="") as file:
                self._columns = next(csv.reader(file, delimiter=self.separator), None)
        self.filename.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.filename.open("a" if self.append else "w", newline="")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        assert self._file is not None
        writer = csv.writer(self._file, delimiter=self.separator)
        logs = logs or {}
        if self._columns is None:
            names = list(logs)
            # The first epoch may come without validation (validation_freq); its columns are known all the same.
            if self.params.get("validation") and not any(name.startswith("val_") for name in names):
                names += [f"val_{name}" for name in names]
            self._columns = ["epoch", *names]
            writer.writerow(self._columns)
        writer.writerow([epoch, *(logs.get(name, "NA") for name in self._columns[1:])])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class BackupAndRestore(Callback):
    """A callback that lets a killed training go on where it stopped, with the results of an uninterrupted one.

    Every save writes the weights, the optimizer's state, the states that stateful layers carry, the state of the random
    numbers, the figures so far, the state of the other callbacks and the place in the data to one file, atomically and
    with a checksum. A later `fit` with the same arguments and the same folder goes on from there. A source of data has
    to give the same batches when it is iterated again (arrays do; of a generator, batches are drawn and dropped).

    Args:
        backup_dir: Folder for the file.
        save_freq: "epoch" or a number of batches. A backup due at the last batch of an epoch, or in a source that does
            not know its length, is made at the end of the epoch.
        delete_checkpoint: Whether to remove the file when the training has finished.

    Raises:
        ValueError: When training begins: the file is damaged or of another model, or the model has no weights yet.

    Example:
        >>> import tempfile
        >>> model = recurra.Sequential([recurra.Input((3,)), recurra.layers.Dense(1)])
        >>> model.compile("adam", "mse")
        >>> x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     backup = recurra.callbacks.BackupAndRestore(folder, save_freq=10)
        ...     history = model.fit(x, y, epochs=2, verbose=0, callbacks=[backup])
        >>> len(history.history["loss"])
        2
    """

    def __init__(
        self, backup_dir: str | PathLike[str], save_freq: str | int = "epoch", delete_checkpoint: bool = True
    ) -> None:
        super().__init__()
        self.backup_dir = Path(backup_dir)
        self.save_freq = _checked_frequency(save_freq, "BackupAndRestore")
        self.delete_checkpoint = delete_checkpoint
        self._batches = 0
        self._due = False

    @property
    def path(self) -> Path:
        """The file of the backup."""
        return self.backup_dir / "training.safetensors"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            if not self.model.built:
                raise ValueError(
                    "BackupAndRestore: the model has no weights yet to restore into; give it an Input(shape) first"
                )
            arrays, state = read_backup(self.path)
            resumption.resume(self.model, arrays, state)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if isinstance(self.save_freq, int):
            self._batches += 1
            self._due = self._due or self._batches % self.save_freq == 0
            steps = self.params.get("steps")
            if self._due and steps is not None and self.model.run.step < steps:
                self._save()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self._due or self.save_freq == "epoch":
            self._save(epoch_done=True)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint and not self.model.run.interrupted:
            self.path.unlink(missing_ok=True)

    def _save(self, epoch_done: bool = False) -> None:
        self._due = False
        write_backup(self.path, *resumption.progress(self.model, epoch_done))

    def state(self) -> dict[str, Any]:
        return {"batches": self._batches}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self._batches = int(state["batches"])


def write_backup(path: Path, arrays: Mapping[str, np.ndarray], state: Any) -> None:
    """Write arrays and a JSON value to one safetensors file, which is replaced as a whole or not at all."""
    entries = {"format": BACKUP_FORMAT, "format_version": str(BACKUP_VERSION), "state": json.dumps(state)}
    safetensors.write(path, arrays, {**entries, "checksum": safetensors.checksum(arrays, entries)})


def read_backup(path: Path) -> tuple[dict[str, np.ndarray], Any]:
    """What `write_backup` wrote.

    Raises:
        ValueError: The file is damaged, or no backup.
    """
    try:
        arrays, entries = safetensors.read(path)
        stated = entries.pop("checksum", None)
        if entries.get("format") != BACKUP_FORMAT or entries.get("format_version") != str(BACKUP_VERSION):
            raise ValueError("its format is another one")
        if stated != safetensors.checksum(arrays, entries):
            raise ValueError("its checksum does not fit its contents")
        return arrays, json.loads(entries["state"])
    except (ValueError, KeyError, RecursionError) as error:
        raise ValueError(f"{path} is not an intact backup of a training ({error}); delete it to start again") from error
