"""What tasks of language share: an embedding, layers over the text, a softmax; windows that go on through the text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import recurra
from recurra.tasks.paper import NetworkSettings, optimizer, sequence_layers
from recurra.tasks.task import Data, Metric, Task, setting

PERPLEXITY = Metric("perplexity", "perplexity of a word")
BITS = Metric("bits_per_character", "bits per character")
STEPS_TOGETHER = 256  # that are evaluated at once where states are carried, without influence on the figures


@dataclass(frozen=True)
class LanguageSettings(NetworkSettings):
    """Settings of language models beside those of their layers."""

    batch_size: int = setting(16, "rows that the text is cut into, read side by side")
    steps: int = setting(40, "steps of a window whose tokens count")
    context: int = setting(0, "tcn: steps of a window in front of them", least=0)
    held_out_rows: int = setting(10, "rows of validation and test")
    embedding_dim: int = setting(600, "length of the vectors of tokens")
    embedding_dropout: float = setting(0.0, "rate, of the embedded tokens", least=0, below=1)
    tie_weights: bool = setting(True, "whether embedding and softmax share their table")
    scale: float = setting(0.1, "weights of the embedding begin evenly between minus and plus this", above=0)
    anneal_factor: float = setting(2.0, "what the learning rate is divided by when the validation is worse", above=0)
    anneal_window: int = setting(5, "epochs that the validation is compared with")
    anneal_after: int = setting(5, "epochs in which the learning rate stays", least=0)
    tokens: int = setting(None, "of each part, from the first on (default: all)", kind=int, least=2)


class LanguageTask(Task):
    """Base of the tasks of language: a subclass loads its text."""

    settings_class = LanguageSettings
    equal: ClassVar[bool] = False  # whether a validation that has not moved is worse

    def corpus(self) -> tuple[Any, Any, Any, Any]:
        """Token numbers for training, validation and test, and the vocabulary."""
        raise NotImplementedError(f"{type(self).__name__} must define corpus()")

    def data(self, settings: Any, seed: int) -> Data:
        """The three parts of the text as rows of numbers."""
        *parts, vocabulary = self.corpus()
        train, validation, test = (part[: settings.tokens] for part in parts)
        return Data(train, validation, test, {"vocabulary": vocabulary})

    def model(self, name: str, settings: Any, data: Data) -> Any:
        """The language model; with shared weights the last layer is as wide as the embedding."""
        model = recurra.models.LanguageModel(
            data.about["vocabulary"],
            self.stack(name, settings),
            settings.embedding_dim,
            tie_weights=settings.tie_weights,
            context=settings.context,
            input_dropout=settings.embedding_dropout,
            embeddings_initializer=recurra.initializers.RandomUniform(-settings.scale, settings.scale),
        )
        model.compile(optimizer(settings))
        return model

    def stack(self, name: str, settings: Any) -> list[Any]:
        """The layers over the text."""
        s = settings
        if name == "tcn":
            filters = [s.filters] * (s.levels - 1) + [s.embedding_dim if s.tie_weights else s.filters]
            return [recurra.layers.TCN(filters, s.kernel_size, dropout=s.dropout, return_sequences=True)]
        layers = sequence_layers(name, s, return_sequences=True)
        if s.tie_weights and s.units != s.embedding_dim:
            layers.append(recurra.layers.Dense(s.embedding_dim))
        return layers

    def callbacks(self, settings: Any) -> list[Any]:
        """The learning rate is divided when the validation is worse than in the epochs before."""
        from recurra.tasks.schedules import AnnealWhenWorse

        s = settings
        return [AnnealWhenWorse("val_loss", s.anneal_factor, s.anneal_window, s.anneal_after, self.equal)]

    def fit(self, model: Any, data: Data, settings: Any, **options: Any) -> None:
        """Reads the text from its beginning in each epoch; states go on from window to window."""
        model.fit(data.train, batch_size=settings.batch_size, steps=settings.steps, **options)

    def evaluate(self, model: Any, part: Any, settings: Any) -> dict[str, float]:
        """Loss in nats, and perplexity or bits per character, of a part that is read with carried states."""
        steps = settings.steps if settings.context else STEPS_TOGETHER
        found = model.evaluate(part, batch_size=settings.held_out_rows, steps=steps, return_dict=True)
        return {name: float(value) for name, value in found.items()}
