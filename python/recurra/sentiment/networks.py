"""The networks of the review experiment.

Sources: Chollet, "Deep Learning with Python", 2017, sections 3.4, 6.2 and 6.4; Yang et al., "Hierarchical Attention
Networks for Document Classification", 2016; Vaswani et al., "Attention is all you need", 2017.

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
        build: (size of the vocabulary, units, longest review) -> model.
        learning_rate: Of RMSprop unless told otherwise.
        bag: Whether it reads which words occur (vocabulary numbers, 0 or 1) instead of the words in their order.
        sentences: Whether it reads sentences, rows of words, instead of all words in one row.
        shortest: Words a review must at least be padded to, for its kernels to fit.
        padding: Where shorter reviews are padded, "pre" (in front, default) or "post".

    Example:
        >>> from recurra.sentiment.networks import NETWORKS
        >>> NETWORKS["lstm"].build(100, 4, 7).predict(np.ones((2, 7), "int32"), verbose=0).shape
        (2, 1)
    """

    summary: str
    build: Callable[[int, int, int], Any]
    learning_rate: float = 1e-3
    bag: bool = False
    sentences: bool = False
    shortest: int = 1
    padding: str = "pre"


def _on_words(words: int, width: int, *behind: Any) -> Any:
    layers = recurra.layers
    front = [recurra.Input((None,), dtype="int32"), layers.Embedding(words, width)]
    return recurra.Sequential([*front, *behind, layers.Dense(1, activation="sigmoid")])


def _bag_of_words(words: int, units: int, maxlen: int) -> Any:
    dense = recurra.layers.Dense
    return recurra.Sequential(
        [
            recurra.Input((words,)),
            dense(16, activation="relu"),
            dense(16, activation="relu"),
            dense(1, activation="sigmoid"),
        ]
    )


def _simple_rnn(words: int, units: int, maxlen: int) -> Any:
    return _on_words(words, 32, recurra.layers.SimpleRNN(units))


def _lstm(words: int, units: int, maxlen: int) -> Any:
    return _on_words(words, 32, recurra.layers.LSTM(units))


def _gru(words: int, units: int, maxlen: int) -> Any:
    return _on_words(words, 32, recurra.layers.GRU(units))


def _bidirectional_lstm(words: int, units: int, maxlen: int) -> Any:
    return _on_words(words, 32, recurra.layers.Bidirectional(recurra.layers.LSTM(units)))


def _convolutions() -> list[Any]:
    layers = recurra.layers
    return [layers.Conv1D(32, 7, activation="relu"), layers.MaxPooling1D(5), layers.Conv1D(32, 7, activation="relu")]


def _convolution(words: int, units: int, maxlen: int) -> Any:
    return _on_words(words, 128, *_convolutions(), recurra.layers.GlobalMaxPooling1D())


def _convolution_gru(words: int, units: int, maxlen: int) -> Any:
    return _on_words(words, 128, *_convolutions(), recurra.layers.GRU(units, dropout=0.1, recurrent_dropout=0.5))


def _hierarchical_attention(words: int, units: int, maxlen: int) -> Any:
    layers = recurra.layers
    gru = layers.GRU(units, return_sequences=True)
    return recurra.Sequential(
        [
            recurra.Input((None, None), dtype="int32"),
            layers.Embedding(words, 64, mask_zero=True),
            layers.Dropout(0.3),
            layers.HierarchicalAttentionEncoder(layers.Bidirectional(gru), layers.Bidirectional(gru)),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def _transformer(words: int, units: int, maxlen: int) -> Any:
    layers = recurra.layers
    return recurra.Sequential(
        [
            recurra.Input((None,), dtype="int32"),
            layers.TokenAndPositionEmbedding(words, maxlen, units, mask_zero=True),
            layers.Dropout(0.2),
            layers.TransformerEncoder(units, num_heads=2, dropout=0.1),
            layers.GlobalAveragePooling1D(),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


_CONV = "Embedding(128), Conv1D(32, 7, relu), MaxPooling1D(5), Conv1D(32, 7, relu)"
NETWORKS = {
    "bow": Network("bag of words, Dense(16, relu) twice, Dense(1)", _bag_of_words, bag=True),
    "simple-rnn": Network("Embedding(32), SimpleRNN(U), Dense(1)", _simple_rnn),
    "lstm": Network("Embedding(32), LSTM(U), Dense(1)", _lstm),
    "gru": Network("Embedding(32), GRU(U), Dense(1)", _gru),
    "bilstm": Network("Embedding(32), Bidirectional(LSTM(U)), Dense(1)", _bidirectional_lstm),
    "conv": Network(f"{_CONV}, GlobalMaxPooling1D, Dense(1)", _convolution, 1e-4, shortest=41),
    "conv-gru": Network(f"{_CONV}, GRU(U) with dropout 0.1 and 0.5, Dense(1)", _convolution_gru, shortest=41),
    "han": Network(
        "sentences of words: Embedding(64), Bidirectional(GRU(U)) and attention pooling over words, the same over "
        "sentences, Dense(1)",
        _hierarchical_attention,
        sentences=True,
    ),
    "transformer": Network(
        "TokenAndPositionEmbedding(U), TransformerEncoder(U, 2 heads), GlobalAveragePooling1D, Dense(1)",
        _transformer,
        padding="post",
    ),
}
