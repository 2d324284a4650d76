"""Copy: repeat a sequence of random bits that was shown."""

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
class CopyingSettings(MachineSettings):
    """Settings of copy."""

    longest: int = setting(20, "most steps of a sequence of the training; the least is 1")


class Copying(MachineTask):
    """Steps of 8 random bits and a mark are shown; then they are to be said again, in order.

    `copy-memory` is another task: ten digits that are to be kept over a long time.
    """

    settings_class = CopyingSettings
    inputs: ClassVar = BITS + 1
    answers: ClassVar = BITS

    def draw(self, rng: np.random.Generator, count: int, settings: CopyingSettings) -> Batch:
        """As many steps for all sequences of the batch."""
        return sequences(rng, count, int(rng.integers(1, settings.longest + 1)))

    def longer(self, settings: CopyingSettings) -> dict[str, Callable[[np.random.Generator, int], Batch]]:
        """Lengths that the training does not have."""
        return {f"_{length}": partial(_of_length, length) for length in (30, 60, 120)}


def _of_length(length: int, rng: np.random.Generator, count: int) -> Batch:
    return sequences(rng, count, length)


def sequences(rng: np.random.Generator, count: int, length: int) -> Batch:
    """What is shown (count, 2 length + 1, 9), and what is to be said in the last `length` steps."""
    x, y, asked = empty(count, 2 * length + 1, BITS + 1, BITS, length)
    bits: Any = random_bits(rng, count, length, BITS)
    x[:, :length, :BITS] = bits
    x[:, length, BITS] = 1
    y[:, length + 1 :] = bits
    return x, y, asked
