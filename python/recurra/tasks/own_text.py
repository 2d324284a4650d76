"""A language model of anyone's text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import recurra
from recurra.tasks.language import LanguageSettings, LanguageTask
from recurra.tasks.task import Data, Metric, setting


@dataclass(frozen=True)
class TextSettings(LanguageSettings):
    """Settings of a text of one's own."""

    file: str = setting("", "the text, one sentence or verse a line")
    level: str = setting("char", "what the tokens are: char or word", choices=("char", "word"))
    encoding: str = setting("utf-8", "of the file")
    held_out: float = setting(0.1, "share of the text, at its end, for validation and test", above=0, below=1)
    max_words: int = setting(None, "word: at most so many, the most frequent ones (default: all)", kind=int, least=2)
    min_count: int = setting(1, "word: those that occur less often are unknown ones")
    punctuation: bool = setting(False, "word: whether marks are words of their own")
    lower: bool = setting(False, "whether the text is read in lower case")
    epochs: int = setting(20, "how often the training data are seen", least=0)
    batch_size: int = setting(32, "rows that the text is cut into, read side by side")
    steps: int = setting(64, "steps of a window, through which the gradient goes back")
    units: int = setting(256, "lstm, gru, rnn: units of a layer")
    layers: int = setting(2, "lstm, gru, rnn: recurrent layers on top of each other")
    filters: int = setting(256, "tcn: channels of a level")
    kernel_size: int = setting(3, "tcn: steps that a kernel covers")
    levels: int = setting(5, "tcn: levels, with dilations 1, 2, 4, …")
    embedding_dim: int = setting(128, "length of the vectors of tokens")
    tie_weights: bool = setting(False, "whether embedding and softmax share their table")
    dropout: float = setting(0.2, "rate, inside of the tcn or behind each recurrent layer", least=0, below=1)
    clip: float = setting(1.0, "bound of the norm of the whole gradient; none: no bound", optional=True, above=0)
    anneal_window: int = setting(2, "epochs that the validation is compared with")
    anneal_after: int = setting(0, "epochs in which the learning rate stays", least=0)


class OwnText(LanguageTask):
    """The last part of the text, a tenth by default, is held out: validation and test are both of it.

    The vocabulary is that of the whole text for characters, that of the training part for words.
    """

    settings_class = TextSettings
    positional: ClassVar = ("file",)
    models: ClassVar = {"lstm": {}, "gru": {}, "rnn": {}, "tcn": {"context": 64}}
    metric = Metric("loss", "cross-entropy of a token, nats")

    def data(self, settings: Any, seed: int) -> Data:
        """The text as numbers.

        Raises:
            ValueError: There is no text in the file, or it is not in this encoding.
        """
        from recurra.preprocessing.reading import decode

        s = settings
        if not s.file:
            raise ValueError("settings: file must be the path of a text, got ''")
        text = decode(Path(s.file).read_bytes(), s.file, s.encoding)
        if not text.strip():
            raise ValueError(f"{s.file} has no text")
        of_training = text if s.level == "char" else text[: round(len(text) * (1 - s.held_out))]
        vocabulary = recurra.models.Vocabulary.of(
            of_training, s.level, s.max_words, s.min_count, s.punctuation, s.lower
        )
        numbers = vocabulary.encode(text)
        at = round(len(numbers) * (1 - s.held_out))
        train, held_out = numbers[:at][: s.tokens], numbers[at:][: s.tokens]
        rows = max(1, min(s.held_out_rows, (len(held_out) - 1) // 2))
        need = max(s.batch_size + 1, 3)
        if len(train) < need or len(held_out) < 3:
            raise ValueError(
                f"{s.file} has {len(numbers):,} tokens, too few: batch_size={s.batch_size} needs {need} in the "
                "training part and 3 in the one that is held out; give a longer text, or a smaller batch_size"
            )
        return Data(train, (held_out, rows), (held_out, rows), {"vocabulary": vocabulary})

    def evaluate(self, model: Any, part: Any, settings: Any) -> dict[str, float]:
        """Loss in nats, and perplexity or bits per character."""
        held_out, rows = part
        found = model.evaluate(held_out, batch_size=rows, return_dict=True)
        return {name: float(value) for name, value in found.items()}
