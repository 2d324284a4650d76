"""Text in all scripts and in none."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from recurra import layers
from recurra.preprocessing.text import Tokenizer
from tests.fuzz.mutations import some_value
from tests.fuzz.targets import Target

_SIGNS = [
    "a",
    "B",
    " ",
    "\t",
    "\n",
    ".",
    "<",
    ">",
    "br",
    "é",
    "ß",
    "\u0301",
    "日本",
    "\U0001f600",
    "\u200d",
    "\x00",
    "\ud800",
]
_SIGNS += ["&amp;", "'", "0", "-", "_", "İ", "ﬁ", "\u2028"]


def _text(rng: random.Random) -> Any:
    if rng.randrange(60) == 0:
        return rng.choice([b"bytes", None, 3, 1.5, float("nan"), ["nested"], some_value(rng)])
    return "".join(rng.choice(_SIGNS) for _ in range(rng.choice([0, 1, 5, 60])))


def _tokenized(rng: random.Random) -> str:
    tokens = Tokenizer(
        num_words=rng.choice([None, 1, 5, 1000]),
        lower=rng.choice([True, False]),
        char_level=rng.choice([True, False]),
        oov_token=rng.choice([None, "<?>", "a", ""]),
    )
    texts = [_text(rng) for _ in range(rng.randrange(6))]
    tokens.fit_on_texts(texts)
    tokens.texts_to_sequences([_text(rng) for _ in range(3)])
    tokens.texts_to_matrix(texts[:2], mode=rng.choice(["binary", "count", "tfidf", "freq"]))
    return "accepted"


def _vectorized(rng: random.Random) -> str:
    mode = rng.choice(["int", "int", "multi_hot", "count", "tf_idf"])
    layer = layers.TextVectorization(
        max_tokens=rng.choice([None, 2, 10]),
        standardize=rng.choice([None, "lower", "lower_and_strip_punctuation"]),
        split=rng.choice([None, "whitespace", "character"]),
        ngrams=rng.choice([None, 2, (1, 3)]),
        output_mode=mode,
        output_sequence_length=rng.choice([None, 1, 3]) if mode == "int" else None,
    )
    layer.adapt([_text(rng) for _ in range(rng.randrange(1, 6))])
    found = layer(np.array([_text(rng) for _ in range(3)]))
    if not np.isfinite(np.asarray(found)).all():
        raise AssertionError("an output is not finite")
    return "accepted"


TARGETS = [
    Target("tokenizer", _tokenized, (ValueError, TypeError)),
    Target("text layer", _vectorized, (ValueError, TypeError)),
]
