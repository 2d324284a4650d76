"""Callbacks that watch a figure: stop early, lower the learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from recurra.callbacks.callback import Callback, Logs, check_settable_rate
from recurra.callbacks.improvement import Monitor
from recurra.checks import number, plain_number


def _stored(best: Any) -> float | None:
    return None if best is None else float(best)


class EarlyStopping(Callback):
    """Stops training when a figure has stopped improving.

    Args:
        monitor: Name of the figure, default "val_loss".
        min_delta: Smaller changes do not count, default 0.
        patience: Epochs without an improvement, default 0.
        verbose: 1 prints what happens.
        mode: "min", "max", or "auto" (default) for the direction of the metric that the figure comes from.
        baseline: The figure has to be better than this; default None.
        restore_best_weights: Put back the weights of the best epoch at the end, default False.
        start_from_epoch: Epochs to wait before watching, default 0.

    Raises:
        ValueError: An argument has no such value, or the direction of the figure is not known: give `mode`.

    Example:
        >>> model = recurra.Sequential([recurra.Input((1,)), recurra.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(recurra.optimizers.SGD(0.0), "mse")
        >>> stop = recurra.callbacks.EarlyStopping("loss", patience=2)
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=10, callbacks=[stop], verbose=0)
        >>> len(history.epoch)
        3
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
        self.min_delta = min_delta
        self.patience = plain_number(patience, "EarlyStopping", "patience", 0)
        self.verbose = verbose
        self.mode = mode
        self.baseline = None if baseline is None else number(baseline, "EarlyStopping", "baseline")
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = plain_number(start_from_epoch, "EarlyStopping", "start_from_epoch", 0)
        self._forget()

    def _forget(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best_epoch = 0
        self.best: float | None = None
        self.best_weights: list[np.ndarray] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._forget()
        self._monitor.begin(self.model, self.params)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self._monitor.value(logs, self.model)
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
                f"Epoch {self.stopped_epoch + 1}: {self.monitor} has not improved since epoch {self.best_epoch + 1}: "
                "stopping"
            )
        if self.restore_best_weights and self.best_weights is not None:
            self.model.set_weights(self.best_weights)
            if self.verbose:
                print(f"Restored the weights of the best epoch, {self.best_epoch + 1}")

    def state(self) -> dict[str, Any]:
        return {"wait": self.wait, "best": self.best, "best_epoch": self.best_epoch, "best_weights": self.best_weights}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.wait = int(state["wait"])
        self.best = _stored(state["best"])
        self.best_epoch = int(state["best_epoch"])
        self.best_weights = state["best_weights"]


class ReduceLROnPlateau(Callback):
    """Lowers the learning rate when a figure has stopped improving.

    Args:
        monitor: Name of the figure, default "val_loss".
        factor: New rate = rate · factor, below 1, default 0.1.
        patience: Epochs without an improvement, default 10.
        verbose: 1 prints what happens.
        mode: "min", "max", or "auto" (default) for the direction of the metric that the figure comes from.
        min_delta: Smaller changes do not count, default 1e-4.
        cooldown: Epochs to wait after a change, default 0.
        min_lr: Lowest rate, default 0.

    Raises:
        ValueError: An argument has no such value, or the direction of the figure is not known: give `mode`.
        TypeError: The learning rate of the optimizer follows a schedule.

    Example:
        >>> model = recurra.Sequential([recurra.Input((1,)), recurra.layers.Dense(1)])
        >>> model.compile(recurra.optimizers.SGD(1.0), "mse")
        >>> reduce = recurra.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1)
        >>> history = model.fit(np.zeros((4, 1)), np.zeros((4, 1)), epochs=3, callbacks=[reduce], verbose=0)
        >>> history.history["learning_rate"]
        [1.0, 1.0, 0.5]
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
        self.factor = number(factor, "ReduceLROnPlateau", "factor")
        if not 0 < factor < 1:
            raise ValueError(f"ReduceLROnPlateau: factor must be between 0 and 1, got {factor}")
        self.monitor = monitor
        self._monitor = Monitor(monitor, mode, min_delta, "ReduceLROnPlateau")
        self.min_delta = min_delta
        self.patience = plain_number(patience, "ReduceLROnPlateau", "patience", 0)
        self.verbose = verbose
        self.mode = mode
        self.cooldown = plain_number(cooldown, "ReduceLROnPlateau", "cooldown", 0)
        self.min_lr = number(min_lr, "ReduceLROnPlateau", "min_lr", 0)
        self._forget()

    def _forget(self) -> None:
        self.best: float | None = None
        self.wait = 0
        self.cooldown_counter: float = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._forget()
        self._monitor.begin(self.model, self.params)
        check_settable_rate(self.model, "ReduceLROnPlateau")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        if isinstance(logs, dict):
            logs["learning_rate"] = optimizer.learning_rate
        value = self._monitor.value(logs, self.model)
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
        self.best = _stored(state["best"])
        self.wait = int(state["wait"])
        self.cooldown_counter = float(state["cooldown_counter"])
