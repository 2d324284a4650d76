"""Schedules of the learning rate that look at the validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recurra.callbacks import Callback
from recurra.callbacks.callback import Logs, check_settable_rate
from recurra.checks import positive_number, whole_number


class AnnealWhenWorse(Callback):
    """Divides the learning rate when a figure is worse than all of the last few epochs; lower figures are better.

    Args:
        monitor: Name of the figure, such as "val_loss".
        factor: What the rate is divided by; default 10.
        window: Number of epochs that the figure is compared with; default 3.
        after: Epochs at the start in which nothing is changed; default 10.
        equal: Whether a figure as large as the worst of them counts as worse; default False.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> anneal = recurra.tasks.AnnealWhenWorse("val_loss", factor=2.0, window=5, after=5, equal=True)
        >>> anneal.state()
        {'figures': []}

    Source: the training programs of Bai, Kolter & Koltun, 2018.
    """

    def __init__(
        self, monitor: str, factor: float = 10.0, window: int = 3, after: int = 10, equal: bool = False
    ) -> None:
        super().__init__()
        self.monitor = monitor
        self.factor = positive_number(factor, "AnnealWhenWorse", "factor")
        self.window = whole_number(window, "AnnealWhenWorse", "window")
        self.after = whole_number(after, "AnnealWhenWorse", "after", 0)
        self.equal = equal
        self._figures: list[float] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        check_settable_rate(self.model, "AnnealWhenWorse")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        figure = float((logs or {})[self.monitor])
        if isinstance(logs, dict):
            logs["learning_rate"] = self.model.optimizer.learning_rate
        before = self._figures[-self.window :]
        if epoch + 1 > self.after and before:
            worst = max(before)
            if figure > worst or (self.equal and figure == worst):
                self.model.optimizer.learning_rate = self.model.optimizer.learning_rate / self.factor
        self._figures.append(figure)

    def state(self) -> dict[str, Any]:
        return {"figures": self._figures}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self._figures = [float(figure) for figure in state["figures"]]
