"""recurra's side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from peers.keras_network import network
from peers.keras_training import Network
from trainings import Training

import recurra
from cases import Case
from recurra import _engine


def version() -> str:
    return f"recurra {recurra.__version__} ({_engine.simd_level})"


def set_threads(threads: int) -> None:
    recurra.set_num_threads(threads)


def prepare(case: Case, mode: str, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    model = network(recurra, case)
    if mode == "train":
        return lambda: model.train_on_batch(x, y)
    return lambda: model.predict_on_batch(x)


def trained_network(training: Training, weights: list[np.ndarray], seed: int) -> Network:
    recurra.random.set_seed(seed)
    return Network(recurra, training, weights)
