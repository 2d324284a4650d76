"""The callback that ends a training whose numbers are lost, and says where they were lost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from recurra.callbacks.callback import Callback, Logs
from recurra.checks import boolean, positive_number
from recurra.layers.recurrent.rnn import RNN, stateful_layers
from recurra.tensor import Tensor, no_grad
from recurra.tree import flatten, leaves


class TerminateOnNaN(Callback):
    """Stops training when the loss or a gradient is NaN or infinite, and says at which step and in which layer.

    The update of that step is not made: the weights are those before it. For a loss that is not finite, the batch is
    run once more to find the first layer, and time step, whose output is not finite; for a gradient, the layer is the
    one where it turned bad on its way from the loss back to the input. What was found is printed and kept in `reason`.
    A model with a `train_step` of its own is stopped by the loss alone, after the update.

    Args:
        max_gradient_norm: Stop too when the norm of all gradients together, before any clipping, is larger than this,
            and name the layer with the largest; default None.
        raise_error: Whether a RuntimeError with what was found ends `fit` in place of a quiet stop; default False.

    Raises:
        ValueError: The norm is not greater than 0, or `raise_error` is no truth value.

    Example:
        >>> model = recurra.Sequential([recurra.Input((1,)), recurra.layers.Dense(1, name="last")])
        >>> model.compile(recurra.optimizers.SGD(1e30), "mse")
        >>> watch = recurra.callbacks.TerminateOnNaN()
        >>> history = model.fit(np.ones((8, 1)), np.zeros((8, 1)), batch_size=1, callbacks=[watch], verbose=0)
        Epoch 1, batch 1: the loss is inf; ...; the weights are those before this step. Training stops.
        >>> watch.reason.startswith("Epoch 1, batch 1: the loss is inf")
        True
    """

    def __init__(self, max_gradient_norm: float | None = None, raise_error: bool = False) -> None:
        super().__init__()
        self.max_gradient_norm: float | None = None
        if max_gradient_norm is not None:
            self.max_gradient_norm = positive_number(max_gradient_norm, "TerminateOnNaN", "max_gradient_norm")
        self.raise_error = boolean(raise_error, "TerminateOnNaN", "raise_error")
        self.reason: str | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.reason = None
        self.model.run.watchers.append(self._lets_pass)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if self.reason is None and loss is not None and not math.isfinite(loss):
            self._stop(batch, f"the loss is {loss}")

    def _lets_pass(self, loss: Tensor, x: Any) -> bool:
        """Looks at a step between backward and update: whether the update may be made."""
        finding = self._finding(loss.item(), x)
        if finding is not None:
            self._stop(self.model.run.step, f"{finding}; the weights are those before this step")
        return finding is None

    def _finding(self, loss: float, x: Any) -> str | None:
        if not math.isfinite(loss):
            return f"the loss is {loss}; {_origin_of_output(self.model, x)}"
        norms = _gradient_norms(self.model)
        bad = [layer for layer, norm in norms.items() if not math.isfinite(norm)]
        if bad:
            return f"the loss is {loss:g}, but the gradient of layer '{bad[-1]}' is not finite"
        total = math.hypot(*norms.values())
        if self.max_gradient_norm is not None and total > self.max_gradient_norm:
            largest = max(norms, key=lambda layer: norms[layer])
            return (
                f"the norm of the gradient is {total:g}, above {self.max_gradient_norm:g}; the largest part is "
                f"{norms[largest]:g} in layer '{largest}'"
            )
        return None

    def _stop(self, batch: int, finding: str) -> None:
        self.reason = f"Epoch {self.model.run.epoch + 1}, batch {batch}: {finding}"
        if self.raise_error:
            raise RuntimeError(self.reason)
        print(f"{self.reason}. Training stops.")
        self.model.stop_training = True


def _gradient_norms(model: Any) -> dict[str, float]:
    """The norm of each layer's gradients, in the order of the layers; NaN or infinite where one of them is."""
    norms: dict[str, float] = {}
    for layer in model.layers:
        gradients = [v.grad.numpy() for v in layer.trainable_variables if v.grad is not None]
        if gradients:
            norms[layer.name] = math.hypot(*(float(np.linalg.norm(g.astype(np.float64))) for g in gradients))
    return norms


def _origin_of_output(model: Any, x: Any) -> str:
    """Where numbers stop being finite on the way from the inputs to the outputs, in words."""
    carrying = stateful_layers(model)
    states = [(layer, layer.states, layer._carries) for layer in carrying]
    for layer in carrying:
        if layer.states is not None and not all(_is_finite(state) for state in flatten(layer.states)):
            return f"layer '{layer.name}' carries a state that is not finite"
    findings: list[str] = []
    try:
        with ExitStack() as stack, no_grad():
            for layer in _layers_to_watch(model):
                stack.enter_context(_reporting(layer, findings))
            model(x, training=True)
    finally:
        for layer, own, carries in states:
            layer.states, layer._carries = own, carries
    return findings[0] if findings else "the outputs of all layers are finite, so it comes from the loss or a penalty"


def _layers_to_watch(holder: Any) -> Iterator[Any]:
    """The layers inside a model, and inside them; not the cells, which the engine runs."""
    for child in holder._children():
        yield child
        if not isinstance(child, RNN):
            yield from _layers_to_watch(child)


@contextmanager
def _reporting(layer: Any, findings: list[str]) -> Iterator[None]:
    """Within it, a call of the layer with an output that is not finite is added to the findings."""
    call: Callable[..., Any] = layer.call

    def watched(*args: Any, **kwargs: Any) -> Any:
        outputs = call(*args, **kwargs)
        for output in leaves(outputs):
            if isinstance(output, Tensor) and not _is_finite(output):
                findings.append(f"layer '{layer.name}' is the first with an output that is not finite{_step(output)}")
                break
        return outputs

    layer.call = watched
    try:
        yield
    finally:
        del layer.call


def _is_finite(tensor: Tensor) -> bool:
    return not tensor.dtype.startswith("float") or bool(np.isfinite(tensor.numpy()).all())


def _step(output: Tensor) -> str:
    """The first time step of a sequence (B, T, ...) that is not finite."""
    if output.ndim < 3:
        return ""
    bad = ~np.isfinite(output.numpy()).all(axis=tuple(range(2, output.ndim)))
    return f", at time step {int(np.argmax(bad.any(axis=0)))}"
