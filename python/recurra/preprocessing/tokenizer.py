"""Words numbered by how often they occur, under the names of Keras's text preprocessing."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.checks import whole_number, with_known_keywords
from recurra.preprocessing.reading import checked_text

__all__ = ["Tokenizer", "hashing_trick", "one_hot", "text_to_word_sequence", "tokenizer_from_json"]

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_MODES = ("binary", "count", "freq", "tfidf")
Words = Callable[[str], Sequence[str]]


def text_to_word_sequence(input_text: str, filters: str = FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """The words of a text.

    Args:
        input_text: The text.
        filters: Characters that separate words as `split` does.
        lower: Lower-case the text first.
        split: What stands between words.

    Example:
        >>> recurra.preprocessing.text.text_to_word_sequence("Such a film, such fun!")
        ['such', 'a', 'film', 'such', 'fun']
    """
    input_text = checked_text(input_text, "text_to_word_sequence")
    if lower:
        input_text = input_text.lower()
    separated = input_text.translate({ord(character): split for character in filters})
    return [word for word in separated.split(split) if word]


def _collection(texts: Iterable[str | Sequence[str]]) -> Iterable[str | Sequence[str]]:
    if isinstance(texts, (str, bytes)):
        raise TypeError("Tokenizer: texts must be a collection of texts, got one text; write [text]")
    return texts


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


def hashing_trick(
    text: str,
    n: int,
    hash_function: str | Callable[[str], int] | None = None,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Words | None = None,
) -> list[int]:
    """A number in 1, …, n - 1 for each word of a text, by hashing: no vocabulary, but words may collide.

    Args:
        text: The text.
        n: Size of the space of numbers; 0 stays free.
        hash_function: None: Python's `hash`, which differs from run to run; 'md5'; or a function.
        filters, lower, split: As in `text_to_word_sequence`.
        analyzer: Makes the words of a text in place of `text_to_word_sequence`.

    Raises:
        ValueError: `n` is below 2, or there is no such hash function.

    Example:
        >>> recurra.preprocessing.text.hashing_trick("such a film", 50, hash_function="md5")
        [4, 15, 39]
    """
    if n < 2:
        raise ValueError(f"hashing_trick: n must be 2 or more, got {n}")
    if isinstance(hash_function, str):
        if hash_function != "md5":
            raise ValueError(f"hashing_trick: hash_function must be None, 'md5' or a function, got {hash_function!r}")
        hash_function = _md5
    number_of = hash_function or hash
    words = analyzer(text) if analyzer else text_to_word_sequence(text, filters, lower, split)
    return [number_of(word) % (n - 1) + 1 for word in words]


def one_hot(
    input_text: str,
    n: int,
    filters: str = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Words | None = None,
) -> list[int]:
    """`hashing_trick` with Python's `hash`.

    Example:
        >>> numbers = recurra.preprocessing.text.one_hot("such a film", 50)
        >>> len(numbers), all(0 < number < 50 for number in numbers)
        (3, True)
    """
    return hashing_trick(input_text, n, None, filters, lower, split, analyzer)


class Tokenizer:
    """Numbers words by how often they occur: 1 is the most frequent, 0 stays free for padding.

    Args:
        num_words: Only numbers below this are given out; None: all.
        filters, lower, split: As in `text_to_word_sequence`.
        char_level: Characters in place of words.
        oov_token: Stands, as number 1, for words that were never seen or lie beyond `num_words`; None leaves them out.
        analyzer: Makes the words of a text, e.g. an `Analyzer`. It is not part of `to_json`.

    A text may also be given as a list of words. `word_counts`, `word_docs` (documents that contain a word),
    `word_index`, `index_word`, `index_docs` and `document_count` hold what was learnt.

    Example:
        >>> tokenizer = recurra.preprocessing.text.Tokenizer(num_words=4, oov_token="?")
        >>> tokenizer.fit_on_texts(["a good film", "a bad film", "a film"])
        >>> tokenizer.texts_to_sequences(["a good book"])
        [[2, 1, 1]]
    """

    @with_known_keywords
    def __init__(
        self,
        num_words: int | None = None,
        filters: str = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Words | None = None,
        document_count: int = 0,
    ) -> None:
        self.num_words = None if num_words is None else whole_number(num_words, "Tokenizer", "num_words")
        self.filters = filters
        self.lower = lower
        self.split = split
        self.char_level = char_level
        self.oov_token = oov_token
        self.analyzer = analyzer
        self.document_count = whole_number(document_count, "Tokenizer", "document_count", 0)
        self.word_counts: Counter[str] = Counter()
        self.word_docs: Counter[str] = Counter()
        self.index_docs: Counter[int] = Counter()
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}

    def _words(self, text: str | Sequence[str]) -> Sequence[str]:
        if not isinstance(text, (list, tuple, np.ndarray)):
            text = checked_text(text, "Tokenizer")
            if self.char_level:
                return text.lower() if self.lower else text
            if self.analyzer is not None:
                return self.analyzer(text)
            return text_to_word_sequence(text, self.filters, self.lower, self.split)
        words = [checked_text(word, "Tokenizer") for word in text]
        return [word.lower() for word in words] if self.lower else words

    def fit_on_texts(self, texts: Iterable[str | Sequence[str]]) -> None:
        """Counts the words of more texts, which may be any iterable, and renumbers all words."""
        counts, documents, number_of_texts = Counter[str](), Counter[str](), 0
        for text in _collection(texts):  # all of them, before anything is changed
            words = self._words(text)
            number_of_texts += 1
            counts.update(words)
            documents.update(set(words))
        self.document_count += number_of_texts
        self.word_counts.update(counts)
        self.word_docs.update(documents)
        order = sorted(self.word_counts, key=self.word_counts.__getitem__, reverse=True)
        if self.oov_token is not None:
            order.insert(0, self.oov_token)
        self.word_index = {word: number for number, word in enumerate(order, start=1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        self.index_docs = Counter({self.word_index[word]: count for word, count in self.word_docs.items()})

    def fit_on_sequences(self, sequences: Sequence[Sequence[int]]) -> None:
        """Counts documents by their numbers alone, which is all that `sequences_to_matrix` needs for 'tfidf'."""
        self.document_count += len(sequences)
        for sequence in sequences:
            self.index_docs.update(set(sequence))

    def texts_to_sequences_generator(self, texts: Iterable[str | Sequence[str]]) -> Iterator[list[int]]:
        """The numbers of each text's words, one text at a time."""
        unknown = None if self.oov_token is None else self.word_index.get(self.oov_token)
        limit = self.num_words or len(self.word_index) + 1
        for text in _collection(texts):
            found = (self.word_index.get(word, limit) for word in self._words(text))
            numbers = (number if number < limit else unknown for number in found)
            yield [number for number in numbers if number is not None]

    def texts_to_sequences(self, texts: Iterable[str | Sequence[str]]) -> list[list[int]]:
        """The numbers of each text's words; words without a number are left out unless there is an `oov_token`."""
        return list(self.texts_to_sequences_generator(texts))

    def sequences_to_texts_generator(self, sequences: Iterable[Sequence[int]]) -> Iterator[str]:
        """Each sequence as text, words joined by spaces, one at a time."""
        limit = self.num_words or len(self.word_index) + 1
        for sequence in sequences:
            words = (self.index_word.get(number) if number < limit else None for number in sequence)
            known = (self.oov_token if word is None else word for word in words)
            yield " ".join(word for word in known if word is not None)

    def sequences_to_texts(self, sequences: Iterable[Sequence[int]]) -> list[str]:
        """Each sequence as text; numbers without a word are left out unless there is an `oov_token`."""
        return list(self.sequences_to_texts_generator(sequences))

    def texts_to_matrix(self, texts: Iterable[str | Sequence[str]], mode: str = "binary") -> NDArray[np.float64]:
        """A row for each text, a column for each number; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Sequence[Sequence[int]], mode: str = "binary") -> NDArray[np.float64]:
        """A row for each sequence, a column for each number.

        With c the count of number j in a sequence of length L, D documents and d_j of them with j:
        'binary' 1; 'count' c; 'freq' c / L; 'tfidf' (1 + ln c) · ln(1 + D / (1 + d_j)).

        Returns:
            (len(sequences), num_words), or (len(sequences), words + 1) without `num_words`.

        Raises:
            ValueError: There is no such mode, or nothing was learnt yet.
        """
        if mode not in _MODES:
            raise ValueError(f"Tokenizer: mode must be one of {', '.join(_MODES)}, got {mode!r}")
        if not self.num_words and not self.word_index:
            raise ValueError("Tokenizer: the number of columns is unknown; give num_words or call fit_on_texts first")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Tokenizer: 'tfidf' needs document counts; call fit_on_texts or fit_on_sequences first")
        columns = self.num_words or len(self.word_index) + 1
        matrix = np.zeros((len(sequences), columns))
        for row, sequence in zip(matrix, sequences, strict=True):
            counts = Counter(number for number in sequence if number < columns)
            where = list(counts)
            row[where] = list(counts.values())
            if mode == "binary":
                row[where] = 1
            elif mode == "freq" and sequence:
                row /= len(sequence)
            elif mode == "tfidf":
                documents = np.array([self.index_docs[number] for number in where], dtype=np.float64)
                row[where] = (1 + np.log(row[where])) * np.log(1 + self.document_count / (1 + documents))
        return matrix

    def get_config(self) -> dict[str, Any]:
        """Settings and everything learnt, the tables as JSON texts."""
        return {
            "num_words": self.num_words,
            "filters": self.filters,
            "lower": self.lower,
            "split": self.split,
            "char_level": self.char_level,
            "oov_token": self.oov_token,
            "document_count": self.document_count,
            **{table: json.dumps(getattr(self, table)) for table in _TABLES},
        }

    def to_json(self, **kwargs: Any) -> str:
        """The tokenizer as JSON; `kwargs` go to `json.dumps`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


_TABLES = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The tokenizer that `Tokenizer.to_json` wrote.

    Raises:
        ValueError: The text is not what `to_json` writes.

    Example:
        >>> text = recurra.preprocessing.text
        >>> tokenizer = text.Tokenizer()
        >>> tokenizer.fit_on_texts(["a good film"])
        >>> text.tokenizer_from_json(tokenizer.to_json()).word_index
        {'a': 1, 'good': 2, 'film': 3}
    """
    try:
        config = dict(json.loads(json_string)["config"])
        tables = {name: json.loads(config.pop(name)) for name in _TABLES}
        tokenizer = Tokenizer(**config)
        tokenizer.word_counts = Counter(tables["word_counts"])
        tokenizer.word_docs = Counter(tables["word_docs"])
        tokenizer.index_docs = Counter({int(number): count for number, count in tables["index_docs"].items()})
        tokenizer.index_word = {int(number): word for number, word in tables["index_word"].items()}
        tokenizer.word_index = tables["word_index"]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"tokenizer_from_json: this is not the JSON of a Tokenizer: {error!r}") from None
    return tokenizer
