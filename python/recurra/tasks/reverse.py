"""Sequences written backwards: 1 to 10 digits, the toy problem of IBM's pytorch-seq2seq."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.tasks.task import Data, setting
from recurra.tasks.translation import Translation, TranslationSettings

LONGEST = 10


@dataclass(frozen=True)
class ReverseSettings(TranslationSettings):
    """Settings of the reversal."""

    epochs: int = setting(4, "how often the training data are seen", least=0)
    decay: bool = setting(False, "whether the learning rate falls to 0 along a cosine")


class Reverse(Translation):
    """To reverse a sequence the decoder walks through its memory from the end. No sequence occurs in two parts."""

    settings_class = ReverseSettings
    source_vocabulary, target_vocabulary = 11, 13  # digits are the tokens 1, …, 10
    start, end = 11, 12
    longest = LONGEST + 2

    def data(self, settings: Any, seed: int) -> Data:
        """Sequences that differ from all others."""
        rng, bounds = np.random.default_rng(seed), np.cumsum([settings.count, settings.held_out])
        sources = sequences(settings.count + 2 * settings.held_out, rng)
        answers = [one[::-1] for one in sources]
        cut = [slice(0, bounds[0]), slice(*bounds), slice(bounds[1], None)]
        train, validation, test = ((sources[rows], answers[rows]) for rows in cut)
        return Data(train, validation, test)


def sequences(count: int, rng: np.random.Generator) -> list[list[int]]:
    """Different sequences of 1 to 10 digits."""
    found: dict[tuple[int, ...], None] = {}
    while len(found) < count:
        found[tuple(rng.integers(1, 11, rng.integers(1, LONGEST + 1)).tolist())] = None
    return [list(one) for one in found]
