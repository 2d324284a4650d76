"""Addition of numbers as text: "12+345" becomes "357", digit by digit; Keras's example `addition_rnn`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import recurra
from recurra.tasks.task import Data, Metric, Settings, Task, setting

SIGNS = " +0123456789"


@dataclass(frozen=True)
class AdditionSettings(Settings):
    """Settings of the addition."""

    epochs: int = setting(30, "how often the training data are seen", least=0)
    digits: int = setting(3, "that a number has at most", most=9)
    count: int = setting(45_000, "questions of the training")
    held_out: int = setting(2500, "questions of the validation, and as many of the test")
    units: int = setting(128, "of each of the two recurrent layers")
    learning_rate: float = setting(2e-3, "of Adam at first, which falls to 0 along a cosine", above=0)


class Addition(Task):
    """One recurrent layer reads the question, its output is repeated, another one writes the answer.

    Questions are read backwards, so that the digits that are added first are the ones just seen. Questions of the
    validation and the test do not occur in the training, with their numbers in either order. The figure is the share of
    answers that are right as a whole; Keras's example reports that of single signs.
    """

    settings_class = AdditionSettings
    models: ClassVar = {"lstm": {}, "gru": {"units": 148}}
    metric = Metric("sequence_accuracy", "share of whole answers that are right", lower_is_better=False)
    goal: ClassVar = {"lstm": 0.99}

    def data(self, settings: Any, seed: int) -> Data:
        """Questions as one-hot signs, answers as their numbers."""
        s = settings
        texts, answers = questions(s.count + 2 * s.held_out, s.digits, np.random.default_rng(seed))
        x = np.eye(len(SIGNS), dtype="float32")[numbered(texts)[:, ::-1]]
        y = numbered(answers)
        bounds = [s.count, s.count + s.held_out]
        train, validation, test = zip(np.split(x, bounds), np.split(y, bounds), strict=True)
        return Data(train, validation, test)

    def model(self, name: str, settings: Any, data: Data) -> Any:
        """Probabilities of the signs at every place of the answer."""
        layer: Any = recurra.layers.LSTM if name == "lstm" else recurra.layers.GRU
        model = recurra.Sequential(
            [
                recurra.Input((2 * settings.digits + 1, len(SIGNS))),
                layer(settings.units),
                recurra.layers.RepeatVector(settings.digits + 1),
                layer(settings.units, return_sequences=True),
                recurra.layers.Dense(len(SIGNS), activation="softmax"),
            ]
        )
        steps = max(1, settings.epochs * -(-settings.count // settings.batch_size))
        model.compile(
            recurra.optimizers.Adam(recurra.optimizers.schedules.CosineDecay(settings.learning_rate, steps)),
            "sparse_categorical_crossentropy",
            metrics=["accuracy", recurra.metrics.SequenceAccuracy()],
        )
        return model


def questions(count: int, digits: int, rng: np.random.Generator) -> tuple[list[str], list[str]]:
    """Texts such as "12+345 " and their answers, no pair of numbers twice."""
    numbers = 10**digits
    if count > numbers * (numbers + 1) // 2:
        raise ValueError(f"settings: there are no {count} different questions with numbers of at most {digits} digits")
    texts: list[str] = []
    answers: list[str] = []
    seen: set[tuple[int, int]] = set()
    while len(texts) < count:
        a, b = (int(rng.integers(0, 10 ** rng.integers(1, digits + 1))) for _ in range(2))
        if (min(a, b), max(a, b)) not in seen:
            seen.add((min(a, b), max(a, b)))
            texts.append(f"{a}+{b}".ljust(2 * digits + 1))
            answers.append(str(a + b).ljust(digits + 1))
    return texts, answers


def numbered(texts: list[str]) -> Any:
    """Texts of one length as numbers of their signs."""
    return np.array([[SIGNS.index(sign) for sign in text] for text in texts])
