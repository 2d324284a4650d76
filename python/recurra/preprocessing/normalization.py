"""Text to tokens: normalisation, words or characters, stop words, n-grams."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from recurra.preprocessing.reading import checked_text

__all__ = ["Analyzer", "Normalizer", "ngrams"]


Form = Literal["NFC", "NFD", "NFKC", "NFKD"]


class _Translation(dict[int, int | str]):
    """What becomes of each character, worked out when it is first met (there are a million of them)."""

    def __init__(self, dropped: frozenset[str], kept: str) -> None:
        self.dropped = dropped
        self.kept = frozenset(kept)

    def __missing__(self, code: int) -> int | str:
        character = chr(code)
        drop = unicodedata.category(character)[0] in self.dropped and character not in self.kept
        self[code] = " " if drop and not character.isspace() else code
        return self[code]


@dataclass(frozen=True)
class Normalizer:
    """Brings text into one form. Whatever is removed leaves a space, so that words beside it do not grow together.

    Args:
        lower: Lower-case letters, of every script.
        punctuation: Keep punctuation (Unicode categories P*).
        numbers: Keep digits and other number signs (N*).
        special: Keep symbols, control and private characters (S*, C*).
        accents: Keep accents; False writes 'café' as 'cafe'.
        keep: Characters that stay whatever the other arguments say, e.g. "'" for "don't".
        form: Unicode normal form ('NFC', 'NFKC', …) brought about first, so that one look has one code; None for none.

    Called on a text it returns the text with its parts separated by single spaces.

    Example:
        >>> recurra.preprocessing.text.Normalizer(accents=False)("Two  Cafés, 7 pm!")
        'two cafes pm'
    """

    lower: bool = True
    punctuation: bool = False
    numbers: bool = False
    special: bool = False
    accents: bool = True
    keep: str = ""
    form: Form | None = "NFC"
    _translation: _Translation = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.form not in (None, *get_args(Form)):
            raise ValueError(f"Normalizer: form must be NFC, NFD, NFKC, NFKD or None, got {self.form!r}")
        removed = (("P", self.punctuation), ("N", self.numbers), ("S", self.special), ("C", self.special))
        dropped = frozenset(category for category, keep in removed if not keep)
        object.__setattr__(self, "_translation", _Translation(dropped, self.keep))

    def __call__(self, text: str) -> str:
        text = checked_text(text, "Normalizer")
        if self.form is not None:
            text = unicodedata.normalize(self.form, text)
        if not self.accents:
            decomposed = unicodedata.normalize("NFD", text)
            text = unicodedata.normalize("NFC", "".join(c for c in decomposed if unicodedata.category(c) != "Mn"))
        if self.lower:
            text = text.lower()
        return " ".join(text.translate(self._translation).split())


def ngrams(tokens: Sequence[str], sizes: int | Sequence[int], separator: str = " ") -> list[str]:
    """Runs of neighbouring tokens, all of the first size, then all of the next.

    Args:
        tokens: T tokens in order.
        sizes: Lengths of the runs; a number n means 1, …, n.
        separator: Joins the tokens of a run.

    Returns:
        max(T - n + 1, 0) runs for each size n.

    Raises:
        ValueError: A size is below 1.

    Example:
        >>> recurra.preprocessing.text.ngrams(["not", "so", "bad"], 2)
        ['not', 'so', 'bad', 'not so', 'so bad']
    """
    wanted = range(1, sizes + 1) if isinstance(sizes, int) else sizes
    if len(wanted) == 0 or min(wanted) < 1:
        raise ValueError(f"ngrams: sizes must be 1 or more, got {sizes!r}")
    return [separator.join(tokens[i : i + n]) for n in wanted for i in range(len(tokens) - n + 1)]


@dataclass(frozen=True)
class Analyzer:
    """Text to a list of tokens: normalise, split, drop stop words, join n-grams.

    Args:
        normalizer: Brings the text into one form; None leaves it as it is.
        level: 'word' splits at white space; 'character' makes each character a token, spaces included.
        stop_words: Words left out, compared after normalisation. They are normalised too, so that "Don't" in the list
            meets "don t" in the text.
        ngrams: Sizes of the n-grams (a number n: 1, …, n); 1 for the tokens alone.

    It is the `analyzer` of scikit-learn's vectorisers, of `Tokenizer` and of `document_term_matrix`.

    Example:
        >>> analyzer = recurra.preprocessing.text.Analyzer(stop_words=["a", "the"], ngrams=2)
        >>> analyzer("The film, a delight.")
        ['film', 'delight', 'film delight']
    """

    normalizer: Normalizer | None = field(default_factory=Normalizer)
    level: str = "word"
    stop_words: Iterable[str] = ()
    ngrams: int | Sequence[int] = 1
    _stops: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.level not in ("word", "character"):
            raise ValueError(f"Analyzer: level must be 'word' or 'character', got {self.level!r}")
        if isinstance(self.stop_words, str):
            raise TypeError("Analyzer: stop_words must be a collection of words, got one text; use text.split()")
        object.__setattr__(self, "stop_words", tuple(self.stop_words))
        words = self.stop_words if self.normalizer is None else map(self.normalizer, self.stop_words)
        object.__setattr__(self, "_stops", frozenset(part for word in words for part in word.split()))
        ngrams((), self.ngrams)  # checks the sizes

    def __call__(self, text: str) -> list[str]:
        if self.normalizer is not None:
            text = self.normalizer(text)
        tokens = checked_text(text, "Analyzer").split() if self.level == "word" else list(text)
        if self._stops:
            tokens = [token for token in tokens if token not in self._stops]
        return tokens if self.ngrams == 1 else ngrams(tokens, self.ngrams, " " if self.level == "word" else "")
