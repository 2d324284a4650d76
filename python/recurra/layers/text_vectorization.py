"""Text in front of a model: strings to token numbers or to bag-of-words weights."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain, islice
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra import config as defaults
from recurra.checks import MOST_STEPS, boolean, is_whole_number, whole_number
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.symbolic import SymbolicTensor, is_symbolic, is_text
from recurra.preprocessing.normalization import ngrams as join_ngrams
from recurra.preprocessing.reading import decode, read_lines
from recurra.preprocessing.sequence import pad_sequences
from recurra.tensor import Tensor

__all__ = ["TextVectorization"]

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_STANDARDIZE = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
_SPLIT = ("whitespace", "character")
_OUTPUT = ("int", "multi_hot", "count", "tf_idf")
_LONGEST_NGRAM = 100
_OLD_OUTPUT = {"binary": "multi_hot", "tf-idf": "tf_idf"}

Strings = NDArray[Any]
Vectorized = Callable[[Strings], Any]


@documented
class TextVectorization(Layer):
    """Maps texts to sequences of token numbers, or to one row of weights per text.

    A text is standardized, split into tokens, its n-grams are joined, and each token is looked up in the vocabulary,
    which is given or learnt with `adapt`. With c the count of a token in a text, 'multi_hot' gives c > 0, 'count' c,
    and 'tf_idf' c · ln(1 + D / (1 + d)) for a token in d of D texts. Numbers for 'int': 0 padding, 1 '[UNK]', then the
    vocabulary; in the other modes column 0 is '[UNK]'.

    Args:
        max_tokens: Bound of the vocabulary, special tokens included; default None, no bound.
        standardize: 'lower_and_strip_punctuation' (letters of every script, ASCII punctuation), 'lower',
            'strip_punctuation', None, or a function of an array of strings; default 'lower_and_strip_punctuation'.
        split: 'whitespace', 'character', None (each string is one token), or a function of an array of strings that
            returns a list of tokens for each; default 'whitespace'.
        ngrams: A number n for runs of 1, …, n tokens, or a tuple of lengths, at most 100; default None.
        output_mode: 'int', 'multi_hot', 'count' or 'tf_idf'; default 'int'.
        output_sequence_length: For 'int': cut or pad every row to this length; default None, the longest of the batch.
        pad_to_max_tokens: For the other modes: max_tokens columns even if the vocabulary is smaller; default False.
        vocabulary: Terms, most frequent first, or the path of a file with one per line; special tokens may be left out;
            default None.
        idf_weights: For 'tf_idf' with a given vocabulary: ln(1 + D / (1 + d)) of each term; default None.
        sparse: Must be False: results are dense.
        ragged: Must be False: results are padded.
        encoding: Of texts given as bytes; default 'utf-8'.
        {layer arguments}

    Input shape:
        Strings (batch,) or (batch, 1).

    Output shape:
        (batch, output_sequence_length) of int64, or (batch, vocabulary) of floats.

    Raises:
        ValueError: A choice is unknown, a term is repeated or reserved, or at the call there is no vocabulary.

    Example:
        >>> layer = recurra.layers.TextVectorization(vocabulary=["good", "bad"])
        >>> layer(["Good, not bad!"]).numpy()
        array([[2, 1, 3]])
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: str | Vectorized | None = "lower_and_strip_punctuation",
        split: str | Vectorized | None = "whitespace",
        ngrams: int | tuple[int, ...] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Sequence[str] | str | PathLike[str] | None = None,
        idf_weights: Sequence[float] | None = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("dtype", None)
        super().__init__(name=name, dtype="string", **kwargs)
        output_mode = _OLD_OUTPUT.get(output_mode, output_mode)
        for argument, value, choices in (("standardize", standardize, _STANDARDIZE), ("split", split, _SPLIT)):
            if value is not None and not callable(value) and value not in choices:
                known = ", ".join(choices)
                raise ValueError(f"TextVectorization: {argument} must be {known}, None or a function, got {value!r}")
        if output_mode not in _OUTPUT:
            raise ValueError(f"TextVectorization: output_mode must be one of {', '.join(_OUTPUT)}, got {output_mode!r}")
        if output_mode != "int" and output_sequence_length is not None:
            raise ValueError("TextVectorization: output_sequence_length needs output_mode='int'")
        owner = "TextVectorization"
        if output_sequence_length is not None:
            output_sequence_length = whole_number(
                output_sequence_length, owner, "output_sequence_length", 1, MOST_STEPS
            )
        if max_tokens is not None:
            max_tokens = whole_number(max_tokens, owner, "max_tokens")
        pad_to_max_tokens = boolean(pad_to_max_tokens, owner, "pad_to_max_tokens")
        if sparse or ragged:
            raise ValueError("TextVectorization: sparse and ragged results are not offered; leave both False")
        if pad_to_max_tokens and (output_mode == "int" or max_tokens is None):
            raise ValueError(
                "TextVectorization: pad_to_max_tokens needs max_tokens and an output_mode other than 'int'"
            )
        if is_whole_number(ngrams):
            ngrams = whole_number(ngrams, owner, "ngrams", 1, _LONGEST_NGRAM)
            sizes: Sequence[int] | None = range(1, ngrams + 1)
        elif ngrams is None:
            sizes = None
        elif isinstance(ngrams, (list, tuple)) and ngrams:
            sizes = ngrams = tuple(whole_number(one, owner, "ngrams", 1, _LONGEST_NGRAM) for one in ngrams)
        else:
            raise ValueError(
                f"{owner}: ngrams must be None, an integer or a tuple of integers from 1 to {_LONGEST_NGRAM}, "
                f"got {ngrams!r}"
            )
        self._special = ["", "[UNK]"] if output_mode == "int" else ["[UNK]"]
        if max_tokens is not None and max_tokens <= len(self._special):
            specials = len(self._special)
            raise ValueError(f"TextVectorization: max_tokens must be above {specials}, got {max_tokens}")
        self.max_tokens = max_tokens
        self.standardize = standardize
        self.split = split
        self.ngrams = ngrams
        self._sizes = sizes
        self.output_mode = output_mode
        self.output_sequence_length = output_sequence_length
        self.pad_to_max_tokens = pad_to_max_tokens
        self.encoding = encoding
        self._index: dict[str, int] = {}
        self._idf: NDArray[np.float64] | None = None
        self._vocabulary_given = vocabulary is not None
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)
        elif idf_weights is not None:
            raise ValueError("TextVectorization: idf_weights needs a vocabulary")

    # ---- vocabulary

    def adapt(self, data: Any, batch_size: int = 1024, steps: int | None = None) -> None:
        """Learn the vocabulary: the most frequent tokens, among equals the one that sorts last first.

        Args:
            data: A list or an array of texts, or any iterable of texts or of batches of texts, read once.
            batch_size: Texts that are worked on at a time.
            steps: Items of an iterable to read; None: all.

        Raises:
            ValueError: the layer was made with a vocabulary.
        """
        self.reset_state()
        if isinstance(data, str):
            raise TypeError("TextVectorization: adapt expects a collection of texts, got one text; write [text]")
        if isinstance(data, (list, tuple, np.ndarray)):
            for begin in range(0, len(data), batch_size):
                self.update_state(data[begin : begin + batch_size])
        else:
            batch: list[str] = []
            for item in islice(data, steps):
                if isinstance(item, (str, bytes)):
                    batch.append(item if isinstance(item, str) else decode(item, "a text", self.encoding))
                    if len(batch) == batch_size:
                        self.update_state(batch)
                        batch = []
                else:
                    self.update_state(item)
            if batch:
                self.update_state(batch)
        self.finalize_state()

    def reset_state(self) -> None:
        """Forget what `update_state` has counted."""
        self._counts: Counter[str] = Counter()
        self._documents: Counter[str] = Counter()
        self._document_count = 0

    def update_state(self, data: Any) -> None:
        """Count the tokens of a batch of texts."""
        if self._vocabulary_given:
            raise ValueError(
                f"layer '{self.name}' (TextVectorization) has a given vocabulary; make one without to adapt it"
            )
        rows = self._tokens(_strings(data, self.encoding))
        self._counts.update(chain.from_iterable(rows))
        if self.output_mode == "tf_idf":
            self._documents.update(chain.from_iterable(map(set, rows)))
        self._document_count += len(rows)

    def finalize_state(self) -> None:
        """Make the vocabulary of what was counted."""
        for token in ("", "[UNK]"):
            self._counts.pop(token, None)
        terms = sorted(self._counts.items(), key=lambda item: (item[1], item[0]), reverse=True)
        kept = None if self.max_tokens is None else self.max_tokens - len(self._special)
        tokens = [token for token, _ in terms[:kept]]
        self._index = {token: number for number, token in enumerate([*self._special, *tokens])}
        if self.output_mode == "tf_idf":
            found = np.array([self._documents[token] for token in tokens], dtype=np.float64)
            self._idf = self._with_unknown(np.log(1 + self._document_count / (1 + found)))
        self.reset_state()

    @staticmethod
    def _with_unknown(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """The weight of an unknown token is the mean of the others."""
        return np.concatenate([[weights.mean() if weights.size else 0.0], weights])

    def set_vocabulary(
        self, vocabulary: Sequence[str] | str | PathLike[str], idf_weights: Sequence[float] | None = None
    ) -> None:
        """Set the vocabulary: terms, or the path of a file with one per line.

        Args:
            vocabulary: With or without the special tokens in front.
            idf_weights: For 'tf_idf', one for each term given.

        Raises:
            ValueError: a term is repeated, empty or no text; there are more than max_tokens; weights are missing, too
                many, or not wanted.
        """
        if isinstance(vocabulary, (str, PathLike)):
            vocabulary = [line for line in read_lines(vocabulary, self.encoding) if line]
        terms = [str(term) for term in vocabulary]
        specials = terms[: len(self._special)] == self._special
        tokens = terms[len(self._special) :] if specials else terms
        if not terms:
            raise ValueError("TextVectorization: the vocabulary is empty")
        repeated = [token for token, count in Counter(tokens).items() if count > 1]
        if repeated or "" in tokens:
            what = f"repeats {', '.join(map(repr, repeated[:5]))}" if repeated else "holds an empty term"
            raise ValueError(f"TextVectorization: the vocabulary {what}")
        size = len(self._special) + len(tokens)
        if self.max_tokens is not None and size > self.max_tokens:
            raise ValueError(
                f"TextVectorization: max_tokens is {self.max_tokens}, the vocabulary with special tokens has {size}"
            )
        if (self.output_mode == "tf_idf") != (idf_weights is not None):
            needs = (
                "needs idf_weights with the vocabulary" if idf_weights is None else "is the only one with idf_weights"
            )
            raise ValueError(f"TextVectorization: output_mode 'tf_idf' {needs}")
        if idf_weights is not None:
            weights = np.asarray(idf_weights, dtype=np.float64)
            if weights.shape != (len(terms),):
                raise ValueError(f"TextVectorization: {len(terms)} terms but idf_weights of shape {weights.shape}")
            self._idf = weights if specials else self._with_unknown(weights)
        self._index = {token: number for number, token in enumerate([*self._special, *tokens])}
        self._vocabulary_given = True

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """The terms in the order of their numbers; '' (only for 'int') and '[UNK]' come first unless left out."""
        terms = list(self._index) or list(self._special)
        return terms if include_special_tokens else terms[len(self._special) :]

    def vocabulary_size(self) -> int:
        """Number of terms, special ones included."""
        return len(self._index) or len(self._special)

    # ---- texts to numbers

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        if is_symbolic(inputs):
            return super().__call__(inputs, *args, **kwargs)
        if isinstance(inputs, (str, bytes)):
            return super().__call__(_strings([inputs], self.encoding), *args, **kwargs)[0]
        return super().__call__(_strings(inputs, self.encoding), *args, **kwargs)

    def call(self, inputs: Strings) -> Tensor:
        if not self._index:
            raise ValueError("there is no vocabulary yet: call adapt(texts), or give vocabulary=")
        if self.split is not None and inputs.ndim > 1 and inputs.shape[1:] != (1,):
            raise ValueError(f"expected texts of shape (batch,) or (batch, 1), got {inputs.shape}")
        unknown = self._index["[UNK]"]
        rows = [[self._index.get(token, unknown) for token in row] for row in self._tokens(inputs)]
        if self.output_mode == "int":
            numbers = pad_sequences(rows, self.output_sequence_length, "int64", padding="post", truncating="post")
            flat = self.split is None and inputs.ndim == 1 and self.output_sequence_length is None
            return Tensor(numbers[:, 0] if flat and numbers.shape[1] == 1 else numbers)
        where = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        columns = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=len(where))
        weights = np.zeros((len(rows), self._columns()), dtype=defaults.floatx())
        if self.output_mode == "multi_hot":
            weights[where, columns] = 1
        else:
            np.add.at(weights, (where, columns), 1)
        if self._idf is not None:
            weights[:, : len(self._idf)] *= self._idf.astype(weights.dtype)
        return Tensor(weights)

    def _columns(self) -> int:
        return self.max_tokens if self.pad_to_max_tokens and self.max_tokens else self.vocabulary_size()

    def _tokens(self, texts: Strings) -> list[list[str]]:
        """The tokens of each text."""
        if callable(self.standardize):
            texts = _strings(self.standardize(texts), self.encoding)
        flat: list[str] = texts.reshape(-1).tolist()
        if self.standardize in ("lower", "lower_and_strip_punctuation"):
            flat = [text.lower() for text in flat]
        if self.standardize in ("strip_punctuation", "lower_and_strip_punctuation"):
            flat = [text.translate(_PUNCTUATION) for text in flat]
        if self.split is None:
            width = texts.size // len(texts) if len(texts) else 0
            rows = [flat[i * width : (i + 1) * width] for i in range(len(texts))]
        elif callable(self.split):
            rows = [list(map(str, row)) for row in self.split(np.array(flat, dtype=np.dtypes.StringDType()))]
        else:
            rows = [text.split() if self.split == "whitespace" else list(text) for text in flat]
        return [join_ngrams(row, self._sizes) for row in rows] if self._sizes else rows

    # ---- as a layer

    def compute_output_shape(self, input_shape: Any) -> Any:
        batch = input_shape[0]
        if self.output_mode != "int":
            return (batch, self._columns())
        if self.split is None and self.output_sequence_length is None and self._sizes is None:
            return tuple(input_shape)
        return (batch, self.output_sequence_length)

    def _symbolic_outputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        dtype = "int64" if self.output_mode == "int" else defaults.floatx()
        return SymbolicTensor(self.compute_output_shape(args[0].shape), dtype)

    def get_config(self) -> dict[str, Any]:
        """Settings and vocabulary; a model file holds both."""
        return {
            **super().get_config(),
            "max_tokens": self.max_tokens,
            "standardize": self.standardize,
            "split": self.split,
            "ngrams": self.ngrams,
            "output_mode": self.output_mode,
            "output_sequence_length": self.output_sequence_length,
            "pad_to_max_tokens": self.pad_to_max_tokens,
            "vocabulary": self.get_vocabulary() if self._index else None,
            "idf_weights": None if self._idf is None else self._idf.tolist(),
            "encoding": self.encoding,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TextVectorization:
        """Make the layer that `get_config` describes.

        Raises:
            ValueError: The vocabulary is a path; no file is read.
        """
        if isinstance(config.get("vocabulary"), str):
            raise ValueError(
                "TextVectorization: a configuration must hold the vocabulary itself, not the path of a file"
            )
        return cls(**config)


def _strings(values: Any, encoding: str) -> Strings:
    """An array of strings; bytes are decoded. Raises TypeError for anything else, ValueError for undecodable bytes."""
    if is_text(values):
        strings: Strings = values
        return strings
    found = np.asarray(values, dtype=object)
    texts = [
        text
        if isinstance(text, str)
        else decode(bytes(text), f"text {i}", encoding)
        if isinstance(text, bytes)
        else None
        for i, text in enumerate(found.reshape(-1).tolist())
    ]
    if None in texts:
        i = texts.index(None)
        raise TypeError(f"TextVectorization: expected texts, got {type(found.reshape(-1)[i]).__name__} at position {i}")
    return np.array(texts, dtype=np.dtypes.StringDType()).reshape(found.shape)
