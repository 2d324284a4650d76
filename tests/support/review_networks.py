"""The networks of reviews in small, trained by Keras and by recurra from equal weights on equal batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

STEPS, WORDS, LENGTH = 100, 40, 24
OPTIMIZERS = {"RMSprop": {"learning_rate": 0.001}, "Adam": {"learning_rate": 0.001}}


def _lstm(layers: Any) -> list[Any]:
    return [layers.Embedding(WORDS, 8), layers.LSTM(6), layers.Dense(1, activation="sigmoid")]


def _convolutions(layers: Any, *last: Any) -> list[Any]:
    return [
        layers.Embedding(WORDS, 8),
        layers.Conv1D(6, 3, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(6, 3, activation="relu"),
        layers.GlobalMaxPooling1D(),
        *last,
    ]


def _with_sigmoid(layers: Any) -> list[Any]:
    return _convolutions(layers, layers.Dense(1, activation="sigmoid"))


def _without_sigmoid(layers: Any) -> list[Any]:
    """As the classic listing has it: the loss takes what Dense gives for probabilities."""
    return _convolutions(layers, layers.Dense(1))


NETWORKS: dict[str, Callable[[Any], list[Any]]] = {
    "lstm": _lstm,
    "convolutions": _with_sigmoid,
    "convolutions without sigmoid": _without_sigmoid,
}


def reviews() -> tuple[np.ndarray, np.ndarray]:
    """(x, y): 32 rows of words, many of them repeated, padded in front; the label is told by some of the words."""
    rng = np.random.default_rng(30)
    y = rng.integers(0, 2, 32)
    x = np.minimum(rng.geometric(0.15, (32, LENGTH)), WORDS - 3).astype(np.int32)
    x[np.arange(32), rng.integers(12, LENGTH, 32)] = WORDS - 2 + y
    for row, padded in zip(x, rng.integers(0, 12, 32), strict=True):
        row[:padded] = 0
    return x, y.astype(np.float32)[:, None]


def initial_weights(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    """Distinct random weights; the last layer begins near 1/2 with or without a sigmoid.

    Of this seed: maxima and rectifiers make gradients jump, and with some others a near tie goes either way.
    """
    rng = np.random.default_rng(34)
    weights = [(0.3 * rng.standard_normal(shape)).astype(np.float32) for shape in shapes]
    weights[-2] *= 0.3
    weights[-1][:] = 0.4
    return weights


def train(library: Any, network: str, optimizer: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """Losses of the steps and the weights after them; `library` is the module keras or recurra."""
    x, y = reviews()
    layers = NETWORKS[network](library.layers)
    model = library.Sequential([library.Input((LENGTH,), dtype="int32"), *layers])
    model.set_weights(initial_weights([tuple(w.shape) for w in model.weights]))
    model.compile(getattr(library.optimizers, optimizer)(**OPTIMIZERS[optimizer]), "binary_crossentropy")
    losses = []
    for _ in range(STEPS):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(x, y)))
    return np.array(losses), [np.array(w) for w in model.get_weights()]
