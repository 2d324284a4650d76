"""Penn Treebank, characters: the next character of Wall Street Journal sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import recurra
from recurra.tasks.language import BITS, LanguageSettings, LanguageTask
from recurra.tasks.paper import table_1
from recurra.tasks.task import setting


@dataclass(frozen=True)
class CharacterSettings(LanguageSettings):
    """Settings of Penn Treebank characters, and of text8."""

    epochs: int = setting(100, "how often the training data are seen", least=0)
    batch_size: int = setting(32, "rows that the text is cut into, read side by side")
    steps: int = setting(320, "steps of a window whose characters count")
    held_out_rows: int = setting(1, "rows of validation and test")
    filters: int = setting(450, "tcn: channels of a level")
    kernel_size: int = setting(3, "tcn: steps that a kernel covers")
    levels: int = setting(3, "tcn: levels, with dilations 1, 2, 4, …")
    units: int = setting(600, "lstm, gru, rnn: units of a layer")
    layers: int = setting(2, "lstm, gru, rnn: recurrent layers on top of each other")
    dropout: float = setting(0.1, "rate, inside of the tcn or behind each recurrent layer", least=0, below=1)
    embedding_dim: int = setting(100, "length of the vectors of characters")
    embedding_dropout: float = setting(0.1, "rate, of the embedded characters", least=0, below=1)
    optimizer: str = setting("sgd", "adam, rmsprop or sgd", choices=("adam", "rmsprop", "sgd"))
    learning_rate: float = setting(4.0, "of the optimizer, at first", above=0)
    clip: float = setting(0.15, "bound of the norm of the whole gradient; none: no bound", optional=True, above=0)
    anneal_factor: float = setting(10.0, "what the learning rate is divided by when the validation is worse", above=0)
    anneal_window: int = setting(3, "epochs that the validation is compared with")


def recurrent(units: int, embedding_dim: int = 120) -> dict[str, Any]:
    """Settings of recurrent layers: windows without overlap, Adam, which the paper's search allowed."""
    return {
        "units": units, "embedding_dim": embedding_dim, "steps": 100, "optimizer": "adam", "learning_rate": 2e-3,
        "clip": 0.5, "embedding_dropout": 0.0, "tie_weights": False,
    }  # fmt: skip


class PennCharacters(LanguageTask):
    """5,059,000 characters for training, 50 different ones."""

    settings_class = CharacterSettings
    models: ClassVar = {
        "tcn": {"context": 80},
        "lstm": recurrent(600),
        "gru": recurrent(690),
        "rnn": recurrent(1190),
    }
    metric = BITS
    published: ClassVar = table_1(tcn=1.31, lstm=1.36, gru=1.37, rnn=1.48)
    goal: ClassVar = {"tcn": 1.31, "gru": 1.37}

    def corpus(self) -> tuple[Any, Any, Any, Any]:
        """Characters as numbers."""
        corpus = recurra.datasets.ptb.load_data(level="character")
        return corpus.train, corpus.valid, corpus.test, recurra.models.Vocabulary(corpus.vocabulary, "char")
