"""The models and loops that the tests of faults disturb; `python -m tests.faults.program` runs one in a process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import recurra
from recurra import Input, Sequential, callbacks, layers

X = np.random.default_rng(0).normal(size=(24, 6, 3)).astype("float32")
Y = np.random.default_rng(1).normal(size=(24, 1)).astype("float32")


def network(units: int = 4) -> Any:
    """A compiled model with dropout, penalties and moving averages: much that could be left half-changed."""
    recurra.random.set_seed(units)
    model = Sequential(
        [
            Input((6, 3)),
            layers.GRU(units, recurrent_dropout=0.1, kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


def save_for_ever(path: Path) -> None:
    """Saves models of 3 kinds in turn; all weights of a file are one number, which tells its kind."""
    models = [network(units) for units in (40, 80, 120)]
    for number, model in enumerate(models):
        model.set_weights([np.full_like(weight, number + 1) for weight in model.get_weights()])
        model.train_on_batch(X[:4], Y[:4])
        model.set_weights([np.full_like(weight, number + 1) for weight in model.get_weights()])
    print("ready", flush=True)
    while True:
        for model in models:
            model.save(path)


def train_with_backup(folder: Path, epochs: int, save_freq: Any = 1) -> list[float]:
    """The losses of a training that a backup lets go on where it was killed."""
    model = network()
    backup = callbacks.BackupAndRestore(folder, save_freq=save_freq)
    print("ready", flush=True)
    history = model.fit(X, Y, batch_size=4, epochs=epochs, verbose=0, callbacks=[backup])
    losses = [float(loss) for loss in history.history["loss"]]
    print("done", *losses, flush=True)
    return losses


def train_with_files(folder: Path) -> None:
    """A training that writes a checkpoint and a row of figures each epoch."""
    model = network()
    written = [callbacks.ModelCheckpoint(folder / "m.safetensors"), callbacks.CSVLogger(folder / "figures.csv")]
    print("ready", flush=True)
    model.fit(X, Y, batch_size=4, epochs=10**6, verbose=0, callbacks=written)


if __name__ == "__main__":
    task, place = sys.argv[1], Path(sys.argv[2])
    if task == "save":
        save_for_ever(place)
    elif task == "backup":
        train_with_backup(place, int(sys.argv[3]))
    else:
        train_with_files(place)
