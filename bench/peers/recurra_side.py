"""recurra's side."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import recurra
from cases import Case, last_recurrent
from recurra import _engine, layers


class Unsupported(Exception):
    """A case that this side cannot do."""


def version() -> str:
    return f"recurra {recurra.__version__} ({_engine.simd_level})"


def set_threads(threads: int) -> None:
    recurra.set_num_threads(threads)


def network(case: Case) -> recurra.Sequential:
    model = recurra.Sequential([layers.Input((case.time, case.features) if case.features else (case.time,))])
    for index, (kind, *arguments) in enumerate(case.layers):
        sequences = not last_recurrent(case.layers, index)
        if kind == "embedding":
            model.add(layers.Embedding(*arguments))
        elif kind == "conv":
            model.add(layers.Conv1D(*arguments, activation="relu"))
        elif kind == "pool":
            model.add(layers.MaxPooling1D(*arguments))
        elif kind == "globalmax":
            model.add(layers.GlobalMaxPooling1D())
        elif kind == "bigru":
            model.add(layers.Bidirectional(layers.GRU(arguments[0], return_sequences=sequences)))
        else:
            cell = {"gru": layers.GRU, "lstm": layers.LSTM, "rnn": layers.SimpleRNN}[kind]
            options = arguments[1] if len(arguments) > 1 else {}
            model.add(cell(arguments[0], return_sequences=sequences, **options))
    model.add(layers.Dense(1))
    model.compile(optimizer="rmsprop", loss="mae")
    return model


def prepare(case: Case, mode: str, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    model = network(case)
    if mode == "train":
        return lambda: model.train_on_batch(x, y)
    return lambda: model.predict_on_batch(x)
