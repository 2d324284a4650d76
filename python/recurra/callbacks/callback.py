"""Callbacks: what `fit`, `evaluate` and `predict` call on their way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from os import PathLike, fspath
from typing import Any

from recurra import plotting
from recurra.checks import is_number, positional_count, unknown_argument
from recurra.configurable import Configurable

Logs = Mapping[str, Any]


class Callback(Configurable):
    """Base of the callbacks: override what you need.

    `self.model` is the model, `self.params` says "epochs", "steps" (None if unknown) and "verbose". `logs` are the
    figures so far: of the epoch's batches up to now, or of the whole epoch with the validation's `val_…`. Set
    `self.model.stop_training = True` to stop after this batch.

    Example:
        >>> class Count(recurra.callbacks.Callback):
        ...     def on_train_begin(self, logs=None):
        ...         self.batches = 0
        ...     def on_train_batch_end(self, batch, logs=None):
        ...         self.batches += 1
        >>> model = recurra.Sequential([recurra.Input((1,)), recurra.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> count = Count()
        >>> history = model.fit(np.ones((8, 1)), np.ones((8, 1)), batch_size=2, callbacks=[count], verbose=0)
        >>> count.batches
        4
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] = {}
        self.model: Any = None

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Tells the settings of the run."""
        self.params = dict(params)

    def set_model(self, model: Any) -> None:
        """Tells the model."""
        self.model = model

    def state(self) -> dict[str, Any]:
        """What must survive an interrupted run: numbers, strings, arrays and lists of arrays, by name."""
        return {}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Puts back what `state` gave."""

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Old name of on_train_batch_begin."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Old name of on_train_batch_end."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Before the first batch of an epoch (counted from 0)."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """After the validation of an epoch."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a training step."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a training step."""
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of `evaluate` or of the validation."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of `evaluate` or of the validation."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Before a batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """After a batch of `predict`; `logs["outputs"]` has its outputs."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """At the start of `fit`."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """At the end of `fit`, also of one that was interrupted."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """At the start of `evaluate` or of the validation."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """At the end of `evaluate` or of the validation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """At the start of `predict`."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """At the end of `predict`."""


class CallbackList:
    """Several callbacks called in order.

    Figures of single batches are computed only if a callback looks at them; one with a true attribute `lazy` is called
    without and fetches them when it needs them.

    Args:
        callbacks: The callbacks.
        model: The model that they are told of; default none.
        **params: The settings of the run that they are told of.

    Raises:
        TypeError: One is no callback.

    Example:
        >>> several = recurra.callbacks.CallbackList([recurra.callbacks.TerminateOnNaN()], epochs=3)
        >>> several.callbacks[0].params
        {'epochs': 3}
    """

    def __init__(self, callbacks: Iterable[Any] = (), model: Any = None, **params: Any) -> None:
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            if isinstance(callback, type):
                raise TypeError(f"callbacks: {callback.__name__} is a class; give an object, {callback.__name__}(...)")
            if not hasattr(callback, "on_epoch_end"):
                raise TypeError(f"callbacks: expected Callback objects, got {type(callback).__name__}")
            callback.set_params(params)
            if model is not None:
                callback.set_model(model)
        self._begin = {"train": self._with("on_train_batch_begin", "on_batch_begin")}
        self._begin |= {kind: self._with(f"on_{kind}_batch_begin") for kind in ("test", "predict")}
        self._end = {"train": self._with("on_train_batch_end", "on_batch_end")}
        self._end |= {kind: self._with(f"on_{kind}_batch_end") for kind in ("test", "predict")}

    def _with(self, *hooks: str) -> list[Any]:
        """The callbacks that define one of these methods."""

        def defines(callback: Any, hook: str) -> bool:
            own = getattr(type(callback), hook, None)
            return (own is not None and own is not getattr(Callback, hook)) or hook in vars(callback)

        return [callback for callback in self.callbacks if any(defines(callback, hook) for hook in hooks)]

    def call(self, hook: str, *args: Any) -> None:
        """Calls one method of every callback."""
        for callback in self.callbacks:
            getattr(callback, hook)(*args)

    def batch_begin(self, kind: str, batch: int) -> None:
        """Before a batch; kind: "train", "test" or "predict"."""
        for callback in self._begin[kind]:
            getattr(callback, f"on_{kind}_batch_begin")(batch, {})

    def batch_end(self, kind: str, batch: int, figures: Callable[[], Logs]) -> None:
        """After a batch; `figures` gives the logs."""
        logs = None
        for callback in self._end[kind]:
            if getattr(callback, "lazy", False):
                getattr(callback, f"on_{kind}_batch_end")(batch, None)
            else:
                logs = figures() if logs is None else logs
                getattr(callback, f"on_{kind}_batch_end")(batch, logs)


def check_settable_rate(model: Any, who: str) -> None:
    """Refuses a model whose learning rate follows a schedule and cannot be set.

    Raises:
        TypeError: It does.
    """
    schedule = getattr(model.optimizer, "learning_rate_schedule", None)
    if schedule is not None:
        raise TypeError(
            f"{who}: the learning rate of the optimizer follows {schedule!r} and cannot be set; compile the model with "
            "a number as learning_rate, or leave the callback out"
        )


class History(Callback):
    """The figures of every epoch of a training; `fit` returns it.

    `history` maps names to lists with one number an epoch, `epoch` lists the numbers of the epochs (from 0).

    Example:
        >>> model = recurra.Sequential([recurra.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(np.zeros((4, 2)), np.zeros((4, 1)), epochs=3, verbose=0)
        >>> history
        <History of 3 epochs: loss=0>
        >>> history.history["loss"]
        [0.0, 0.0, 0.0]
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []
        self._epochs: dict[str, list[int]] = {}  # of each figure, which a validation may leave out

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.history = {}
        self.epoch = []
        self._epochs = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
            self._epochs.setdefault(name, []).append(epoch)
        self.model.history = self

    def plot(self, path: str | PathLike[str] | None = None) -> Any:
        """Draws the figures by epoch.

        Args:
            path: Where to write the picture, as PNG, PDF or SVG by its ending; it is not written by default.

        Returns:
            The figure of matplotlib.

        Raises:
            ImportError: matplotlib is not installed; the message says how to install it.
            ValueError: No epoch was completed.
        """
        if not self.epoch:
            raise ValueError("History.plot: there is no figure to draw, no epoch was completed")
        figure = plotting.plot_history(
            self.history, {name: [epoch + 1 for epoch in self._epochs[name]] for name in self.history}
        )
        if path is not None:
            plotting.save(figure, fspath(path))
        return figure

    def __repr__(self) -> str:
        count = len(self.epoch)
        last = ", ".join(f"{name}={values[-1]:.4g}" for name, values in self.history.items() if is_number(values[-1]))
        return f"<History of {count} epoch{'s' * (count != 1)}{': ' if last else ''}{last}>"

    def state(self) -> dict[str, Any]:
        return {"history": self.history, "epoch": self.epoch}

    def set_state(self, state: Mapping[str, Any]) -> None:
        self.history = {name: list(values) for name, values in state["history"].items()}
        self.epoch = list(state["epoch"])
        self._epochs = {name: self.epoch[len(self.epoch) - len(v) :] for name, v in self.history.items()}


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        **functions: Functions by the name of the method of `Callback` that they stand for.

    Raises:
        TypeError: A name is none of a method.

    Example:
        >>> model = recurra.Sequential([recurra.Input((1,)), recurra.layers.Dense(1, kernel_initializer="zeros")])
        >>> model.compile(recurra.optimizers.SGD(0.0), "mse")
        >>> show = recurra.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), callbacks=[show], verbose=0)
        0 {'loss': 1.0}
    """

    def __init__(self, **functions: Callable[..., Any] | None) -> None:
        super().__init__()
        for name, function in functions.items():
            if not name.startswith("on_") or not hasattr(Callback, name):
                raise unknown_argument(
                    "LambdaCallback", name, [hook for hook in dir(Callback) if hook.startswith("on_")]
                )
            if function is not None:
                setattr(self, name, function)

    def __repr__(self) -> str:
        return f"LambdaCallback({', '.join(f'{name}=...' for name in vars(self) if name.startswith('on_'))})"


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch; it is in the figures as "learning_rate".

    Args:
        schedule: Function of (epoch, current rate), or of the epoch alone, that returns the rate.
        verbose: 1 prints the rate.

    Raises:
        TypeError: The schedule returns no number, or the optimizer follows a schedule of its own.

    Example:
        >>> model = recurra.Sequential([recurra.Input((1,)), recurra.layers.Dense(1)])
        >>> model.compile(recurra.optimizers.SGD(1.0), "mse")
        >>> halve = recurra.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
        >>> history = model.fit(np.ones((4, 1)), np.ones((4, 1)), epochs=2, callbacks=[halve], verbose=0)
        >>> history.history["learning_rate"]
        [0.5, 0.25]
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler: schedule must be a function of the epoch, got {schedule!r}")
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = positional_count(schedule, 2) >= 2

    def on_train_begin(self, logs: Logs | None = None) -> None:
        check_settable_rate(self.model, "LearningRateScheduler")

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        rate = self.schedule(epoch, optimizer.learning_rate) if self._takes_rate else self.schedule(epoch)
        if not is_number(rate):
            raise TypeError(f"LearningRateScheduler: the schedule must return a number, got {type(rate).__name__}")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose:
            print(f"Epoch {epoch + 1}: learning rate {rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if isinstance(logs, dict):
            logs["learning_rate"] = self.model.optimizer.learning_rate
