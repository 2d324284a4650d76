"""Vocabularies: characters and words in numbers and back, unknown ones, configurations, bad input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recurra import serialization
from recurra.models import Vocabulary

TEXT = "To be, or not to be,\nthat is the question:\n"


def test_characters() -> None:
    vocabulary = Vocabulary.of(TEXT, "char")
    assert vocabulary.tokens == sorted(set(TEXT))
    assert vocabulary.decode(vocabulary.encode(TEXT)) == TEXT
    assert vocabulary.unknown is None
    assert vocabulary.strangers("be zz!") == ["z", "!"]
    assert vocabulary.pieces([0, 1]) == ["\n", " "]


def test_words() -> None:
    vocabulary = Vocabulary.of(TEXT)
    assert vocabulary.tokens[:2] == ["be,", "<eos>"]
    assert vocabulary.tokens[-1] == vocabulary.unknown == "<unk>"
    assert vocabulary.decode(vocabulary.encode(TEXT)) == TEXT.rstrip("\n") + "\n"
    assert vocabulary.encode("to hamlet").tolist() == [vocabulary.numbers["to"], vocabulary.numbers["<unk>"]]
    assert "to" in vocabulary
    assert "hamlet" not in vocabulary


def test_lower_case_and_marks() -> None:
    vocabulary = Vocabulary.of(TEXT, punctuation=True, lower=True)
    assert vocabulary.split("To be, don't!\n") == ["to", "be", ",", "don't", "!", "<eos>"]
    assert vocabulary.tokens[:4] == ["to", "be", ",", "<eos>"]


def test_rare_words_are_left_out() -> None:
    assert Vocabulary.of("a a b b b c", min_count=2).tokens == ["b", "a", "<unk>"]
    assert Vocabulary.of("a a b b b c", max_size=2).tokens == ["b", "<unk>"]
    assert Vocabulary.of("<unk> a <unk> b b b", max_size=2).tokens == ["b", "<unk>"]
    assert Vocabulary.of("<unk> a <unk> <unk> b b", max_size=2).tokens == ["<unk>", "b"]


def test_described_and_made_again() -> None:
    vocabulary = Vocabulary(["a", "b", "?"], "char", unknown="?", lower=True)
    again = serialization.deserialize(serialization.serialize(vocabulary), Vocabulary)
    assert again.get_config() == vocabulary.get_config()
    assert again.encode("aBz").tolist() == [0, 1, 2]


REFUSALS: list[tuple[Callable[[], Any], str]] = [
    (lambda: Vocabulary([]), "tokens must be a list of one or more texts"),
    (lambda: Vocabulary(["a", "b", "a"]), "the token 'a' stands there more than once"),
    (lambda: Vocabulary(["a"], unknown="?"), "unknown='.' must be one of the tokens"),
    (lambda: Vocabulary(["a"], level="syllable"), "level"),
    (lambda: Vocabulary.of(""), "the text has no tokens"),
    (lambda: Vocabulary.of("a", max_size=1), "max_size"),
    (lambda: Vocabulary(["a"], "char").encode("abc"), "vocabulary of 1 characters does not have 'b', 'c'; leave"),
    (lambda: Vocabulary(["a"], "char").encode("bcdefgh"), "'f' and 2 more; leave"),
    (lambda: Vocabulary(["a"]).decode([1]), "there is no token 1; numbers are 0, …, 0"),
]


@pytest.mark.parametrize(("call", "words"), REFUSALS, ids=range(len(REFUSALS)))
def test_bad_input(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_bytes_are_no_text() -> None:
    with pytest.raises(TypeError, match=r"decode it first"):
        Vocabulary(["a"]).encode(b"a")  # type: ignore[arg-type]
