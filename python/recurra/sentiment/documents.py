"""Reviews as documents: rows of sentences, which are rows of word numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.preprocessing.sequence import BucketedSequences, pad_sequences
from recurra.preprocessing.text import split_sentences

__all__ = ["Documents", "cut", "document"]


def document(text: str, numbers: Any, words: int, maxlen: int) -> list[list[int]]:
    """The sentences of a text as lists of word numbers.

    Args:
        text: The text.
        numbers: Function from a text to a list of word numbers.
        words: Words in a row; a longer sentence goes on in the next row.
        maxlen: Words that are kept, the last ones.
    """
    rows = []
    for sentence in split_sentences(text):
        said = numbers(sentence)
        rows += [said[at : at + words] for at in range(0, len(said), words)]
    return cut(rows, maxlen)


def cut(sentences: list[list[int]], maxlen: int) -> list[list[int]]:
    """The last `maxlen` words of a document."""
    kept: list[list[int]] = []
    for sentence in reversed(sentences):
        sentence = sentence[-maxlen:]
        maxlen -= len(sentence)
        kept.insert(0, sentence)
        if maxlen == 0:
            break
    return kept


class Documents(BucketedSequences):
    """Batches of documents, each as large as its longest document and its longest sentence.

    Documents of like numbers of sentences come together; the arguments are those of `BucketedSequences`.

    Yields:
        (x, y), or x: x (batch, sentences, words) int32 with zeros behind sentences and behind words.
    """

    def __iter__(self) -> Iterator[Any]:
        for rows in self._batches():
            x = padded([self.sequences[i] for i in rows])
            yield x if self.targets is None else (x, self.targets[rows])


def padded(documents: list[list[list[int]]]) -> NDArray[np.int32]:
    """Documents as one array (batch, sentences, words), at least one of each."""
    most = max(1, *(len(one) for one in documents), 1)
    longest = max(1, *(len(sentence) for one in documents for sentence in one), 1)
    x = np.zeros((len(documents), most, longest), np.int32)
    for row, one in zip(x, documents, strict=True):
        if one:
            row[: len(one)] = pad_sequences(one, longest, padding="post")
    return x
