"""What tasks share in which one sequence of tokens becomes another: an encoder and a decoder that attends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import recurra
from recurra.tasks.task import Data, Metric, Settings, Task, setting


@dataclass(frozen=True)
class TranslationSettings(Settings):
    """Settings of an encoder, a decoder and their training."""

    batch_size: int = setting(64, "sequences a step")
    count: int = setting(10_000, "sequences of the training")
    held_out: int = setting(1000, "sequences of the validation, and as many of the test")
    units: int = setting(64, "of the encoder in each direction; the decoder has twice as many")
    embedding: int = setting(32, "width of the vectors of tokens")
    learning_rate: float = setting(2e-3, "of Adam, at first", above=0)
    decay: bool = setting(True, "whether the learning rate falls to 0 along a cosine")
    clip: float = setting(5.0, "bound of the norm of the gradient of a weight; none: no bound", optional=True, above=0)


class Translation(Task):
    """Sources and targets are lists of tokens; the figure is the share of answers that are right as a whole.

    The encoder is a bidirectional GRU. The decoder is a GRU that attends before each step (Bahdanau), or only starts
    from the last states of the encoder. Answers are written token by token, as for a user.

    Attributes:
        source_vocabulary, target_vocabulary: Number of tokens, padding and marks included.
        start, end: Marks of targets.
        longest: Tokens that an answer may have at most, end mark included.
    """

    models: ClassVar = {"attention": {}, "state": {}}
    metric = Metric("sequence_accuracy", "share of whole answers that are right", lower_is_better=False)
    goal: ClassVar = {"attention": 0.99}
    source_vocabulary: int
    target_vocabulary: int
    start: int
    end: int
    longest: int

    def model(self, name: str, settings: Any, data: Data) -> Any:
        """`name` says what the decoder sees of the encoder."""
        s = settings
        encoder = recurra.layers.Bidirectional(recurra.layers.GRU(s.units, return_sequences=True, return_state=True))
        model = recurra.models.Seq2Seq(
            encoder,
            recurra.layers.GRUCell(2 * s.units),
            self.source_vocabulary,
            self.target_vocabulary,
            self.start,
            self.end,
            context=name,
            embedding_dim=s.embedding,
        )
        model.compile(recurra.optimizers.Adam(self.rate(s), clipnorm=s.clip))
        inputs, _ = model.taught([[1]], [[1]])
        model(inputs)  # now it has its weights
        return model

    def rate(self, settings: Any) -> Any:
        """The learning rate, or its schedule."""
        s = settings
        if not s.decay:
            return s.learning_rate
        return recurra.optimizers.schedules.CosineDecay(s.learning_rate, max(1, s.epochs * -(-s.count // s.batch_size)))

    def answers(self, model: Any, sources: Any) -> list[list[int]]:
        """The answers that a model writes, token by token."""
        found: list[list[int]] = model.generate(sources, max_new_tokens=self.longest).lists()
        return found

    def evaluate(self, model: Any, part: Any, settings: Any) -> dict[str, float]:
        """Writes the answers and counts those that are right."""
        sources, targets = part
        answers = self.answers(model, sources)
        right = [list(one) == list(other) for one, other in zip(answers, targets, strict=True)]
        return {"sequence_accuracy": float(np.mean(right))}
