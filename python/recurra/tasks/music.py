"""Polyphonic music: which of 88 keys sound in the next step of a piece. JSB Chorales and Nottingham."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import recurra
from recurra.tasks.paper import NetworkSettings, optimizer, sequence_layers, table_1
from recurra.tasks.task import Data, Metric, Task, setting

KEYS = 88


@dataclass(frozen=True)
class MusicSettings(NetworkSettings):
    """Settings of both collections."""

    epochs: int = setting(100, "how often the training data are seen", least=0)
    batch_size: int = setting(1, "pieces a step")
    filters: int = setting(150, "tcn: channels of a level")
    kernel_size: int = setting(3, "tcn: steps that a kernel covers")
    levels: int = setting(2, "tcn: levels, with dilations 1, 2, 4, …")
    dropout: float = setting(0.5, "rate, inside of the tcn or behind each recurrent layer", least=0, below=1)
    learning_rate: float = setting(1e-3, "of the optimizer, at first", above=0)
    clip: float = setting(0.4, "bound of the norm of the whole gradient; none: no bound", optional=True, above=0)
    pieces: int = setting(None, "of each part, from the first on; none: all", kind=int)


class Chorales(Task):
    """JSB Chorales, 229 pieces.

    The figure is the sum over the 88 keys of the negative log-likelihood, a mean over all steps. The loss of a step of
    the training is the sum over the piece, as in the paper's program.
    """

    settings_class = MusicSettings
    models: ClassVar = {
        "tcn": {},
        "lstm": {"units": 200, "layers": 2, "dropout": 0.2, "clip": 1.0, "forget_bias": 10.0},
        "gru": {"units": 235, "layers": 2, "dropout": 0.2, "clip": 1.0},
        "rnn": {"units": 409, "layers": 2, "dropout": 0.2, "clip": 1.0},
    }
    metric = Metric("nll", "negative log-likelihood of a step, nats")
    published = table_1(tcn=8.10, lstm=8.45, gru=8.43, rnn=8.91)
    goal: ClassVar = {"tcn": 8.2, "gru": 8.43}

    def load(self) -> Any:
        """Pieces for training, validation and test."""
        return recurra.datasets.jsb_chorales.load_data()

    def data(self, settings: MusicSettings, seed: int) -> Data:
        """Every piece is to be continued step by step."""
        from recurra.tasks.sources import Pieces

        train, validation, test = (part[: settings.pieces] for part in self.load())
        return Data(Pieces(train, settings.batch_size), Pieces(validation), Pieces(test))

    def model(self, name: str, settings: MusicSettings, data: Data) -> Any:
        """Scores of the keys at every step."""
        model = recurra.Sequential(
            [
                recurra.Input((None, KEYS)),
                *sequence_layers(name, settings, return_sequences=True),
                recurra.layers.Dense(KEYS),
            ]
        )
        # The loss of the package is a mean over the keys, so 88 times its sum over the steps is the sum over the piece.
        loss = recurra.losses.BinaryCrossentropy(from_logits=True, reduction="sum")
        model.compile(optimizer(settings), loss, loss_weights=[float(KEYS)])
        return model

    def callbacks(self, settings: MusicSettings) -> list[Any]:
        """The learning rate is divided by 10 when the validation is worse than in the three epochs before."""
        from recurra.tasks.schedules import AnnealWhenWorse

        return [AnnealWhenWorse("val_nll", factor=10.0, window=3, after=10)]

    def evaluate(self, model: Any, part: Any, settings: MusicSettings) -> dict[str, float]:
        """Negative log-likelihood of all steps of all pieces, a mean over the steps."""
        total, steps = 0.0, 0
        for x, y in (part[i] for i in range(len(part))):
            scores = model.predict_on_batch(x).astype("float64")
            total += float((np.logaddexp(0, scores) - y * scores).sum())
            steps += y.shape[1]
        return {"nll": total / steps}


class Nottingham(Chorales):
    """Nottingham, 694 folk tunes. The figure is formed as for the chorales.

    Settings of the tcn: those of the paper's program, which have the stated million parameters; those of its Table 2
    (kernel_size 6, dropout 0.2) have two.
    """

    models: ClassVar = {
        "tcn": {"kernel_size": 5, "levels": 4, "dropout": 0.25, "clip": 0.2},
        "lstm": {"units": 500, "dropout": 0.1, "learning_rate": 4e-3, "clip": 1.0},
        "gru": {"units": 584, "dropout": 0.1, "learning_rate": 4e-3, "clip": 1.0},
        "rnn": {"units": 1042, "dropout": 0.1, "learning_rate": 4e-3, "clip": 1.0},
    }
    published = table_1(tcn=3.07, lstm=3.29, gru=3.46, rnn=4.05)
    goal: ClassVar = {"tcn": 3.2, "gru": 3.46}

    def load(self) -> Any:
        """Pieces for training, validation and test."""
        return recurra.datasets.nottingham.load_data()
