"""What a run does between its epochs: evaluates, keeps the best weights, takes the time, shows what is left."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from recurra.callbacks import Callback, ProgbarLogger
from recurra.callbacks.callback import Logs
from recurra.progress import format_duration
from recurra.tasks.sources import DrawnBatches
from recurra.tasks.task import Data, Task


class Watch(Callback):
    """Adds the figures of the validation to those of each epoch, and keeps the weights of the best one.

    Args:
        task: Whose `evaluate` is asked.
        settings: Of the run.
        data: Of the run.
        minutes: Stop after the epoch in which the run has taken so long; default None, which is never.
    """

    def __init__(self, task: Task, settings: Any, data: Data, minutes: float | None = None) -> None:
        super().__init__()
        self.task, self.settings, self.data, self.minutes = task, settings, data, minutes
        self.best: float | None = None
        self.best_epoch = 0
        self.weights: list[np.ndarray[Any, Any]] = []
        self.epoch_seconds: list[float] = []  # training and evaluation
        self.training_seconds = 0.0
        self.processor_seconds = 0.0  # of training and evaluation, all threads: what other programs take is not in it
        self.steps = 0
        self.out_of_time = False
        self._began = self._processor_began = 0.0

    @property
    def seconds(self) -> float:
        """That all epochs took, also those of earlier processes."""
        return sum(self.epoch_seconds)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if isinstance(self.data.train, DrawnBatches):
            self.data.train.epoch = epoch
        self._began, self._processor_began = time.perf_counter(), time.process_time()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        assert isinstance(logs, dict)
        self.training_seconds += time.perf_counter() - self._began
        self.steps += self.model.run.step
        figures = self.task.evaluate(self.model, self.data.validation, self.settings)
        logs |= {f"val_{name}": value for name, value in figures.items()}
        self._keep(epoch + 1, figures[self.task.metric.name])
        self.epoch_seconds.append(time.perf_counter() - self._began)
        self.processor_seconds += time.process_time() - self._processor_began
        if self.minutes is not None and self.seconds >= 60 * self.minutes:
            self.out_of_time = self.model.stop_training = True

    def _keep(self, epoch: int, figure: float) -> None:
        if math.isnan(figure):
            self.model.stop_training = True  # it cannot recover
        elif self.best is None or self.task.metric.better(figure, self.best):
            self.best, self.best_epoch = figure, epoch
            if self.task.keep_best:
                self.weights = [np.array(weight) for weight in self.model.get_weights()]

    def state(self) -> dict[str, Any]:
        return {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "weights": self.weights,
            "epoch_seconds": self.epoch_seconds,
            "training_seconds": self.training_seconds,
            "processor_seconds": self.processor_seconds,
            "steps": self.steps,
            "stopped": bool(getattr(self.model, "stop_training", False)) and not self.out_of_time,
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.best = None if state["best"] is None else float(state["best"])
        self.best_epoch, self.steps = int(state["best_epoch"]), int(state["steps"])
        self.weights = list(state["weights"])
        self.epoch_seconds = [float(seconds) for seconds in state["epoch_seconds"]]
        self.training_seconds = float(state["training_seconds"])
        self.processor_seconds = float(state["processor_seconds"])
        if state["stopped"]:
            self.model.stop_training = True


class Display(ProgbarLogger):
    """The display of `fit` that knows how long the rest of the run takes.

    Args:
        watch: What took the time of the epochs.
    """

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def _title(self) -> str:
        title, seconds = super()._title(), self._watch.epoch_seconds
        epochs = self.params.get("epochs", 0) - len(seconds)
        if not seconds or epochs < 1:
            return title
        return f"{title} · {format_duration(self._watch.seconds / len(seconds) * epochs)} left for all epochs"
