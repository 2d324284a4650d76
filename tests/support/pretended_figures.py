"""A callback that puts figures of a test's own in place of those of the training."""

from __future__ import annotations

from recurra import callbacks


class Figures(callbacks.Callback):
    """Pretends that these were the figures of the epochs; comes before the callback under test."""

    def __init__(self, **figures):
        super().__init__()
        self.figures = figures

    def on_epoch_end(self, epoch, logs=None):
        logs.update({name: values[epoch] for name, values in self.figures.items()})
