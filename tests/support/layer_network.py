"""A small network of the layers without recurrence, trained by Keras and by recurra from equal weights."""

from __future__ import annotations

from typing import Any

import numpy as np

STEPS = 100
OPTIMIZERS = {"RMSprop": {"learning_rate": 0.001}, "Adam": {"learning_rate": 0.001}}


def layers(module: Any) -> list[Any]:
    return [
        module.Conv1D(6, 3, padding="same", activation="tanh"),
        module.BatchNormalization(momentum=0.9),
        module.MaxPooling1D(2),
        module.SeparableConv1D(5, 2, activation="tanh"),
        module.LayerNormalization(),
        module.Conv1DTranspose(4, 3, strides=2),
        module.PReLU(shared_axes=[1]),
        module.AveragePooling1D(3, strides=2, padding="same"),
        module.GlobalAveragePooling1D(),
        module.Dense(2),
    ]


def batch() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(20)
    x = rng.standard_normal((16, 12, 3)).astype(np.float32)
    return x, np.stack([x.mean((1, 2)), x[:, :, 0].max(1)], 1).astype(np.float32)


def initial_weights(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Distinct random weights, all positive so that they do for variances too."""
    rng = np.random.default_rng(21)
    return [(rng.random(shape) * 0.5 + 0.05).astype(np.float32) for shape in shapes]
