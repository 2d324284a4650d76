"""Averages of the weights of many steps, in place of the last ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from recurra.callbacks.callback import Callback, Logs
from recurra.checks import whole_number
from recurra.tensor import Tensor


class AveragedWeights(Callback):
    """Averages the weights of all steps from an epoch on: averaged SGD, by default from where training stops improving.

        begin:  val_t > min(val_1, …, val_{t−patience−1})      θ̄ ← θ̄ + (θ − θ̄) / steps since then

    Between the steps the model has the averaged weights, so these are evaluated and saved; a step is taken from the
    weights themselves. With SGD and a constant learning rate this is ASGD, with the condition above NT-ASGD.

    Args:
        monitor: Figure that is looked at, lower is better; default "val_loss".
        patience: The epochs before the last, whose figures are left out of the comparison; default 5.
        start_epoch: Number of the epoch, from 1, that the average begins with, whatever the figure; default None.

    Raises:
        ValueError: An argument is out of range, or the figure does not exist.

    Sources: Polyak & Juditsky, Acceleration of stochastic approximation by averaging, 1992; Merity et al., Regularizing
    and Optimizing LSTM Language Models, 2018, Algorithm 1.

    Example:
        >>> model = recurra.Sequential([recurra.Input((1,)), recurra.layers.Dense(1, use_bias=False)])
        >>> model.compile(recurra.optimizers.SGD(0.1), "mse")
        >>> average = recurra.callbacks.AveragedWeights(start_epoch=1)
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), batch_size=1, callbacks=[average], verbose=0)
        >>> average.count
        4
    """

    def __init__(self, monitor: str = "val_loss", patience: int = 5, start_epoch: int | None = None) -> None:
        super().__init__()
        self.monitor = monitor
        self.patience = whole_number(patience, "AveragedWeights", "patience", 0)
        self.start_epoch = None if start_epoch is None else whole_number(start_epoch, "AveragedWeights", "start_epoch")
        self.averages = False
        self.count = 0  # steps in the average
        self._figures: list[float] = []
        self._own: Tensor | None = None  # the weights that the next step moves
        self._average: Tensor | None = None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.start_epoch is not None and epoch + 1 >= self.start_epoch:
            self.averages = True

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        if self._own is not None:
            self.model.optimizer.flat_weights.assign(self._own)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self.averages:
            return
        weights = self.model.optimizer.flat_weights
        self.count += 1
        self._own = weights.clone()
        if self._average is None:
            self._average = weights.clone()
        self.model.optimizer.track_average(self._average, 1 - 1 / self.count)
        weights.assign(self._average)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.averages or self.start_epoch is not None:
            return
        figure = (logs or {}).get(self.monitor)
        if figure is None:
            raise ValueError(
                f"AveragedWeights: there is no figure '{self.monitor}', there are {', '.join(logs or {})}; give "
                "validation data, monitor or start_epoch"
            )
        before = self._figures[: len(self._figures) - self.patience]
        self.averages = bool(before) and float(figure) > min(before)
        self._figures.append(float(figure))

    def state(self) -> dict[str, Any]:
        return {
            "averages": self.averages,
            "count": self.count,
            "figures": self._figures,
            "own": None if self._own is None else np.array(self._own.numpy()),
            "average": None if self._average is None else np.array(self._average.numpy()),
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.averages, self.count = bool(state["averages"]), int(state["count"])
        self._figures = [float(figure) for figure in state["figures"]]
        self._own = None if state["own"] is None else Tensor(np.array(state["own"]))
        self._average = None if state["average"] is None else Tensor(np.array(state["average"]))
