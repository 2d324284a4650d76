"""Copy memory: ten digits are shown, and asked for after a long time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import recurra
from recurra.tasks.paper import NetworkSettings, optimizer, sequence_layers, table_1
from recurra.tasks.task import Data, Metric, Task, setting

DIGITS, KINDS = 10, 8  # how many are shown, and which: 1, …, 8
BLANK, ASK = 0, KINDS + 1


@dataclass(frozen=True)
class CopySettings(NetworkSettings):
    """Settings of copy memory."""

    steps: int = setting(1000, "T, steps from the last digit shown to the first one asked for")
    count: int = setting(10_000, "sequences of the training")
    held_out: int = setting(1000, "sequences of the validation, and as many of the test")
    epochs: int = setting(50, "how often the training data are seen", least=0)
    filters: int = setting(10, "tcn: channels of a level")
    dropout: float = setting(0.05, "rate, inside of the tcn or behind each recurrent layer", least=0, below=1)
    optimizer: str = setting("rmsprop", "adam, rmsprop or sgd", choices=("adam", "rmsprop", "sgd"))
    learning_rate: float = setting(5e-4, "of the optimizer, at first", above=0)
    clip: float = setting(1.0, "bound of the norm of the whole gradient; none: no bound", optional=True, above=0)


class CopyMemory(Task):
    """Ten digits, T − 1 blanks, eleven marks; the answer is blank but for the ten digits at the last ten steps.

    The loss is the mean cross-entropy of all T + 20 steps, as published. To know where the digits are asked for, and
    guess them, gives 10 ln 8 / (T + 20), 0.0204 at T = 1000; what was learned beyond that shows in the last ten steps.
    """

    settings_class = CopySettings
    models: ClassVar = {"tcn": {}, "lstm": {"units": 50}, "gru": {"units": 57}, "rnn": {"units": 101}}
    metric = Metric("loss", "cross-entropy of all steps, nats")
    published = table_1(tcn=3.5e-5, lstm=0.0204, gru=0.0197, rnn=0.0202)
    goal: ClassVar = {"tcn": 1e-4, "gru": 0.0197}

    def data(self, settings: CopySettings, seed: int) -> Data:
        """Three parts drawn apart."""
        train, validation, test = (
            sequences(size, settings.steps, np.random.default_rng((seed, part)))
            for part, size in enumerate((settings.count, settings.held_out, settings.held_out))
        )
        return Data(train, validation, test)

    def model(self, name: str, settings: CopySettings, data: Data) -> Any:
        """The number of a digit is the input; scores of the ten numbers are the output, at every step."""
        model = recurra.Sequential(
            [
                recurra.Input((settings.steps + 2 * DIGITS, 1)),
                *sequence_layers(name, settings, return_sequences=True),
                recurra.layers.Dense(KINDS + 2, kernel_initializer=recurra.initializers.RandomNormal(stddev=0.01)),
            ]
        )
        model.compile(optimizer(settings), recurra.losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    def evaluate(self, model: Any, part: Any, settings: CopySettings) -> dict[str, float]:
        """The loss of all steps; loss and share of right digits of the last ten steps."""
        x, y = part
        losses, right = np.zeros(len(x)), np.zeros(len(x))
        last = np.zeros(len(x))
        for start in range(0, len(x), settings.batch_size):
            rows = slice(start, start + settings.batch_size)
            scores = model.predict_on_batch(x[rows]).astype("float64")
            scores -= scores.max(axis=-1, keepdims=True)
            truth = np.take_along_axis(scores, y[rows, :, None], axis=-1)[..., 0]
            each = np.log(np.exp(scores).sum(axis=-1)) - truth
            losses[rows], last[rows] = each.mean(axis=1), each[:, -DIGITS:].mean(axis=1)
            right[rows] = (scores[:, -DIGITS:].argmax(axis=-1) == y[rows, -DIGITS:]).mean(axis=1)
        return {
            "loss": float(losses.mean()),
            "last_10_loss": float(last.mean()),
            "last_10_accuracy": float(right.mean()),
        }


def sequences(count: int, steps: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """What is shown (count, steps + 20, 1) and what is to be said (count, steps + 20)."""
    digits = rng.integers(1, KINDS + 1, size=(count, DIGITS))
    x = np.full((count, steps + 2 * DIGITS), BLANK, "float32")
    x[:, :DIGITS] = digits
    x[:, -DIGITS - 1 :] = ASK
    y = np.full(x.shape, BLANK, "int32")
    y[:, -DIGITS:] = digits
    return x[:, :, None], y
