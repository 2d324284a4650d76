"""What the tasks of one paper share: the networks, their settings, the optimizer, the published figures.

Source: S. Bai, J. Z. Kolter, V. Koltun, An Empirical Evaluation of Generic Convolutional and Recurrent Networks for
Sequence Modeling, arXiv:1803.01271, 2018: Table 1 (figures), Tables 2 and 3 (settings of the TCN and of the LSTM). For
the GRU and the simple RNN it says that they were searched for in the same way; here they have the settings of the LSTM
and as many parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import recurra
from recurra.tasks.task import Published, Settings, published, setting

MODELS = ("tcn", "lstm", "gru", "rnn")


@dataclass(frozen=True)
class NetworkSettings(Settings):
    """Settings of a temporal convolutional network, of recurrent layers, and of their training."""

    filters: int = setting(24, "tcn: channels of a level")
    kernel_size: int = setting(8, "tcn: steps that a kernel covers")
    levels: int = setting(8, "tcn: levels, with dilations 1, 2, 4, …")
    units: int = setting(130, "lstm, gru, rnn: units of a layer")
    layers: int = setting(1, "lstm, gru, rnn: recurrent layers on top of each other")
    forget_bias: float = setting(1.0, "lstm: first bias of the forget gate")
    dropout: float = setting(0.0, "rate, inside of the tcn or behind each recurrent layer", least=0, below=1)
    optimizer: str = setting("adam", "adam, rmsprop or sgd", choices=("adam", "rmsprop", "sgd"))
    learning_rate: float = setting(2e-3, "of the optimizer, at first", above=0)
    clip: float = setting(None, "bound of the norm of the whole gradient; none: no bound", kind=float, above=0)


def table_1(**figures: float) -> dict[str, Published]:
    """The paper's figures of a task by model."""
    return published("Bai, Kolter & Koltun, 2018, Table 1", **figures)


def sequence_layers(name: str, s: NetworkSettings, *, return_sequences: bool) -> list[Any]:
    """The layers of a model that go over the sequence."""
    layers = recurra.layers
    if name == "tcn":
        return [layers.TCN(s.filters, s.kernel_size, s.levels, dropout=s.dropout, return_sequences=return_sequences)]
    out: list[Any] = []
    for number in range(1, s.layers + 1):
        whole = return_sequences or number < s.layers
        if name == "lstm":
            out.append(layers.LSTM(s.units, forget_bias=s.forget_bias, return_sequences=whole))
        elif name == "gru":
            out.append(layers.GRU(s.units, return_sequences=whole))
        else:
            out.append(layers.SimpleRNN(s.units, return_sequences=whole))
        if s.dropout:
            out.append(layers.Dropout(s.dropout))
    return out


def optimizer(s: NetworkSettings) -> Any:
    """The optimizer of the settings; RMSprop has the constants of the library that the paper used."""
    if s.optimizer == "rmsprop":
        return recurra.optimizers.RMSprop(s.learning_rate, rho=0.99, epsilon=1e-8, global_clipnorm=s.clip)
    if s.optimizer == "adam":
        return recurra.optimizers.Adam(s.learning_rate, global_clipnorm=s.clip)
    return recurra.optimizers.SGD(s.learning_rate, global_clipnorm=s.clip)
