"""Writes model files of this version, with what the models predict: python -m tests.reference.make_stored_models

A file that is there is never written again: it stands for all files of its version. A change of the format gets a new
name, and the old files stay.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import recurra
from recurra import Input, Model, Sequential, callbacks, layers, ops, saving
from recurra.tree import flatten

FOLDER = Path(__file__).parent / "stored"
FORMAT = "v1"


def trained() -> Any:
    model = Sequential(
        [
            Input((6, 3)),
            layers.Conv1D(4, 2, padding="causal", dilation_rate=2, activation="relu"),
            layers.Bidirectional(layers.GRU(3, dropout=0.1, kernel_regularizer="l2")),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(2, activation="tanh"),
        ],
        name="trained",
    )
    model.compile(recurra.optimizers.Adam(0.01), "mse", metrics=["mae"])
    model.fit(inputs(model)[0], np.ones((4, 2), "f"), epochs=2, verbose=0)
    model.layers[0].trainable = False
    return model


def graph() -> Any:
    front, other = Input((None, 3), name="left"), Input((None, 3), name="right")
    shared = layers.LSTM(3, return_sequences=True)
    both = layers.Concatenate()([shared(front), shared(other) * 0.5])
    pooled = ops.mean(both, axis=1)
    return Model([front, other], [layers.Dense(2)(pooled), ops.tanh(both)], name="graph")


def chain() -> Any:
    return Sequential(
        [
            Input((7,)),
            layers.Embedding(9, 4, mask_zero=True),
            layers.Stack(layers.GRU(4, return_sequences=True, name="floor"), 2, connection="residual"),
            layers.LayerNormalization(),
            layers.RNN([layers.LSTMCell(3), layers.SimpleRNNCell(2)]),
            layers.Dense(1),
        ],
        name="chain",
    )


MODELS = {"trained": trained, "graph": graph, "chain": chain}


def inputs(model: Any) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    shapes = [[4 if axis == 0 else extent or 5 for axis, extent in enumerate(t.shape)] for t in model.inputs]
    if isinstance(model.layers[0], layers.Embedding):
        return [rng.integers(0, 9, shapes[0])]
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


def predictions(model: Any) -> list[np.ndarray]:
    x = inputs(model)
    return flatten(model.predict(x if len(x) > 1 else x[0], verbose=0))


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    recurra.random.set_seed(11)
    for name, make in MODELS.items():
        path = FOLDER / f"{name}-{FORMAT}.safetensors"
        if path.exists():
            continue
        model = make()
        saving.save_model(model, path, metadata={"name": name})
        np.savez(path.with_suffix(".npz"), *predictions(model))
    backup = callbacks.BackupAndRestore(FOLDER / f"backup-{FORMAT}", delete_checkpoint=False)
    if not backup.path.exists():
        backup_of_a_training(backup, epochs=2)


def backup_of_a_training(backup: Any, epochs: int) -> list[float]:
    """The losses of a training with this backup."""
    recurra.random.set_seed(12)
    model = Sequential([Input((6, 3)), layers.GRU(3), layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    x = np.random.default_rng(6).normal(size=(8, 6, 3)).astype("float32")
    history = model.fit(x, x[:, 0, :1], batch_size=4, epochs=epochs, verbose=0, callbacks=[backup])
    return [float(loss) for loss in history.history["loss"]]


if __name__ == "__main__":
    main()
