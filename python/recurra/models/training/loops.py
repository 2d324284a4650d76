"""The loops of fit, evaluate and predict over batches."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra.callbacks import BackupAndRestore, CallbackList, History, ProgbarLogger
from recurra.models.data.feed import Feed
from recurra.models.training.ahead import nothing_changed_on_failure
from recurra.models.training.arguments import FitArguments
from recurra.models.training.run import Run, stop_on_interrupt
from recurra.models.training.truncation import Truncation
from recurra.tensor import Tensor, convert_to_numpy, no_grad
from recurra.tree import map_structure

if TYPE_CHECKING:
    from recurra.models.training.steps import StepFunction, Steps

Figures = Callable[[], dict[str, Any]]


def fit(model: Steps, arguments: FitArguments) -> History:
    """Trains for all epochs; returns the history, which is `model.history` as well.

    Raises:
        KeyboardInterrupt: After Ctrl-C, when the running step is done and the callbacks have heard of the end.
    """
    history = model.history = History()
    model.stop_training = False
    feed, truncation = arguments.feed, arguments.truncation
    run = model.run = Run(feed=feed, epoch=arguments.initial_epoch)
    callbacks = run.callbacks = CallbackList(
        _in_order(arguments.callbacks, history, arguments.verbose),
        model,
        epochs=arguments.epochs,
        steps=feed.total,
        verbose=arguments.verbose,
        validation=arguments.validation is not None,
    )
    step = model._step_for("train", truncation)
    warned = False
    with stop_on_interrupt(run):
        callbacks.call("on_train_begin", {})
        while run.epoch < arguments.epochs and not model.stop_training:
            figures = _fit_epoch(model, step, feed, callbacks, truncation)
            if run.interrupted or (feed.exhausted and run.step == 0):
                break
            logs = dict(figures())
            warned = warned or _warn_of_loss(model, logs, run.epoch)
            if arguments.validates_after(run.epoch + 1):
                logs |= _validate(model, arguments, callbacks)
                if run.interrupted:
                    break
            callbacks.call("on_epoch_end", run.epoch, logs)
            run.epoch += 1
            if feed.exhausted:
                break
        if model.optimizer is not None:
            model.optimizer.finalize_variable_values()
        callbacks.call("on_train_end", {})
    if run.interrupted:
        epochs = len(history.epoch)
        raise KeyboardInterrupt(
            f"fit was interrupted in epoch {run.epoch + 1} after step {run.step}; the model keeps its weights, and "
            f"model.history has {epochs} epoch{'s' * (epochs != 1)}"
        )
    return history


def _warn_of_loss(model: Steps, logs: Mapping[str, Any], epoch: int) -> bool:
    """Warns of a mean loss that is no finite number, unless a callback has already stopped the training."""
    loss = logs.get("loss", 0.0)
    if model.stop_training or np.ndim(loss) or np.isfinite(loss):
        return False
    warnings.warn(
        f"the loss of epoch {epoch + 1} is {loss}: lower the learning rate, limit the gradient (clipnorm=1.0 in the "
        "optimizer), or scale the data; callbacks.TerminateOnNaN() stops at the first such step and says where",
        stacklevel=5,
    )
    return True


def _fit_epoch(
    model: Steps, step: StepFunction, feed: Feed, callbacks: CallbackList, truncation: Truncation | None
) -> Figures:
    run = model.run
    model.reset_metrics()
    run.structure = None  # layers may have been frozen or thawed since the last epoch
    if run.resumed is None:
        run.step = run.samples = 0
    else:
        run.step, run.samples, run.figures = run.resumed
        run.resumed = None
        for kind in ("loss", "losses", "metrics", "layers"):
            model._restore_figures(kind)
    callbacks.call("on_epoch_begin", run.epoch, {})
    figures: Figures = model.get_metrics_result
    for batch in feed.epoch(done=run.step):
        callbacks.batch_begin("train", run.step)
        if truncation is not None and feed.drawn == 1:
            model.reset_states()
        if run.untried:
            with nothing_changed_on_failure(model):
                figures = step(batch)
            run.untried = False
        else:
            figures = step(batch)
        run.count(batch)
        callbacks.batch_end("train", run.step - 1, figures)
        if model.stop_training or run.interrupted:
            break
    run.figures = None
    return figures


def _validate(model: Steps, arguments: FitArguments, callbacks: CallbackList) -> dict[str, Any]:
    """The figures of a validation, named `val_…`, none without a batch; the counts stay those of the training."""
    assert arguments.validation is not None
    run, truncation = model.run, arguments.truncation
    steps, samples = run.step, run.samples
    with nullcontext() if truncation is None else truncation.put_aside():
        figures = evaluate(model, arguments.validation, callbacks)
    empty = run.step == 0
    run.step, run.samples = steps, samples
    return {} if empty else {f"val_{name}": value for name, value in figures.items()}


def evaluate(model: Steps, feed: Feed, callbacks: CallbackList) -> dict[str, Any]:
    """The figures of one pass over `feed`, within the run of the model."""
    run = model.run
    model.reset_metrics()
    run.step = run.samples = 0
    step = model._step_for("test")
    figures: Figures = model.get_metrics_result
    callbacks.call("on_test_begin", {})
    with no_grad():
        for batch in feed.epoch(anew=True):
            callbacks.batch_begin("test", run.step)
            figures = step(batch)
            run.count(batch)
            callbacks.batch_end("test", run.step - 1, figures)
            if run.interrupted:
                break
    logs = figures()
    callbacks.call("on_test_end", logs)
    return logs


def predict(model: Steps, run: Run, callbacks: CallbackList) -> list[Any]:
    """The outputs for every batch of one pass over the feed of `run`, as arrays."""
    feed = run.feed
    assert feed is not None
    outputs: list[Any] = []
    callbacks.call("on_predict_begin", {})
    with no_grad():
        for batch in feed.epoch():
            callbacks.batch_begin("predict", run.step)
            outputs.append(as_arrays(model._predict_batch(batch)))
            run.count(batch)
            callbacks.batch_end("predict", run.step - 1, lambda: {"outputs": outputs[-1]})
    callbacks.call("on_predict_end", {})
    return outputs


def as_arrays(outputs: Any) -> Any:
    """Tensors of a structure as NumPy arrays."""
    return outputs.numpy() if isinstance(outputs, Tensor) else map_structure(convert_to_numpy, outputs)


def listed(callbacks: Any) -> list[Any]:
    """The callbacks that a user gave: none, one, a list of them or a CallbackList."""
    if callbacks is None:
        return []
    if isinstance(callbacks, CallbackList):
        return list(callbacks.callbacks)
    return list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]


def _in_order(callbacks: Any, history: History, verbose: int) -> list[Any]:
    """The user's callbacks, the history, the display, and the backup last: it stores the state of all others."""
    given = listed(callbacks)
    backups = [callback for callback in given if isinstance(callback, BackupAndRestore)]
    shown = any(isinstance(callback, ProgbarLogger) for callback in given)
    display = [ProgbarLogger()] if verbose and not shown else []
    return [*(callback for callback in given if callback not in backups), history, *display, *backups]
