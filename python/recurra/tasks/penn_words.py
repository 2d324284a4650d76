"""Penn Treebank, words: the next word of Wall Street Journal sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import recurra
from recurra.tasks.language import PERPLEXITY, LanguageSettings, LanguageTask
from recurra.tasks.paper import table_1
from recurra.tasks.task import Data, published, setting

ZAREMBA = ("small", "medium")


@dataclass(frozen=True)
class WordSettings(LanguageSettings):
    """Settings of Penn Treebank words."""

    epochs: int = setting(100, "how often the training data are seen", least=0)
    filters: int = setting(600, "tcn: channels of a level")
    kernel_size: int = setting(3, "tcn: steps that a kernel covers")
    levels: int = setting(4, "tcn: levels, with dilations 1, 2, 4, …")
    units: int = setting(700, "lstm, gru, rnn: units of a layer")
    layers: int = setting(3, "lstm, gru, rnn: recurrent layers on top of each other")
    dropout: float = setting(
        0.45, "rate, inside of the tcn, or in front of and behind recurrent layers", least=0, below=1
    )
    optimizer: str = setting("sgd", "adam, rmsprop or sgd", choices=("adam", "rmsprop", "sgd"))
    learning_rate: float = setting(4.0, "of the optimizer, at first", above=0)
    clip: float = setting(0.35, "bound of the norm of the whole gradient; none: no bound", optional=True, above=0)
    decay: float = setting(
        1.0, "small, medium: what the learning rate is multiplied by after each later epoch", above=0
    )
    decay_after: int = setting(4, "small, medium: epochs at the full learning rate", least=0)


def _recurrent(units: int) -> dict[str, Any]:
    """Of the paper's Table 3, with embeddings as wide as the layers, which share their weights with the softmax."""
    return {
        "units": units, "embedding_dim": units, "dropout": 0.4, "embedding_dropout": 0.4, "clip": 0.3,
        "learning_rate": 30.0, "steps": 40,
    }  # fmt: skip


# The losses of their program are sums over the steps of a window, ours are means: the learning rate is 1 times the
# steps, and the bound of the gradient 5 divided by them.
_SMALL = {
    "units": 200, "layers": 2, "embedding_dim": 200, "steps": 20, "batch_size": 20, "epochs": 13, "dropout": 0.0,
    "learning_rate": 20.0, "clip": 0.25, "decay": 0.5, "decay_after": 4, "scale": 0.1, "tie_weights": False,
    "forget_bias": 0.0, "held_out_rows": 1,
}  # fmt: skip
_MEDIUM = {
    **_SMALL, "units": 650, "embedding_dim": 650, "steps": 35, "epochs": 39, "dropout": 0.5, "embedding_dropout": 0.5,
    "learning_rate": 35.0, "clip": 5 / 35, "decay": 0.8, "decay_after": 6, "scale": 0.05,
}  # fmt: skip


class PennWords(LanguageTask):
    """888,000 words for training, 10,000 different ones, with `<eos>` at the end of each sentence.

    small and medium are the LSTMs of Zaremba et al. with their schedules; tcn, lstm, gru and rnn those of Bai et al.
    """

    settings_class = WordSettings
    models: ClassVar = {
        "small": _SMALL,
        "medium": _MEDIUM,
        "tcn": {"context": 40, "embedding_dropout": 0.25},
        "lstm": _recurrent(700),
        "gru": _recurrent(790),
        "rnn": _recurrent(1150),
    }
    metric = PERPLEXITY
    published: ClassVar = {
        **published("Zaremba et al., 2014, with the figures of its later program", small=115.91, medium=82.07),
        **table_1(tcn=88.68, lstm=78.93, gru=92.48, rnn=114.5),
    }
    goal: ClassVar = {"small": 116.0}
    equal: ClassVar = True

    def corpus(self) -> tuple[Any, Any, Any, Any]:
        """Words as numbers, the most frequent first."""
        corpus = recurra.datasets.ptb.load_data()
        return corpus.train, corpus.valid, corpus.test, recurra.models.Vocabulary(corpus.vocabulary)

    def model(self, name: str, settings: Any, data: Data) -> Any:
        """The models of Zaremba et al. begin with all weights even around 0."""
        if name not in ZAREMBA:
            return super().model(name, settings, data)
        s = settings
        even = recurra.initializers.RandomUniform(-s.scale, s.scale)
        stack: list[Any] = []
        for _ in range(s.layers):
            stack.append(
                recurra.layers.LSTM(
                    s.units,
                    forget_bias=s.forget_bias,
                    kernel_initializer=even,
                    recurrent_initializer=even,
                    return_sequences=True,
                )
            )
            if s.dropout:
                stack.append(recurra.layers.Dropout(s.dropout))
        model = recurra.models.LanguageModel(
            data.about["vocabulary"],
            stack,
            s.embedding_dim,
            tie_weights=s.tie_weights,
            input_dropout=s.embedding_dropout,
            embeddings_initializer=even,
            head_initializer=even,
        )
        model.compile(recurra.optimizers.SGD(s.learning_rate, global_clipnorm=s.clip))
        return model

    def callbacks(self, settings: Any) -> list[Any]:
        """Zaremba et al. multiply the learning rate after each epoch but the first ones; Bai et al. anneal it."""
        s = settings
        if s.decay == 1.0:
            return super().callbacks(settings)

        def rate(epoch: int) -> float:
            return float(s.learning_rate * s.decay ** max(0, epoch + 1 - s.decay_after))

        return [recurra.callbacks.LearningRateScheduler(rate)]
