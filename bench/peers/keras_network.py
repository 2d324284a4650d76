"""A case's network in Keras's vocabulary, built with Keras or with recurra: only the library differs."""

from __future__ import annotations

from typing import Any

from cases import Case, last_recurrent


def network(library: Any, case: Case) -> Any:
    """The compiled model of a case; `library` is the module keras or recurra."""
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
        elif kind == "bigru":
            model.add(layers.Bidirectional(layers.GRU(arguments[0], return_sequences=sequences)))
        else:
            cell = {"gru": layers.GRU, "lstm": layers.LSTM, "rnn": layers.SimpleRNN}[kind]
            options = arguments[1] if len(arguments) > 1 else {}
            model.add(cell(arguments[0], return_sequences=sequences, **options))
    model.add(layers.Dense(1))
    model.compile(optimizer="rmsprop", loss="mae")
    return model
