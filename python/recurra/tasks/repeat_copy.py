"""Repeat copy: repeat a sequence of random bits as often as it is asked for, and say when that is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from recurra.tasks.machines import Batch, MachineSettings, MachineTask, empty, random_bits
from recurra.tasks.task import setting

BITS = 8


@dataclass(frozen=True)
class RepeatCopySettings(MachineSettings):
    """Settings of repeat copy."""

    longest: int = setting(10, "most steps of a sequence of the training; the least is 1")
    most_repeats: int = setting(10, "most repeats in the training; the least is 1")


class RepeatCopy(MachineTask):
    """Steps of 8 random bits are shown, then a mark beside the number of repeats; a mark ends the answer.

    The number has mean 0 and variance 1 over the training.
    """

    settings_class = RepeatCopySettings
    goal: ClassVar = {}
    inputs: ClassVar = BITS + 2
    answers: ClassVar = BITS + 1

    def draw(self, rng: np.random.Generator, count: int, settings: RepeatCopySettings) -> Batch:
        """As many steps and repeats for all sequences of the batch."""
        length = int(rng.integers(1, settings.longest + 1))
        return sequences(rng, count, length, int(rng.integers(1, settings.most_repeats + 1)), settings.most_repeats)

    def longer(self, settings: RepeatCopySettings) -> dict[str, Callable[[np.random.Generator, int], Batch]]:
        """More repeats, and longer sequences, than the training has."""
        most = settings.most_repeats
        return {
            "_repeats_20": partial(_of_sizes, settings.longest, 20, most),
            "_length_20": partial(_of_sizes, 20, most, most),
        }


def _of_sizes(length: int, repeats: int, most_repeats: int, rng: np.random.Generator, count: int) -> Batch:
    return sequences(rng, count, length, repeats, most_repeats)


def sequences(rng: np.random.Generator, count: int, length: int, repeats: int, most_repeats: int) -> Batch:
    """What is shown (count, length + 1 + answer, 10), and the answer, repeats · length steps and an end mark."""
    answer = repeats * length + 1
    x, y, asked = empty(count, length + 1 + answer, BITS + 2, BITS + 1, answer)
    bits: Any = random_bits(rng, count, length, BITS)
    x[:, :length, :BITS] = bits
    x[:, length, BITS] = 1
    spread = np.sqrt((most_repeats**2 - 1) / 12) or 1.0
    x[:, length, BITS + 1] = (repeats - (1 + most_repeats) / 2) / spread
    y[:, length + 1 : -1, :BITS] = np.tile(bits, (1, repeats, 1))
    y[:, -1, BITS] = 1
    return x, y, asked
