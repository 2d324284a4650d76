"""A saved review network, applied to new texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.imdb_archive import word_ranks
from recurra.model_metadata import Metadata
from recurra.sentiment.documents import document
from recurra.sentiment.experiment import FIRST, START, UNKNOWN
from recurra.sentiment.reviews import inputs


class SentimentClassifier:
    """A model that `Experiment.save` wrote.

    Args:
        path: Of the file.

    Raises:
        FileNotFoundError: No such file.
        ValueError: The file is damaged, or its model was not trained on reviews.

    Example:
        >>> about = {"words": "good bad", "bag": False, "max_words": 6, "maxlen": 4}
        >>> model = recurra.sentiment.networks.NETWORKS["lstm"].build(6, 2, 4)
        >>> recurra.saving.save_model(model, "reviews.safetensors", metadata={"sentiment": about})
        >>> classifier = recurra.sentiment.SentimentClassifier("reviews.safetensors")
        >>> classifier.known_words("a good film"), classifier.probabilities(["good", "bad"]).shape
        (1, (2,))
    """

    def __init__(self, path: str | Path) -> None:
        from recurra.saving import load_metadata, load_model

        stored = Metadata(path, load_metadata(path), "sentiment", "recurra train imdb")
        words: str = stored.get("words", str)
        self.bag: bool = stored.get("bag", bool)
        self.max_words: int = stored.get("max_words", int)
        self.maxlen: int = stored.get("maxlen", int)
        self.sentences: bool = stored.checked("sentences", stored.about.get("sentences", False), bool)
        self.sentence_words: int = stored.get("sentence_words", int) if self.sentences else 1
        self.padding: str = stored.checked("padding", stored.about.get("padding", "pre"), str)
        self.ranks = {word.encode(): rank for rank, word in enumerate(words.split(" "), start=1)}
        stored.require(len(self.ranks) + FIRST < self.max_words and self.maxlen >= 1 and self.sentence_words >= 1)
        self.model = load_model(path, compile=False)

    def numbers(self, text: str) -> list[int]:
        """The word numbers of a text, as in the training reviews: a start mark, unknown words as one number.

        Raises:
            TypeError: `text` is no string.
            ValueError: It holds what is no character, such as the remains of undecodable bytes.
        """
        if not isinstance(text, str):
            raise TypeError(f"a text to classify must be a string, got {text!r:.40}")
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"a text to classify has {text[error.start]!r} at position {error.start}, which is no character: "
                "decode its bytes with the right encoding"
            ) from None
        ranks = word_ranks(data, self.ranks, unknown=UNKNOWN - FIRST)
        return [START, *(ranks + FIRST).tolist()]

    def _words(self, text: str) -> list[int]:
        return self.numbers(text)[1:]

    def known_words(self, text: str) -> int:
        """How many words of a text the model knows. Errors as `numbers`."""
        return sum(number >= FIRST for number in self.numbers(text))

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """How probable it is that each text is positive, (len(texts),). Errors as `numbers`."""
        if isinstance(texts, str):
            raise TypeError("texts must be a list of strings, got one string; write [text]")
        if not texts:
            return np.zeros(0)
        rows: list[Any] = [self.numbers(text) for text in texts]
        if self.sentences:  # without a start mark
            rows = [document(text, self._words, self.sentence_words, self.maxlen) for text in texts]
        x = inputs(
            rows,
            None,
            bag=self.bag,
            words=self.max_words,
            maxlen=self.maxlen,
            batch_size=128,
            sentences=self.sentences,
            padding=self.padding,
        )
        return np.asarray(self.model.predict(x, verbose=0), dtype=np.float64).reshape(-1)
