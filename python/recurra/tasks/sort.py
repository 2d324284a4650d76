"""Sorting: lists of six digits of three kinds, the task of minGPT's demo."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from recurra.tasks.task import Data, published, setting
from recurra.tasks.translation import Translation, TranslationSettings

LENGTH, KINDS = 6, 3


@dataclass(frozen=True)
class SortSettings(TranslationSettings):
    """Settings of the sorting."""

    epochs: int = setting(1, "how often the training data are seen", least=0)
    count: int = setting(38_400, "lists of the training, drawn from those that are known")
    held_out: int = setting(5000, "lists of the validation and of the test, drawn from the others")
    units: int = setting(32, "of the encoder in each direction; the decoder has twice as many")
    embedding: int = setting(16, "width of the vectors of tokens")
    learning_rate: float = setting(5e-3, "of Adam, at first", above=0)


class Sort(Translation):
    """Of the 729 lists there are, a quarter is held out: an eighth for the validation, an eighth for the test.

    Lists are drawn from their part at random, as the demo does.
    """

    settings_class = SortSettings
    goal: ClassVar = {"attention": 1.0}
    published = published("minGPT's demo, a transformer after 2,000 steps", attention=1.0)
    source_vocabulary, target_vocabulary = KINDS + 1, KINDS + 3  # digits are the tokens 1, 2, 3
    start, end = KINDS + 1, KINDS + 2
    longest = LENGTH + 1

    def data(self, settings: Any, seed: int) -> Data:
        """Lists drawn from three parts that have none in common."""
        rng = np.random.default_rng(seed)
        train, validation, test = (
            part[rng.integers(len(part), size=size)]
            for part, size in zip(parts(rng), (settings.count, settings.held_out, settings.held_out), strict=True)
        )
        return Data(with_answers(train), with_answers(validation), with_answers(test))


def with_answers(lists: Any) -> tuple[list[list[int]], list[list[int]]]:
    """Lists, and the same sorted."""
    return lists.tolist(), np.sort(lists, axis=1).tolist()


def parts(rng: np.random.Generator) -> list[Any]:
    """All lists in random order: three quarters, an eighth, an eighth."""
    lists = np.array(list(itertools.product(range(1, KINDS + 1), repeat=LENGTH)), "int32")
    rng.shuffle(lists)
    quarter, eighth = len(lists) // 4, len(lists) // 8
    return [lists[quarter:], lists[:eighth], lists[eighth:quarter]]
