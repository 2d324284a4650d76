"""Characters or words as numbers, for language models."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra import checks
from recurra.configurable import Configurable
from recurra.preprocessing.reading import checked_text

LEVELS = ("char", "word")
#: What stands for a word that the vocabulary does not have, and for the end of a line.
UNKNOWN, END_OF_LINE = "<unk>", "<eos>"
_MARKS = re.compile(r"<\w+>|\w+(?:['’]\w+)*|[^\w\s]")
_SHOWN = 5


class Vocabulary(Configurable):
    r"""The characters or words that a language model knows; each one's number is its place.

    Words stand between white space, and the end of each line is a word of its own, `<eos>`, as in the corpora of
    language models.

    Args:
        tokens: The characters or words.
        level: "char" or "word" (default).
        unknown: The token that all others are read as; default `"<unk>"` if it is one of the tokens, else None, and
            other tokens are errors.
        punctuation: Whether marks are words of their own; False (default) leaves them at the words that they touch.
        lower: Whether texts are read in lower case; default False.

    Raises:
        ValueError: There are no tokens, one comes twice, or `unknown` is none of them.

    Example:
        >>> words = recurra.models.Vocabulary(["<unk>", "<eos>", "to", "be"])
        >>> words.encode("to be\nor not to be").tolist()
        [2, 3, 1, 0, 0, 2, 3]
        >>> words.decode([2, 3, 1, 2])
        'to be\nto'
    """

    def __init__(
        self,
        tokens: Sequence[str],
        level: str = "word",
        unknown: str | None = None,
        punctuation: bool = False,
        lower: bool = False,
    ) -> None:
        self.tokens = list(tokens)
        if not self.tokens or not all(isinstance(token, str) and token for token in self.tokens):
            raise ValueError("Vocabulary: tokens must be a list of one or more texts, none of them empty")
        self.level = checks.one_of(level, "Vocabulary", "level", LEVELS)
        self.numbers = {token: number for number, token in enumerate(self.tokens)}
        if len(self.numbers) < len(self.tokens):
            twice = next(token for token, count in Counter(self.tokens).items() if count > 1)
            raise ValueError(f"Vocabulary: the token {twice!r} stands there more than once")
        if unknown is None and UNKNOWN in self.numbers:
            unknown = UNKNOWN
        if unknown is not None and unknown not in self.numbers:
            raise ValueError(f"Vocabulary: unknown={unknown!r} must be one of the tokens; add it to them")
        self.unknown = unknown
        self.punctuation = checks.boolean(punctuation, "Vocabulary", "punctuation")
        self.lower = checks.boolean(lower, "Vocabulary", "lower")

    @classmethod
    def of(
        cls,
        text: str,
        level: str = "word",
        max_size: int | None = None,
        min_count: int = 1,
        punctuation: bool = False,
        lower: bool = False,
    ) -> Vocabulary:
        """The vocabulary of a text: characters in order, words by how often they occur, the most frequent first.

        Args:
            text: The text.
            level: "char" or "word" (default).
            max_size: At most so many words, `<unk>` among them; default all.
            min_count: Words that occur less often are left out; default 1.
            punctuation: As of the class.
            lower: As of the class.

        Returns:
            The vocabulary; one of words has `<unk>`.

        Raises:
            ValueError: The text is empty, or an argument is out of range.

        Example:
            >>> recurra.models.Vocabulary.of("to be or not to be", max_size=3).tokens
            ['to', 'be', '<unk>']
        """
        checks.one_of(level, "Vocabulary.of", "level", LEVELS)
        least = checks.whole_number(min_count, "Vocabulary.of", "min_count")
        pieces = split(text, level, punctuation, lower)
        if not pieces:
            raise ValueError("Vocabulary.of: the text has no tokens")
        if level == "char":
            return cls(sorted(set(pieces)), "char", lower=lower)
        counts = Counter(pieces)
        words = [word for word, count in counts.most_common() if count >= least or word == UNKNOWN]
        if max_size is not None:
            most = checks.whole_number(max_size, "Vocabulary.of", "max_size", least=2)
            words = words[: most - (UNKNOWN not in words[:most])]
        if UNKNOWN not in words:
            words.append(UNKNOWN)
        return cls(words, "word", punctuation=punctuation, lower=lower)

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: object) -> bool:
        return token in self.numbers

    def split(self, text: str) -> list[str]:
        """The tokens of a text, whether the vocabulary has them or not.

        Raises:
            TypeError: It is no text.
        """
        return split(text, self.level, self.punctuation, self.lower)

    def strangers(self, text: str) -> list[str]:
        """The tokens of a text that the vocabulary does not have, each once.

        Raises:
            TypeError: It is no text.
        """
        return [token for token in dict.fromkeys(self.split(text)) if token not in self.numbers]

    def encode(self, text: str) -> NDArray[np.int32]:
        """The numbers of a text's tokens.

        Raises:
            ValueError: A token is not in the vocabulary, and there is no unknown one.
            TypeError: It is no text.
        """
        pieces = self.split(text)
        if self.unknown is None:
            try:
                return np.array([self.numbers[token] for token in pieces], np.int32)
            except KeyError:
                raise ValueError(f"{self.stranger_words(self.strangers(text))}; leave them out") from None
        other = self.numbers[self.unknown]
        return np.array([self.numbers.get(token, other) for token in pieces], np.int32)

    def stranger_words(self, strangers: Sequence[str]) -> str:
        """One line that names tokens which the vocabulary does not have."""
        what = "characters" if self.level == "char" else "words"
        shown = ", ".join(repr(token) for token in strangers[:_SHOWN])
        more = f" and {len(strangers) - _SHOWN} more" if len(strangers) > _SHOWN else ""
        return f"the vocabulary of {len(self):,} {what} does not have {shown}{more}"

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of numbers: characters side by side, words with spaces between them, `<eos>` as a new line.

        Raises:
            ValueError: There is no such number.
        """
        text = "".join(self.pieces(numbers))
        return text if self.level == "char" else re.sub(r" ?\n ?", "\n", text).strip(" ")

    def pieces(self, numbers: Iterable[int]) -> list[str]:
        """What each number adds to a text that is written as it goes: a character, or a word with a space behind it.

        Raises:
            ValueError: There is no such number.
        """
        found = []
        for number in numbers:
            if not 0 <= number < len(self):
                raise ValueError(f"Vocabulary: there is no token {number}; numbers are 0, …, {len(self) - 1}")
            token = self.tokens[number]
            if self.level == "word":
                token = "\n" if token == END_OF_LINE else f"{token} "
            found.append(token)
        return found

    def _arguments(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("tokens", "level", "unknown", "punctuation", "lower")}


def split(text: str, level: str, punctuation: bool = False, lower: bool = False) -> list[str]:
    """The characters of a text, or its words with `<eos>` at the end of each line.

    Raises:
        TypeError: It is no text.
    """
    text = checked_text(text, "Vocabulary")
    if lower:
        text = text.lower()
    if level == "char":
        return list(text)
    words: list[str] = []
    lines = text.split("\n")
    for number, line in enumerate(lines):
        words += _MARKS.findall(line) if punctuation else line.split()
        if number + 1 < len(lines):
            words.append(END_OF_LINE)
    return words
