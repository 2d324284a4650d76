"""Associative recall: items are shown, then one of them again; the item that stood behind it is the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from recurra.tasks.machines import Batch, MachineSettings, MachineTask, empty, random_bits
from recurra.tasks.task import setting

BITS, STEPS = 6, 3  # of an item
ITEM, QUERY = BITS, BITS + 1  # channels of the marks


@dataclass(frozen=True)
class RecallSettings(MachineSettings):
    """Settings of associative recall."""

    least_items: int = setting(2, "least items of a sequence of the training", least=2)
    most_items: int = setting(6, "most items of a sequence of the training", least=2)


class AssociativeRecall(MachineTask):
    """Items are three steps of 6 random bits behind a mark; the question stands between two marks of another kind."""

    settings_class = RecallSettings
    goal: ClassVar = {}
    inputs: ClassVar = BITS + 2
    answers: ClassVar = BITS

    def draw(self, rng: np.random.Generator, count: int, settings: RecallSettings) -> Batch:
        """As many items for all sequences of the batch, each with a question of its own."""
        most = max(settings.least_items, settings.most_items)
        return sequences(rng, count, int(rng.integers(settings.least_items, most + 1)))

    def longer(self, settings: RecallSettings) -> dict[str, Callable[[np.random.Generator, int], Batch]]:
        """More items than the training has."""
        return {f"_{items}": partial(_of_items, items) for items in (8, 12, 16)}


def _of_items(items: int, rng: np.random.Generator, count: int) -> Batch:
    return sequences(rng, count, items)


def sequences(rng: np.random.Generator, count: int, items: int) -> Batch:
    """What is shown (count, 4 items + 8, 8), and the item behind the asked one in the last three steps."""
    x, y, asked = empty(count, (STEPS + 1) * items + 2 * STEPS + 2, BITS + 2, BITS, STEPS)
    bits: Any = random_bits(rng, count, items, STEPS, BITS)
    chosen = rng.integers(0, items - 1, count)
    rows = np.arange(count)
    shown = x[:, : (STEPS + 1) * items].reshape(count, items, STEPS + 1, BITS + 2)
    shown[:, :, 0, ITEM] = 1
    shown[:, :, 1:, :BITS] = bits
    question = (STEPS + 1) * items
    x[:, question, QUERY] = x[:, question + STEPS + 1, QUERY] = 1
    x[:, question + 1 : question + 1 + STEPS, :BITS] = bits[rows, chosen]
    y[:, -STEPS:] = bits[rows, chosen + 1]
    return x, y, asked
