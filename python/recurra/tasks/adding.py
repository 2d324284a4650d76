"""The adding problem: two numbers of a long sequence are marked, their sum is the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import recurra
from recurra.tasks.paper import NetworkSettings, optimizer, sequence_layers, table_1
from recurra.tasks.task import Data, Metric, Task, setting


@dataclass(frozen=True)
class AddingSettings(NetworkSettings):
    """Settings of the adding problem."""

    steps: int = setting(600, "T, length of the sequences", least=2)
    count: int = setting(50_000, "sequences of the training")
    held_out: int = setting(1000, "sequences of the validation, and as many of the test")


class Adding(Task):
    """Each step is a number in [0, 1] and a mark; two steps anywhere are marked. Always 1 has an error of 1/6."""

    settings_class = AddingSettings
    models: ClassVar = {
        "tcn": {},
        "lstm": {"units": 130, "clip": 5.0},
        "gru": {"units": 150, "clip": 5.0},
        "rnn": {"units": 261, "clip": 5.0},
    }
    metric = Metric("loss", "mean squared error")
    published = table_1(tcn=5.8e-5, lstm=0.164, gru=5.3e-5, rnn=0.177)
    goal: ClassVar = {"tcn": 1e-4, "gru": 1e-4}

    def data(self, settings: AddingSettings, seed: int) -> Data:
        """Three parts drawn apart."""
        train, validation, test = (
            sequences(size, settings.steps, np.random.default_rng((seed, part)))
            for part, size in enumerate((settings.count, settings.held_out, settings.held_out))
        )
        return Data(train, validation, test)

    def model(self, name: str, settings: AddingSettings, data: Data) -> Any:
        """The answer is read from the last step; the dense layer starts near zero, as the paper's."""
        model = recurra.Sequential(
            [
                recurra.Input((settings.steps, 2)),
                *sequence_layers(name, settings, return_sequences=False),
                recurra.layers.Dense(1, kernel_initializer=recurra.initializers.RandomNormal(stddev=0.01)),
            ]
        )
        model.compile(optimizer(settings), "mse")
        return model


def sequences(count: int, steps: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Sequences (count, steps, 2) and their sums (count, 1)."""
    x = np.zeros((count, steps, 2), "float32")
    x[:, :, 0] = rng.random((count, steps), "float32")
    first = rng.integers(steps, size=count)
    second = (first + rng.integers(1, steps, size=count)) % steps  # another one
    rows = np.arange(count)
    x[rows, first, 1] = x[rows, second, 1] = 1
    return x, x[rows, first, :1] + x[rows, second, :1]
