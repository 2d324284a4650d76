"""Sorting: lists of six digits of three kinds, the task of minGPT's demo; by an attending decoder or a Transformer."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import recurra
from recurra.tasks.task import Data, published, setting
from recurra.tasks.translation import Translation, TranslationSettings

LENGTH, KINDS = 6, 3


@dataclass(frozen=True)
class SortSettings(TranslationSettings):
    """Settings of the sorting."""

    epochs: int = setting(1, "how often the training data are seen", least=0)
    count: int = setting(38_400, "lists of the training, drawn from those that are known")
    held_out: int = setting(5000, "lists of the validation and of the test, drawn from the others")
    units: int = setting(32, "of the encoder in each direction; the decoder has twice as many")
    embedding: int = setting(16, "width of the vectors of tokens, and of the Transformer")
    blocks: int = setting(3, "of the Transformer")
    heads: int = setting(3, "of each of its blocks")
    learning_rate: float = setting(5e-3, "of Adam, at first", above=0)


class Sort(Translation):
    """Of the 729 lists there are, a quarter is held out: an eighth for the validation, an eighth for the test.

    Lists are drawn from their part at random, as the demo does. The model "transformer" is the demo's: decoder blocks
    read a list and its answer as one sequence, and the answer's positions alone count in the loss.
    """

    settings_class = SortSettings
    models: ClassVar = {
        **Translation.models,
        "transformer": {
            "embedding": 48,
            "learning_rate": 5e-4,
            "decay": False,
            "clip": 1.0,
        },
    }
    goal: ClassVar = {"attention": 1.0, "transformer": 1.0}
    published = published("minGPT's demo, a transformer after 2,000 steps", attention=1.0, transformer=1.0)
    source_vocabulary, target_vocabulary = KINDS + 1, KINDS + 3  # digits are the tokens 1, 2, 3
    start, end = KINDS + 1, KINDS + 2
    longest = LENGTH + 1

    def data(self, settings: Any, seed: int) -> Data:
        """Lists drawn from three parts that have none in common."""
        rng = np.random.default_rng(seed)
        train, validation, test = (
            part[rng.integers(len(part), size=size)]
            for part, size in zip(parts(rng), (settings.count, settings.held_out, settings.held_out), strict=True)
        )
        return Data(with_answers(train), with_answers(validation), with_answers(test))

    def model(self, name: str, settings: Any, data: Data) -> Any:
        """The Transformer reads 11 digits, a list and all but the last digit of its answer."""
        if name != "transformer":
            return super().model(name, settings, data)
        layers = recurra.layers
        tokens = recurra.Input((2 * LENGTH - 1,), dtype="int32")
        width = settings.embedding
        x = layers.TokenAndPositionEmbedding(KINDS + 1, 2 * LENGTH - 1, width)(tokens)
        for _ in range(settings.blocks):
            x = layers.TransformerDecoder(
                4 * width, settings.heads, dropout=0.1, activation="gelu", normalize_first=True
            )(x)
        model = recurra.Model(tokens, layers.Dense(KINDS + 1)(layers.LayerNormalization()(x)))
        loss = recurra.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
        model.compile(recurra.optimizers.Adam(self.rate(settings), clipnorm=settings.clip), loss)
        return model

    def fit(self, model: Any, data: Data, settings: Any, **options: Any) -> None:
        """Trains; of the Transformer the positions of the list do not count."""
        if not isinstance(model, recurra.models.Seq2Seq):
            data = Data(continued(*data.train), data.validation, data.test)
        super().fit(model, data, settings, **options)

    def answers(self, model: Any, sources: Any) -> list[list[int]]:
        """The answers that a model writes, digit by digit."""
        if isinstance(model, recurra.models.Seq2Seq):
            return super().answers(model, sources)
        step, states = recurra.generation.step_of(model)
        return recurra.generation.generate(step, states(len(sources)), sources, max_new_tokens=LENGTH).lists()


def continued(lists: Any, answers: Any) -> tuple[Any, Any]:
    """Lists with their answers behind them, as input and, one further on, as targets: −1 within the list."""
    whole = np.concatenate([np.array(lists, "int32"), np.array(answers, "int32")], axis=1)
    targets = whole[:, 1:].copy()
    targets[:, : LENGTH - 1] = -1
    return whole[:, :-1], targets


def with_answers(lists: Any) -> tuple[list[list[int]], list[list[int]]]:
    """Lists, and the same sorted."""
    return lists.tolist(), np.sort(lists, axis=1).tolist()


def parts(rng: np.random.Generator) -> list[Any]:
    """All lists in random order: three quarters, an eighth, an eighth."""
    lists = np.array(list(itertools.product(range(1, KINDS + 1), repeat=LENGTH)), "int32")
    rng.shuffle(lists)
    quarter, eighth = len(lists) // 4, len(lists) // 8
    return [lists[quarter:], lists[:eighth], lists[eighth:quarter]]
