"""Reviews as a network reads them: padded rows of word numbers, bags of words, or sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.preprocessing.sequence import BucketedSequences, pad_sequences
from recurra.sentiment.documents import Documents

__all__ = ["BagsOfWords", "inputs"]


class BagsOfWords:
    """Batches that say which words occur: x[i, w] = 1 where review i holds word w. A source for fit and predict.

    Args:
        sequences: N reviews as lists of word numbers below `words`.
        labels: N labels, or None for batches of x alone.
        words: Size of the vocabulary.
        batch_size: Reviews in a batch.
        shuffle: A new order in every pass.

    Yields:
        (x, y), or x: x (batch, words) float32, y (batch,).

    Raises:
        ValueError: A review holds a number that is none of 0, …, words − 1.
    """

    def __init__(
        self,
        sequences: Sequence[Any] | NDArray[Any],
        labels: NDArray[Any] | None,
        words: int,
        batch_size: int = 128,
        shuffle: bool = False,
    ) -> None:
        self.sequences = sequences
        self.labels = labels
        self.words = words
        self.batch_size = batch_size
        self.shuffle = shuffle

    def __len__(self) -> int:
        return -(-len(self.sequences) // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        from recurra import random

        order = np.arange(len(self.sequences))
        if self.shuffle:
            np.random.default_rng(random.next_stream()).shuffle(order)
        for begin in range(0, len(order), self.batch_size):
            rows = order[begin : begin + self.batch_size]
            x = np.zeros((len(rows), self.words), dtype=np.float32)
            for bag, row in zip(x, rows, strict=True):
                numbers = np.asarray(self.sequences[row], dtype=np.int64)
                if numbers.size and not 0 <= numbers.min() <= numbers.max() < self.words:
                    strange = numbers[(numbers < 0) | (numbers >= self.words)][0]
                    raise ValueError(
                        f"BagsOfWords: review {row} holds the number {strange}, but words are numbered 0, …, "
                        f"{self.words - 1}"
                    )
                bag[numbers] = 1
            yield x if self.labels is None else (x, self.labels[rows])


def inputs(
    sequences: Sequence[Any] | NDArray[Any],
    labels: NDArray[Any] | None,
    *,
    bag: bool,
    words: int,
    maxlen: int,
    batch_size: int,
    shuffle: bool = False,
    bucket: bool = False,
    sentences: bool = False,
    padding: str = "pre",
) -> Any:
    """What `fit`, `evaluate` and `predict` take as x: an array, or a source that brings the labels along.

    Args:
        sequences, labels: The reviews.
        bag: Whether the network reads bags of words.
        words, maxlen: Size of the vocabulary, words a review.
        batch_size, shuffle: Of a source.
        bucket: Reviews of like lengths in a batch that is no longer than its longest.
        sentences: Whether the reviews are lists of sentences.
        padding: "pre" or "post".
    """
    if sentences:
        return Documents(sequences, labels, batch_size, shuffle=shuffle)
    if bag:
        return BagsOfWords(sequences, labels, words, batch_size, shuffle)
    if bucket:
        return BucketedSequences(sequences, labels, batch_size, maxlen=maxlen, padding=padding, shuffle=shuffle)
    return pad_sequences(sequences, maxlen, padding=padding)
