"""Where the sentences of a text end."""

from __future__ import annotations

import re

from .reading import checked_text

__all__ = ["split_sentences"]

_BREAK = r"(?:<br\s*/?>\s*)+|\n\s*\n\s*"  # ends a sentence even without a mark
_MARK = r"(?:[.!?]+|…)[\"'”’)\]]*(?=\s|<|$)\s*"
_ENDS = re.compile(f"{_BREAK}|{_MARK}")
# After these a full stop mostly belongs to the word.
_ABBREVIATIONS = frozenset(
    ["mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "vs", "etc", "e.g", "i.e", "no", "vol", "fig", "approx", "dept"]
)


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, without white space around them and without empty ones.

    A sentence ends with `.`, `!`, `?` or `…` before white space (quotes and brackets may stand between), with an empty
    line, or with an HTML line break. A full stop behind an abbreviation such as `Mr.` or behind a single capital letter
    ends none.

    Args:
        text: The text.

    Raises:
        TypeError: It is no string.

    Example:
        >>> recurra.preprocessing.text.split_sentences("I saw Mr. Smith. Did you?<br />No! (Never.)")
        ['I saw Mr. Smith.', 'Did you?', 'No!', '(Never.)']
    """
    text = checked_text(text, "split_sentences")
    found, begin = [], 0
    for end in _ENDS.finditer(text):
        said = text[begin : end.start()]
        if end.group().startswith(".") and end.group().strip() == "." and _is_abbreviation(said):
            continue
        mark = "" if end.group().startswith(("<", "\n")) else end.group()
        found.append((said + mark).strip())
        begin = end.end()
    found.append(text[begin:].strip())
    return [sentence for sentence in found if sentence]


def _is_abbreviation(said: str) -> bool:
    word = re.split(r"[\s(\"'>]", said)[-1]
    return word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isupper() and word != "I")
