"""The networks of the review experiment (Chollet, "Deep Learning with Python", 2017, sections 3.4, 6.2 and 6.4).

All end in a sigmoid: the probability that a review is positive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import recurra


@dataclass(frozen=True)
class Network:
    """A network by name.

    Attributes:
        summary: One line for people.
        build: (size of the vocabulary, units) -> model.
        learning_rate: Of RMSprop unless told otherwise.
        bag: Whether it reads which words occur (vocabulary numbers, 0 or 1) instead of the words in their order.
        shortest: Words a review must at least be padded to, for its kernels to fit.

    Example:
        >>> from recurra.sentiment.networks import NETWORKS
        >>> NETWORKS["lstm"].build(100, 4).predict(np.ones((2, 7), "int32"), verbose=0).shape
        (2, 1)
    """

    summary: str
    build: Callable[[int, int], Any]
    learning_rate: float = 1e-3
    bag: bool = False
    shortest: int = 1


def _on_words(words: int, width: int, *behind: Any) -> Any:
    layers = recurra.layers
    front = [recurra.Input((None,), dtype="int32"), layers.Embedding(words, width)]
    return recurra.Sequential([*front, *behind, layers.Dense(1, activation="sigmoid")])


def _bag_of_words(words: int, units: int) -> Any:
    dense = recurra.layers.Dense
    return recurra.Sequential(
        [
            recurra.Input((words,)),
            dense(16, activation="relu"),
            dense(16, activation="relu"),
            dense(1, activation="sigmoid"),
        ]
    )


def _simple_rnn(words: int, units: int) -> Any:
    return _on_words(words, 32, recurra.layers.SimpleRNN(units))


def _lstm(words: int, units: int) -> Any:
    return _on_words(words, 32, recurra.layers.LSTM(units))


def _gru(words: int, units: int) -> Any:
    return _on_words(words, 32, recurra.layers.GRU(units))


def _bidirectional_lstm(words: int, units: int) -> Any:
    return _on_words(words, 32, recurra.layers.Bidirectional(recurra.layers.LSTM(units)))


def _convolutions() -> list[Any]:
    layers = recurra.layers
    return [layers.Conv1D(32, 7, activation="relu"), layers.MaxPooling1D(5), layers.Conv1D(32, 7, activation="relu")]


def _convolution(words: int, units: int) -> Any:
    return _on_words(words, 128, *_convolutions(), recurra.layers.GlobalMaxPooling1D())


def _convolution_gru(words: int, units: int) -> Any:
    return _on_words(words, 128, *_convolutions(), recurra.layers.GRU(units, dropout=0.1, recurrent_dropout=0.5))


_CONV = "Embedding(128), Conv1D(32, 7, relu), MaxPooling1D(5), Conv1D(32, 7, relu)"
NETWORKS = {
    "bow": Network("bag of words, Dense(16, relu) twice, Dense(1)", _bag_of_words, bag=True),
    "simple-rnn": Network("Embedding(32), SimpleRNN(U), Dense(1)", _simple_rnn),
    "lstm": Network("Embedding(32), LSTM(U), Dense(1)", _lstm),
    "gru": Network("Embedding(32), GRU(U), Dense(1)", _gru),
    "bilstm": Network("Embedding(32), Bidirectional(LSTM(U)), Dense(1)", _bidirectional_lstm),
    "conv": Network(f"{_CONV}, GlobalMaxPooling1D, Dense(1)", _convolution, 1e-4, shortest=41),
    "conv-gru": Network(f"{_CONV}, GRU(U) with dropout 0.1 and 0.5, Dense(1)", _convolution_gru, shortest=41),
}
