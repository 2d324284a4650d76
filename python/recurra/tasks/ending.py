"""When a training may end before its last epoch."""

from __future__ import annotations

from typing import Any

from recurra.callbacks import Callback


class EndsAt(Callback):
    """Ends the training once a figure of the validation is good enough.

    Args:
        figure: Its name in the figures of an epoch.
        least: What it must reach.
    """

    def __init__(self, figure: str, least: float) -> None:
        super().__init__()
        self.figure, self.least = figure, least

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None and logs.get(self.figure, 0.0) >= self.least:
            self.model.stop_training = True
