"""100 training steps from equal weights follow Keras (see tests/reference/make_keras_training.py)."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import Input, Sequential, layers, optimizers
from tests.support.places import REFERENCE

STORED = np.load(REFERENCE / "keras_training.npz")
STEPS, BATCH = 100, 16

OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.05),
    "sgd_momentum": lambda: optimizers.SGD(0.02, momentum=0.9),
    "sgd_nesterov": lambda: optimizers.SGD(0.02, momentum=0.9, nesterov=True),
    "rmsprop": lambda: optimizers.RMSprop(0.002),
    "rmsprop_centered": lambda: optimizers.RMSprop(0.002, momentum=0.5, centered=True),
    "adam": lambda: optimizers.Adam(0.005),
    "adam_amsgrad": lambda: optimizers.Adam(0.005, amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.005, weight_decay=0.02),
    "adamax": lambda: optimizers.Adamax(0.005),
    "nadam": lambda: optimizers.Nadam(0.005),
    "adagrad": lambda: optimizers.Adagrad(0.05),
    "adadelta": lambda: optimizers.Adadelta(1.0),
    "ftrl": lambda: optimizers.Ftrl(0.05),
    "adam_clipped": lambda: optimizers.Adam(0.005, global_clipnorm=0.1),
    "sgd_clipped": lambda: optimizers.SGD(0.05, clipnorm=0.05),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_hundred_steps_follow_keras(name):
    model = Sequential([Input((6,)), layers.Dense(9, activation="tanh"), layers.Dense(2)])
    model.set_weights([STORED[f"start/{i}"] for i in range(4)])
    model.compile(OPTIMIZERS[name](), "mse")
    losses = []
    for step in range(STEPS):
        rows = slice(step * BATCH, (step + 1) * BATCH)
        model.reset_metrics()
        losses.append(model.train_on_batch(STORED["x"][rows], STORED["y"][rows]))
    np.testing.assert_allclose(losses, STORED[f"{name}/losses"], rtol=1e-4)
    for i, weight in enumerate(model.get_weights()):
        np.testing.assert_allclose(weight, STORED[f"{name}/end/{i}"], rtol=1e-4, atol=1e-4 * np.abs(weight).max())
