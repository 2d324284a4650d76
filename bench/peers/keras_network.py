"""A case's network in Keras's vocabulary, built with Keras or with recurra: only the library differs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.cases import Case, last_recurrent


def recurrent(layers: Any, name: str, units: int, options: dict[str, Any]) -> Any:
    return getattr(layers, name)(units, **options)


def network(library: Any, case: Case, make: Callable[[Any, str, int, dict[str, Any]], Any] = recurrent) -> Any:
    """The compiled model of a case; `library` is the module keras or recurra, `make` makes its recurrent layers."""
    layers = library.layers
    model = library.Sequential([layers.Input((case.time, case.features) if case.features else (case.time,))])
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
        elif kind == "dense":
            model.add(layers.Dense(*arguments, activation="relu"))
        elif kind == "batchnorm":
            model.add(layers.BatchNormalization())
        elif kind == "bigru":
            model.add(layers.Bidirectional(layers.GRU(arguments[0], return_sequences=sequences)))
        else:
            name = {"gru": "GRU", "lstm": "LSTM", "rnn": "SimpleRNN"}.get(kind, kind)
            options = arguments[1] if len(arguments) > 1 else {}
            model.add(make(layers, name, arguments[0], {**options, "return_sequences": sequences}))
    model.add(layers.Dense(1))
    model.compile(optimizer="rmsprop", loss="mae")
    return model
