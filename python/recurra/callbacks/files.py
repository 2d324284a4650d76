"""Callbacks that write files: checkpoints, tables of figures, backups of a running training."""

from __future__ import annotations

import csv
import json
import os
import zipfile
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from recurra.callbacks import resumption
from recurra.callbacks.callback import Callback, Logs
from recurra.callbacks.monitors import Monitor


class ModelCheckpoint(Callback):
    """Saves the model, or its weights, as training goes on.

    filepath: may hold `{epoch}` (from 1) and figures, as `"model-{epoch:02d}-{val_loss:.2f}.safetensors"`. monitor:
    figure for save_best_only, default "val_loss". verbose: 1 says so. save_best_only: only when the figure is better
    than ever, default False. save_weights_only: default False. mode: "auto", "min" or "max". save_freq: "epoch"
    (default) or a number of batches. initial_value_threshold: the figure has to be better than this.
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
        self.monitor = monitor
        self._monitor = Monitor(monitor, mode, 0.0, "ModelCheckpoint")
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = _checked_frequency(save_freq, "ModelCheckpoint")
        self.best = self._monitor.worst if initial_value_threshold is None else initial_value_threshold
        self._batches = 0
        self._epoch = 0

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
            value = self._monitor.value(logs)
            if value is None or not self._monitor.better(value, self.best):
                return
            if self.verbose:
                print(f"Epoch {epoch + 1}: {self.monitor} {value:.5f} is better than {self.best:.5f}, saving")
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
                f"ModelCheckpoint: the file name '{self.filepath}' asks for {missing}; there are {', '.join(values)}"
            ) from None

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "batches": self._batches}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.best = float(state["best"])
        self._batches = int(state["batches"])


def _checked_frequency(frequency: str | int, who: str) -> str | int:
    if frequency != "epoch" and not (isinstance(frequency, int) and frequency >= 1):
        raise ValueError(f"{who}: save_freq must be 'epoch' or a number of batches, got {frequency!r}")
    return frequency


class CSVLogger(Callback):
    """Writes the figures of every epoch as a row of a CSV file.

    filename: the file. separator: default ",". append: go on with an existing file, default False.
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
    """Makes a killed training go on where it stopped, with the results of one that was not interrupted.

    At every save the weights, the optimizer's state, the states that stateful layers carry, the random numbers' state,
    the figures so far, the other callbacks' state and the place in the data are written to one file, atomically. A
    later `fit` with the same arguments and the same directory takes up from there. A source of data has to give the
    same batches when iterated again (arrays do; a generator is wound forward by drawing and dropping batches).

    backup_dir: directory for the file. save_freq: "epoch" (default) or a number of batches; a backup due at the last
    batch of an epoch, or in a source that does not know its length, is made at the end of the epoch. delete_checkpoint:
    remove the file when training has finished, default True.
    Raises ValueError if the file belongs to another model or is damaged, and if the model has no weights yet.
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
        return self.backup_dir / "training.npz"

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            if not self.model.built:
                raise ValueError(
                    "BackupAndRestore: the model has no weights yet to restore into; give it an Input(shape) first"
                )
            arrays, words = read_backup(self.path)
            resumption.resume(self.model, arrays, words)

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


def write_backup(path: Path, arrays: Mapping[str, np.ndarray], words: Mapping[str, Any]) -> None:
    """Arrays and a JSON value in one .npz file, replaced as a whole or not at all."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.savez(file, __words__=np.array(json.dumps(words)), **arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def read_backup(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What `write_backup` wrote. Raises ValueError if the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        words = json.loads(str(arrays.pop("__words__")))
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is no whole backup of a training ({error}); delete it to start anew") from error
    return arrays, words
