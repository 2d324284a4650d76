"""Logic: truth values under up to ten gates in a row, for several inputs in a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import recurra
from recurra.tasks.pondering import PonderSettings, pondering, start_of
from recurra.tasks.task import Data, Metric, Published, Task, setting

# The result of each gate for (p, q) = (0, 0), (0, 1), (1, 0), (1, 1): NOR, ¬p ∧ q, p ∧ ¬q, XOR, NAND, AND, XNOR, p → q,
# q → p, OR.
GATES = np.array(
    [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 1, 1, 0],
        [1, 1, 1, 0],
        [0, 0, 0, 1],
        [1, 0, 0, 1],
        [1, 1, 0, 1],
        [1, 0, 1, 1],
        [0, 1, 1, 1],
    ],
    np.int8,
)
MOST = 10  # gates of a vector, and vectors of a sequence


@dataclass(frozen=True)
class LogicSettings(PonderSettings):
    """Settings of logic."""

    batch_size: int = setting(16, "sequences a step")
    epochs: int = setting(30, "the most parts of the training", least=0)
    held_out: int = setting(1024, "sequences of the validation, and as many of the test")


class Logic(Task):
    """A vector holds two truth values and 1 to 10 gates, each one-hot among ten; after it the answer is asked for.

    From p, q each gate makes p, q ← q, gate(p, q); the answer is the last q. A sequence has 1 to 10 vectors. The first
    truth value of a vector is given in the first one only: later it is the answer before. The figure is the share of
    sequences with all answers right.
    """

    settings_class = LogicSettings
    models: ClassVar = {"act": {}, "repeat": {"repeats": 3}, "rnn": {}}
    metric = Metric("sequence_accuracy", "share of sequences with all answers right", lower_is_better=False)
    published: ClassVar = {
        "rnn": Published(0.8, "Graves, 2016: an error of about 20 %"),
    }
    goal: ClassVar = {"act": 0.98}

    def data(self, settings: LogicSettings, seed: int) -> Data:
        """New sequences in every step; validation and test are drawn once."""
        validation, test = (sequences(settings.held_out, np.random.default_rng((seed, number))) for number in (1, 2))

        def draw(rng: np.random.Generator) -> Any:
            return sequences(settings.batch_size, rng)

        return Data(recurra.tasks.DrawnBatches(draw, settings.steps_per_epoch, seed), validation, test)

    def model(self, name: str, settings: LogicSettings, data: Data) -> Any:
        """An LSTM cell, and an answer at every step; padding is masked."""
        s, layers = settings, recurra.layers
        width = 2 + MOST * len(GATES)
        start = start_of(width, s.units, 4)
        cell = layers.LSTMCell(s.units, kernel_initializer=start, recurrent_initializer=start)
        model = recurra.Sequential(
            [
                recurra.Input((MOST, width)),
                layers.Masking(-1.0),
                pondering(name, s, cell, return_sequences=True),
                layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile(recurra.optimizers.Adam(s.learning_rate), "binary_crossentropy", metrics=["accuracy"])
        return model

    def callbacks(self, settings: LogicSettings) -> list[Any]:
        from recurra.tasks.ending import EndsAt

        return [EndsAt("val_sequence_accuracy", settings.until)]

    def evaluate(self, model: Any, part: Any, settings: LogicSettings) -> dict[str, float]:
        """The figures of all steps, and the share of sequences without an error."""
        x, y = part
        figures = super().evaluate(model, part, settings)
        wrong = (model.predict(x, batch_size=256, verbose=0) > 0.5) != (y > 0.5)
        wrong &= x[:, :, :1] >= 0  # padding is -1
        return {**figures, "sequence_accuracy": float(1 - wrong.any(axis=(1, 2)).mean())}


def sequences(count: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Vectors (count, 10, 102), -1 behind the end of a sequence, and the answers (count, 10, 1)."""
    lengths = rng.integers(1, MOST + 1, (count, 1))
    given = rng.integers(0, 2, (count, MOST, 2), dtype=np.int8)
    given[:, 1:, 0] = 0
    gates = rng.integers(0, len(GATES), (count, MOST, MOST))
    used = np.arange(MOST) < rng.integers(1, MOST + 1, (count, MOST, 1))
    answers = np.zeros((count, MOST), np.int8)
    answer = given[:, 0, 0]
    for t in range(MOST):
        p, q = answer, given[:, t, 1]
        for k in range(MOST):
            result = GATES[gates[:, t, k], 2 * p + q]
            p, q = np.where(used[:, t, k], q, p), np.where(used[:, t, k], result, q)
        answers[:, t] = answer = q
    chosen = (gates[..., None] == np.arange(len(GATES))) & used[..., None]
    x = np.concatenate([given, chosen.reshape(count, MOST, -1)], axis=2).astype("float32")
    x[np.arange(MOST) >= lengths] = -1.0
    return x, answers[..., None].astype("float32")
