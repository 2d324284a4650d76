"""The callback that records how the gradient flows while a model learns."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Any

from recurra.callbacks.callback import Callback, Logs
from recurra.checks import whole_number
from recurra.diagnostics.flow import gradient_flow
from recurra.diagnostics.report import FlowReport


class GradientFlow(Callback):
    """Measures every few epochs how the gradient flows through the recurrent layers; see `gradient_flow`.

    `epochs` lists the numbers of the measured epochs (from 0), `reports` a `FlowReport` for each.

    Args:
        x: A batch of inputs, as `fit` takes them.
        y: The targets of the batch.
        every: Epochs from one measurement to the next, at least 1; default 1. The first is after the first epoch.
        plot: File name of pictures, may hold `{epoch}` (from 1); default None, no pictures.
        **options: `sample_weight`, `lengths` and `samples` of `gradient_flow`.

    Raises:
        ValueError: `every` is below 1.

    Example:
        >>> model = recurra.Sequential([recurra.Input((None, 2)), recurra.layers.GRU(3)])
        >>> model.compile("sgd", "mse")
        >>> x, y = np.ones((4, 6, 2)), np.ones((4, 3))
        >>> flow = recurra.callbacks.GradientFlow(x, y, every=2)
        >>> history = model.fit(x, y, epochs=3, verbose=0, callbacks=[flow])
        >>> flow.epochs
        [0, 2]
    """

    def __init__(self, x: Any, y: Any, every: int = 1, plot: str | PathLike[str] | None = None, **options: Any) -> None:
        super().__init__()
        self.every = whole_number(every, "GradientFlow", "every")
        self.x, self.y, self.options = x, y, options
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
