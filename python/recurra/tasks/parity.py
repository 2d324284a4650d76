"""Parity: whether the number of ones in a vector is odd, which a network has to work out without a sequence to walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import recurra
from recurra.tasks.pondering import PonderSettings, pondering, start_of
from recurra.tasks.task import Data, Metric, Published, Task, setting


@dataclass(frozen=True)
class ParitySettings(PonderSettings):
    """Settings of parity."""

    batch_size: int = setting(128, "vectors a step")
    size: int = setting(64, "entries of a vector")
    anywhere: bool = setting(False, "whether the entries that are not 0 stand anywhere, or at the beginning")
    prior: float = setting(0.4, "pondernet: probability of halting of the prior", above=0, below=1)
    beta: float = setting(0.01, "pondernet: weight of the divergence from the prior", least=0)


class Parity(Task):
    """From 1 to 64 entries of a vector are 1 or -1, the others 0; the answer is whether the number of ones is odd.

    The vector is a sequence of one step: a plain network reads it once, one that ponders several times. As in the
    program of Fojo et al. the entries that are not 0 stand at the beginning; `anywhere` is harder.
    """

    settings_class = ParitySettings
    models: ClassVar = {"repeat": {}, "act": {}, "pondernet": {"max_steps": 4}, "rnn": {"epochs": 20}}
    metric = Metric("accuracy", "share of right answers", lower_is_better=False)
    published: ClassVar = {
        "act": Published(0.98, "Fojo et al., 2018: after 53,000 steps, 1.81 repetitions"),
        "repeat": Published(0.98, "Fojo et al., 2018: after 22,000 steps"),
        "rnn": Published(0.6, "Graves, 2016: an error of about 40 %"),
    }
    goal: ClassVar = {"act": 0.98, "repeat": 0.98, "pondernet": 0.98}

    def data(self, settings: ParitySettings, seed: int) -> Data:
        """New vectors in every step; validation and test are drawn once."""

        def part(number: int) -> Any:
            rng = np.random.default_rng((seed, number))
            return vectors(settings.held_out, settings.size, settings.anywhere, rng)

        def draw(rng: np.random.Generator) -> Any:
            return vectors(settings.batch_size, settings.size, settings.anywhere, rng)

        return Data(recurra.tasks.DrawnBatches(draw, settings.steps_per_epoch, seed), part(1), part(2))

    def model(self, name: str, settings: ParitySettings, data: Data) -> Any:
        """One answer behind the cell, or behind each step of a PonderNet."""
        s, layers = settings, recurra.layers
        start = start_of(s.size, s.units)
        cell = layers.SimpleRNNCell(s.units, kernel_initializer=start, recurrent_initializer=start)
        answer = layers.Dense(1, activation="sigmoid")
        if name == "pondernet":
            ponder = layers.PonderNet(cell, s.max_steps, s.prior, s.beta)
            model: Any = recurra.models.PonderModel([layers.Reshape((s.size,)), ponder, answer])
            model.build((None, 1, s.size))
        else:
            model = recurra.Sequential([recurra.Input((1, s.size)), pondering(name, s, cell), answer])
        model.compile(recurra.optimizers.Adam(s.learning_rate), "binary_crossentropy", metrics=["accuracy"])
        return model

    def callbacks(self, settings: ParitySettings) -> list[Any]:
        from recurra.tasks.ending import EndsAt

        return [EndsAt("val_accuracy", settings.until)]


def vectors(count: int, size: int, anywhere: bool, rng: np.random.Generator) -> tuple[Any, Any]:
    """Vectors as sequences of one step, (count, 1, size), and whether the number of ones is odd, (count, 1)."""
    taken = np.arange(size, dtype=np.int16) < rng.integers(1, size + 1, (count, 1), dtype=np.int16)
    signs = 2 * rng.integers(0, 2, (count, size), dtype=np.int8) - 1
    entries = signs * (rng.permuted(taken, axis=1) if anywhere else taken)
    odd = (entries == 1).sum(axis=1, keepdims=True) % 2
    return entries[:, None].astype("float32"), odd.astype("float32")
