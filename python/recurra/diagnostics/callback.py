"""The callback that records how the gradient flows while a model learns."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from recurra.callbacks.callback import Callback, Logs
from recurra.diagnostics.flow import gradient_flow
from recurra.diagnostics.report import FlowReport


class GradientFlow(Callback):
    """Measures the gradient's way through the recurrent layers every few epochs; see `recurra.diagnostics`.

    x, y: a batch to look at, as `fit` takes them. every: epochs between two looks, default 1; the first is after the
    first epoch. plot: file name of pictures, may hold `{epoch}` (from 1); default none. Other arguments are those of
    `recurra.diagnostics.gradient_flow`: sample_weight, lengths, samples.

    `epochs` lists the numbers of the epochs looked at (from 0), `reports` a `FlowReport` for each.
    Raises ValueError for `every` below 1.
    """

    def __init__(self, x: Any, y: Any, every: int = 1, plot: str | PathLike[str] | None = None, **options: Any) -> None:
        super().__init__()
        if not isinstance(every, int) or every < 1:
            raise ValueError(f"GradientFlow: every must be a whole number of at least 1, got {every!r}")
        self.x, self.y, self.every, self.options = x, y, every, options
        self.plot = plot
        self.epochs: list[int] = []
        self.reports: list[FlowReport] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epochs, self.reports = [], []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if epoch % self.every:
            return
        plot = None if self.plot is None else str(self.plot).format(epoch=epoch + 1)
        self.reports.append(gradient_flow(self.model, self.x, self.y, plot=plot, **self.options))
        self.epochs.append(epoch)

    def state(self) -> dict[str, Any]:
        return {"epochs": self.epochs, "reports": [report.as_dict() for report in self.reports]}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.epochs = list(state["epochs"])
        self.reports = [FlowReport.from_dict(report) for report in state["reports"]]
