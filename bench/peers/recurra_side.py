"""recurra's side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import recurra
from bench.cases import Case
from bench.peers.keras_network import network
from bench.peers.keras_training import Network
from bench.trainings import Training
from recurra import _engine


def version() -> str:
    return f"recurra {recurra.__version__} ({_engine.simd_level})"


def set_threads(threads: int) -> None:
    recurra.set_num_threads(threads)


def recurrent(layers: Any, name: str, units: int, options: dict[str, Any]) -> Any:
    """The layer; with the option in_python its cell's step is Python's ops, as a user would write it."""
    if not options.pop("in_python", False):
        controlled = name == "NTM"
        return getattr(layers, name)(layers.LSTMCell(units) if controlled else units, **options)
    own = getattr(layers, f"{name}Cell")

    class PythonCell(own):  # type: ignore[misc, valid-type]
        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            return own.call(self, inputs, states, training)

    return layers.RNN(PythonCell(units), **options)


def prepare(
    case: Case, mode: str, x: np.ndarray, y: np.ndarray, weights: list[np.ndarray] | None = None
) -> Callable[[], object]:
    model = network(recurra, case, recurrent)
    if weights is not None:
        model.set_weights(weights)
    if mode == "train":
        return lambda: model.train_on_batch(x, y)
    if mode == "step":
        stream, step, out = model.streaming(), x[:, 0], np.empty((1, 1), np.float32)
        return lambda: stream.step(step, out=out)
    return lambda: model.predict_on_batch(x)


def trained_network(training: Training, weights: list[np.ndarray], seed: int) -> Network:
    recurra.random.set_seed(seed)
    return Network(recurra, training, weights)
