"""The display of `fit`, `evaluate` and `predict`, as a callback."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TextIO

from recurra.callbacks.callback import Callback, Logs
from recurra.progress import Progress, format_duration, format_values


class ProgbarLogger(Callback):
    r"""Shows progress by `verbose`: 0 nothing, 1 a bar per epoch (see `recurra.progress`), 2 one line per epoch.

    `fit` adds one by itself; give your own to show progress elsewhere.

    Args:
        stream: Where to write, default standard output.
        clock: Function that gives the time in seconds.

    Example:
        >>> import io
        >>> model = recurra.Sequential([recurra.Input((1,)), recurra.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(recurra.optimizers.SGD(0.0), "mse")
        >>> shown = io.StringIO()
        >>> display = recurra.callbacks.ProgbarLogger(shown, clock=lambda: 0.0)
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), callbacks=[display], verbose=2)
        >>> shown.getvalue()
        'Epoch 1/1 · 1 steps · ... · loss 1.0000\n'
    """

    #: Figures are fetched when they are drawn, not at each batch.
    lazy = True

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.perf_counter) -> None:
        super().__init__()
        self._stream = stream
        self._clock = clock
        self._progress: Progress | None = None
        self._fitting = False
        self._start = 0.0
        self._epoch = 0

    def _open(self, title: str = "") -> None:
        self._start = self._clock()
        silent = self.params.get("verbose") != 1
        self._progress = None if silent else Progress(self.params.get("steps"), title, self._stream, self._clock)

    def _step(self, batch: int) -> None:
        if self._progress is not None:
            self._progress.update(batch + 1, self.model.run.samples, self.model.get_metrics_result)

    def _close(self, logs: Logs | None, title: str = "") -> None:
        steps, samples = self.model.run.step, self.model.run.samples
        if self._progress is not None:
            self._progress.finish(steps, samples, logs)
            self._progress = None
        elif self.params.get("verbose") == 2:
            seconds = self._clock() - self._start
            parts = [title, f"{steps} steps", format_duration(seconds), format_values(logs or {})]
            print(" · ".join(part for part in parts if part), file=self._stream, flush=True)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._fitting = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch
        self._open(self._title())
        if self._progress is not None:
            self._progress.start_from(self.model.run.step)

    def _title(self) -> str:
        return f"Epoch {self._epoch + 1}/{self.params.get('epochs', '?')}"

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._step(batch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._close(logs, self._title())

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._fitting = False
        if self._progress is not None:  # the epoch was cut short
            self._close(logs, self._title())

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._fitting:
            self._open()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._fitting:
            self._step(batch)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._fitting:
            self._close(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._open()

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self._progress is not None:
            self._progress.update(batch + 1, self.model.run.samples)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._close({})


def checked_verbose(verbose: Any) -> int:
    """0, 1 or 2; "auto" is 1.

    Raises:
        ValueError: It is something else.
    """
    if verbose == "auto":
        return 1
    if verbose in (0, 1, 2):
        return int(verbose)
    raise ValueError(f"verbose must be 0, 1, 2 or 'auto', got {verbose!r}")
