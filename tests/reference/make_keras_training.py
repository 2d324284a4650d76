"""Writes keras_training.npz: 100 steps of Keras's optimizers on a small model with distinct random weights.

Run it where keras is installed: `KERAS_BACKEND=tensorflow python -m tests.reference.make_keras_training`. The tests
only read the file.
"""

from __future__ import annotations

import keras
import numpy as np

from tests.support.places import REFERENCE

STEPS = 100
BATCH = 16

OPTIMIZERS = {
    "sgd": keras.optimizers.SGD(0.05),
    "sgd_momentum": keras.optimizers.SGD(0.02, momentum=0.9),
    "sgd_nesterov": keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True),
    "rmsprop": keras.optimizers.RMSprop(0.002),
    "rmsprop_centered": keras.optimizers.RMSprop(0.002, momentum=0.5, centered=True),
    "adam": keras.optimizers.Adam(0.005),
    "adam_amsgrad": keras.optimizers.Adam(0.005, amsgrad=True),
    "adamw": keras.optimizers.AdamW(0.005, weight_decay=0.02),
    "adamax": keras.optimizers.Adamax(0.005),
    "nadam": keras.optimizers.Nadam(0.005),
    "adagrad": keras.optimizers.Adagrad(0.05),
    "adadelta": keras.optimizers.Adadelta(1.0),
    "ftrl": keras.optimizers.Ftrl(0.05),
    "adam_clipped": keras.optimizers.Adam(0.005, global_clipnorm=0.1),
    "sgd_clipped": keras.optimizers.SGD(0.05, clipnorm=0.05),
}


def main() -> None:
    rng = np.random.default_rng(11)
    x = rng.normal(size=(STEPS * BATCH, 6)).astype("float32")
    y = np.sin(x @ rng.normal(size=(6, 2))).astype("float32")
    shapes = [(6, 9), (9,), (9, 2), (2,)]
    start = [(0.5 * rng.normal(size=shape)).astype("float32") for shape in shapes]
    arrays = {"x": x, "y": y, **{f"start/{i}": w for i, w in enumerate(start)}}
    for name, optimizer in OPTIMIZERS.items():
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(9, activation="tanh"), keras.layers.Dense(2)])
        model.set_weights(start)
        model.compile(optimizer, "mse")
        losses = []
        for step in range(STEPS):
            rows = slice(step * BATCH, (step + 1) * BATCH)
            model.reset_metrics()
            losses.append(float(model.train_on_batch(x[rows], y[rows])))
        arrays[f"{name}/losses"] = np.array(losses)
        arrays.update({f"{name}/end/{i}": w for i, w in enumerate(model.get_weights())})
    np.savez_compressed(REFERENCE / "keras_training.npz", **arrays)


if __name__ == "__main__":
    main()
