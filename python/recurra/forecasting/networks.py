"""The networks of the forecasting experiment (Chollet, "Deep Learning with Python", 2017, section 6.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Network:
    """A network by name.

    Attributes:
        summary: One line for people.
        build: (samples a window, features, units) -> model, or None for the naive forecast.
        epochs: How long it is trained unless told otherwise.
        reverse: Whether its windows run backwards in time.
        finer: How many times finer than the others it samples the window.

    Example:
        >>> network = recurra.forecasting.NETWORKS["gru"]
        >>> network.build(24, 3, 8).predict(np.zeros((2, 24, 3)), verbose=0).shape
        (2, 1)
    """

    summary: str
    build: Callable[[int, int, int], Any] | None
    epochs: int = 20
    reverse: bool = False
    finer: int = 1


def _dense(samples: int, features: int, units: int) -> Any:
    from recurra import Input, Sequential, layers

    flat = layers.Flatten()
    return Sequential([Input((samples, features)), flat, layers.Dense(units, activation="relu"), layers.Dense(1)])


def _gru(samples: int, features: int, units: int) -> Any:
    from recurra import Input, Sequential, layers

    return Sequential([Input((None, features)), layers.GRU(units), layers.Dense(1)])


def _lstm(samples: int, features: int, units: int) -> Any:
    from recurra import Input, Sequential, layers

    return Sequential([Input((None, features)), layers.LSTM(units), layers.Dense(1)])


def _stacked_gru(samples: int, features: int, units: int) -> Any:
    from recurra import Input, Sequential, layers

    return Sequential(
        [
            Input((None, features)),
            layers.GRU(units, dropout=0.1, recurrent_dropout=0.5, return_sequences=True),
            layers.GRU(2 * units, activation="relu", dropout=0.1, recurrent_dropout=0.5),
            layers.Dense(1),
        ]
    )


def _bidirectional_gru(samples: int, features: int, units: int) -> Any:
    from recurra import Input, Sequential, layers

    return Sequential([Input((None, features)), layers.Bidirectional(layers.GRU(units)), layers.Dense(1)])


def _convolution_gru(samples: int, features: int, units: int) -> Any:
    from recurra import Input, Sequential, layers

    return Sequential(
        [
            Input((None, features)),
            layers.Conv1D(32, 5, activation="relu"),
            layers.MaxPooling1D(3),
            layers.Conv1D(32, 5, activation="relu"),
            layers.GRU(units, dropout=0.1, recurrent_dropout=0.5),
            layers.Dense(1),
        ]
    )


NETWORKS = {
    "naive": Network("the best naive forecast, no training", None, epochs=0),
    "dense": Network("Flatten, Dense(U, relu), Dense(1)", _dense),
    "gru": Network("GRU(U), Dense(1)", _gru),
    "lstm": Network("LSTM(U), Dense(1)", _lstm),
    "stacked-gru": Network("GRU(U), GRU(2U, relu), both with dropout 0.1 and 0.5, Dense(1)", _stacked_gru, epochs=40),
    "bigru": Network("Bidirectional(GRU(U)), Dense(1)", _bidirectional_gru, epochs=40),
    "reversed-gru": Network("GRU(U) on windows that run backwards in time, Dense(1)", _gru, reverse=True),
    "conv-gru": Network("Conv1D(32, 5), MaxPooling1D(3), Conv1D(32, 5), GRU(U), Dense(1)", _convolution_gru, finer=2),
}
