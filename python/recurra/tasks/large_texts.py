"""WikiText-103, LAMBADA and text8, whose files the user brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import recurra
from recurra.tasks.language import BITS, PERPLEXITY, LanguageTask
from recurra.tasks.paper import optimizer, table_1
from recurra.tasks.penn_chars import CharacterSettings, recurrent
from recurra.tasks.penn_words import WordSettings
from recurra.tasks.task import Data, Metric, setting


@dataclass(frozen=True)
class LargeWordSettings(WordSettings):
    """Settings of WikiText-103 and LAMBADA."""

    path: str = setting("wikitext-103-v1.zip", "name of the zip, or path of it or of its folder")
    epochs: int = setting(10, "how often the training data are seen", least=0)
    dropout: float = setting(0.4, "rate, inside of the tcn or behind recurrent layers", least=0, below=1)
    embedding_dropout: float = setting(0.4, "rate, of the embedded tokens", least=0, below=1)
    clip: float = setting(0.4, "bound of the norm of the whole gradient; none: no bound", optional=True, above=0)
    tie_weights: bool = setting(False, "whether embedding and softmax share their table")
    cutoff: int = setting(20_000, "words that the adaptive softmax treats as frequent; one cluster has the others")


class _LargeWords(LanguageTask):
    """What both have in common: an adaptive softmax."""

    def model(self, name: str, settings: Any, data: Data) -> Any:
        """The language model, with an adaptive softmax where there are more words than `cutoff`."""
        s, vocabulary = settings, data.about["vocabulary"]
        model = recurra.models.LanguageModel(
            vocabulary,
            self.stack(name, s),
            s.embedding_dim,
            tie_weights=s.tie_weights,
            cutoffs=[s.cutoff] if len(vocabulary) > s.cutoff and not s.tie_weights else None,
            context=s.context,
            input_dropout=s.embedding_dropout,
            embeddings_initializer=recurra.initializers.RandomUniform(-s.scale, s.scale),
        )
        model.compile(optimizer(s))
        return model


class WikiText103(_LargeWords):
    """103 million words for training, 267,735 different ones.

    Put wikitext-103-v1.zip where data sets are looked for.
    """

    settings_class = LargeWordSettings
    models: ClassVar = {
        "tcn": {"filters": 1000, "levels": 5, "embedding_dim": 400, "context": 40},
        "lstm": {"units": 1000, "layers": 2, "embedding_dim": 400, "learning_rate": 30.0, "clip": 0.3},
    }
    metric = PERPLEXITY
    published: ClassVar = table_1(tcn=45.19, lstm=48.4)

    def data(self, settings: Any, seed: int) -> Data:
        """Words as numbers, the most frequent first."""
        found = recurra.datasets.large_texts.load_wikitext103(settings.path)
        train, validation, test = (part[: settings.tokens] for part in (found.train, found.valid, found.test))
        return Data(train, validation, test, {"vocabulary": recurra.models.Vocabulary(found.vocabulary)})


@dataclass(frozen=True)
class LambadaSettings(LargeWordSettings):
    """Settings of LAMBADA."""

    path: str = setting("lambada-dataset", "name or path of the folder")
    batch_size: int = setting(20, "rows that the text is cut into, read side by side")
    steps: int = setting(50, "steps of a window whose tokens count")
    max_words: int = setting(93_215, "words that are known, the most frequent ones")
    anneal_factor: float = setting(10.0, "what the learning rate is divided by when the validation is worse", above=0)


class Lambada(_LargeWords):
    """200 million words of novels; the figure is the perplexity of the last word of passages, which the rest leads to.

    Put the unpacked folder lambada-dataset, with the novels in train-novels, where data sets are looked for.
    """

    settings_class = LambadaSettings
    models: ClassVar = {
        "tcn": {"filters": 500, "kernel_size": 4, "levels": 5, "embedding_dim": 500, "context": 50},
        "lstm": {"units": 500, "layers": 2, "embedding_dim": 500, "learning_rate": 30.0, "clip": 0.3},
        "rnn": {"units": 500, "layers": 2, "embedding_dim": 500, "learning_rate": 30.0, "clip": 0.3},
    }
    metric = Metric("perplexity", "perplexity of the last words")
    published: ClassVar = table_1(tcn=1279, lstm=4186, rnn=14725)
    equal: ClassVar = True

    def data(self, settings: Any, seed: int) -> Data:
        """The novels as one row of numbers, passages one by one."""
        s = settings
        train, validation, test, words = recurra.datasets.large_texts.load_lambada(s.path, s.max_words)
        return Data(train[: s.tokens], validation, test, {"vocabulary": recurra.models.Vocabulary(words)})

    def evaluate(self, model: Any, part: Any, settings: Any) -> dict[str, float]:
        """Loss in nats and perplexity of the last word of each passage, given the words before it."""
        losses = []
        for passage in part:
            with model.states_apart():
                nats = model(passage[None, :-1], targets=recurra.Tensor(passage[None, -1:]), training=False)
            losses.append(nats.item())
        mean = float(np.mean(losses))
        return {"loss": mean, "perplexity": float(np.exp(mean))}


@dataclass(frozen=True)
class Text8Settings(CharacterSettings):
    """Settings of text8."""

    path: str = setting("text8.zip", "name of the zip, or path of it or of the file in it")
    epochs: int = setting(10, "how often the training data are seen", least=0)
    filters: int = setting(520, "tcn: channels of a level")
    kernel_size: int = setting(2, "tcn: steps that a kernel covers")
    levels: int = setting(5, "tcn: levels, with dilations 1, 2, 4, …")
    optimizer: str = setting("adam", "adam, rmsprop or sgd", choices=("adam", "rmsprop", "sgd"))
    learning_rate: float = setting(2e-3, "of the optimizer, at first", above=0)


class Text8(LanguageTask):
    """90 million characters for training, a to z and the space; put text8.zip where data sets are looked for."""

    settings_class = Text8Settings
    models: ClassVar = {
        "tcn": {"context": 80},
        "lstm": {**recurrent(1024), "layers": 1, "dropout": 0.15},
        "gru": {**recurrent(1180), "layers": 1, "dropout": 0.15},
        "rnn": {**recurrent(2050), "layers": 1, "dropout": 0.15},
    }
    metric = BITS
    published: ClassVar = table_1(tcn=1.45, lstm=1.50, gru=1.53, rnn=1.69)

    def data(self, settings: Any, seed: int) -> Data:
        """Characters as numbers."""
        found = recurra.datasets.large_texts.load_text8(settings.path)
        train, validation, test = (part[: settings.tokens] for part in (found.train, found.valid, found.test))
        return Data(train, validation, test, {"vocabulary": recurra.models.Vocabulary(found.vocabulary, "char")})
