"""Callbacks that watch a figure: stop early, lower the learning rate."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from recurra.callbacks.callback import Callback, Logs

_RISING = (
    "acc",
    "accuracy",
    "auc",
    "precision",
    "recall",
    "f1_score",
    "fbeta_score",
    "r2_score",
    "cosine_similarity",
    "true_positives",
    "true_negatives",
)


class Monitor:
    """What "better" means for a figure.

    mode: "min", "max" or "auto" (rising for accuracies and the like, by the figure's name). min_delta: what counts as a
    change.
    """

    def __init__(self, name: str, mode: str, min_delta: float, who: str) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"{who}: mode must be 'auto', 'min' or 'max', got {mode!r}")
        self.name = name
        self.who = who
        self.rising = mode == "max" or (mode == "auto" and name.endswith(_RISING))
        self.min_delta = abs(min_delta)
        self.worst = -math.inf if self.rising else math.inf

    def better(self, value: float, than: float) -> bool:
        """Whether `value` beats `than` by more than min_delta."""
        return value - self.min_delta > than if self.rising else value + self.min_delta < than

    def value(self, logs: Logs | None) -> float | None:
        """The figure in the logs; warns and gives None if it is not there."""
        value = (logs or {}).get(self.name)
        if value is None:
            warnings.warn(
                f"{self.who}: there is no '{self.name}' to watch; there are {', '.join(logs or {}) or 'no figures'}",
                stacklevel=3,
            )
            return None
        return float(value)


class EarlyStopping(Callback):
    """Stops training when a figure has not become better for a while.

    monitor: name of the figure, default "val_loss". min_delta: smaller changes do not count, default 0. patience:
    epochs without a better figure, default 0. verbose: 1 says so. mode: "auto", "min" or "max". baseline: the figure
    has to be better than this. restore_best_weights: put back the weights of the best epoch at the end, default False.
    start_from_epoch: epochs to wait before watching, default 0.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__()
        self.monitor = monitor
        self._monitor = Monitor(monitor, mode, min_delta, "EarlyStopping")
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._forget()

    def _forget(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best: float = self._monitor.worst
        self.best_weights: list[np.ndarray] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._forget()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self._monitor.value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights = self.model.get_weights()
            self.best_epoch = epoch
        self.wait += 1
        if self._monitor.better(value, self.best):
            self.best = value
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._monitor.better(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch and self.verbose:
            print(
                f"Epoch {self.stopped_epoch + 1}: {self.monitor} is not better since epoch {self.best_epoch + 1}: stop"
            )
        if self.restore_best_weights and self.best_weights is not None:
            self.model.set_weights(self.best_weights)
            if self.verbose:
                print(f"The weights are those of epoch {self.best_epoch + 1}, the best one")

    def state(self) -> dict[str, Any]:
        return {"wait": self.wait, "best": self.best, "best_epoch": self.best_epoch, "best_weights": self.best_weights}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.wait = int(state["wait"])
        self.best = float(state["best"])
        self.best_epoch = int(state["best_epoch"])
        self.best_weights = state["best_weights"]


class ReduceLROnPlateau(Callback):
    """Lowers the learning rate when a figure has not become better for a while.

    monitor: name of the figure, default "val_loss". factor: new rate = rate · factor, below 1, default 0.1. patience:
    epochs without a better figure, default 10. verbose: 1 says so. mode: "auto", "min" or "max". min_delta: smaller
    changes do not count, default 1e-4. cooldown: epochs to wait after a change, default 0. min_lr: default 0.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__()
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be between 0 and 1, got {factor}")
        self.monitor = monitor
        self._monitor = Monitor(monitor, mode, min_delta, "ReduceLROnPlateau")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._forget()

    def _forget(self) -> None:
        self.best: float = self._monitor.worst
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._forget()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        if isinstance(logs, dict):
            logs["learning_rate"] = optimizer.learning_rate
        value = self._monitor.value(logs)
        if value is None:
            return
        cooling = self.cooldown_counter > 0
        if cooling:
            self.cooldown_counter -= 1
            self.wait = 0
            cooling = self.cooldown_counter > 0
        if self._monitor.better(value, self.best):
            self.best = value
            self.wait = 0
        elif not cooling:
            self.wait += 1
            if self.wait >= self.patience and optimizer.learning_rate > self.min_lr:
                optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
                self.cooldown_counter = self.cooldown
                self.wait = 0
                if self.verbose:
                    print(f"Epoch {epoch + 1}: learning rate lowered to {optimizer.learning_rate:g}")

    def state(self) -> dict[str, Any]:
        return {"best": self.best, "wait": self.wait, "cooldown_counter": self.cooldown_counter}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.best = float(state["best"])
        self.wait = int(state["wait"])
        self.cooldown_counter = int(state["cooldown_counter"])
