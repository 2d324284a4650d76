"""Tiny Shakespeare: the next character of his plays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import recurra
from recurra.tasks.language import LanguageSettings, LanguageTask
from recurra.tasks.task import Data, Metric, Published, setting


@dataclass(frozen=True)
class ShakespeareSettings(LanguageSettings):
    """Settings of tiny Shakespeare."""

    epochs: int = setting(12, "how often the training data are seen", least=0)
    batch_size: int = setting(32, "rows that the text is cut into, read side by side")
    steps: int = setting(64, "steps of a window, through which the gradient goes back")
    units: int = setting(256, "of a layer")
    layers: int = setting(2, "recurrent layers on top of each other")
    embedding_dim: int = setting(64, "length of the vectors of characters")
    dropout: float = setting(0.2, "rate, behind each recurrent layer", least=0, below=1)
    tie_weights: bool = setting(False, "whether embedding and softmax share their table")
    learning_rate: float = setting(2e-3, "of Adam, at first; it falls to 0 along half a cosine", above=0)
    clip: float = setting(1.0, "bound of the norm of the whole gradient; none: no bound", optional=True, above=0)


class Shakespeare(LanguageTask):
    """The first 90 % of the characters are for training; validation and test are both the rest, as in nanoGPT.

    The published figures are those of transformers: 1.4697 of 6 layers of 384 units on a GPU, and 1.88 of 4 layers of
    128 units after about 3 minutes on a CPU.
    """

    settings_class = ShakespeareSettings
    models: ClassVar = {"lstm": {}, "gru": {"units": 300}}
    metric = Metric("loss", "cross-entropy of a character, nats")
    published: ClassVar = dict.fromkeys(
        ("lstm", "gru"), Published(1.4697, "Karpathy, nanoGPT, 2022: a transformer on a GPU")
    )
    goal: ClassVar = {"lstm": 1.50, "gru": 1.50}

    def corpus(self) -> tuple[Any, Any, Any, Any]:
        """Characters as numbers."""
        text = recurra.datasets.tiny_shakespeare.load_data()
        vocabulary = recurra.models.Vocabulary.of(text, "char")
        numbers = vocabulary.encode(text)
        at = int(0.9 * len(numbers))
        return numbers[:at], numbers[at:], numbers[at:], vocabulary

    def model(self, name: str, settings: Any, data: Data) -> Any:
        """Recurrent layers with dropout behind each of them."""
        model = super().model(name, settings, data)
        windows = int(np.ceil((len(data.train) - 1) // settings.batch_size / settings.steps))
        schedule = recurra.optimizers.schedules.CosineDecay(
            settings.learning_rate, decay_steps=max(1, windows * settings.epochs)
        )
        model.compile(recurra.optimizers.Adam(schedule, global_clipnorm=settings.clip))
        return model

    def callbacks(self, settings: Any) -> list[Any]:
        """None: the schedule is one of steps."""
        return []
