"""Losses of single samples. Weights, masks and means over samples are the caller's: see recurra.losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine, config
from recurra.ops.operation import composed, operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def mean_absolute_error(target: ArrayLike | Tensor, output: ArrayLike | Tensor) -> Tensor:
    """mean |target - output| over the last axis."""
    return _engine.mean_absolute_error(target, output)


@operation
def mean_squared_error(target: ArrayLike | Tensor, output: ArrayLike | Tensor) -> Tensor:
    """mean (target - output)^2 over the last axis."""
    return _engine.mean_squared_error(target, output)


@operation
def binary_crossentropy(target: ArrayLike | Tensor, output: ArrayLike | Tensor, from_logits: bool = False) -> Tensor:
    """-target log(output) - (1 - target) log(1 - output), element by element.

    Args:
        output: Probabilities, limited to [epsilon, 1 - epsilon], or logits z of probabilities sigmoid(z).

    Raises:
        ValueError: The shapes differ.
    """
    return _engine.binary_crossentropy(target, output, from_logits, config.epsilon())


@composed
def categorical_crossentropy(
    target: ArrayLike | Tensor, output: ArrayLike | Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """-sum target log(output) over the axis of the classes.

    Args:
        output: Probabilities, divided by their sum and limited to [epsilon, 1 - epsilon], or logits of a softmax.

    Raises:
        ValueError: The shapes differ.
    """
    truth, scores = _last(target, axis), _last(output, axis)
    return _engine.categorical_crossentropy(truth, scores, from_logits, config.epsilon())


@composed
def sparse_categorical_crossentropy(
    target: ArrayLike | Tensor, output: ArrayLike | Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """-log(output) of the class that the target names.

    Args:
        target: Whole numbers, the shape of `output` without the axis of the classes (or with 1 there).
        output: Probabilities, divided by their sum and limited to [epsilon, 1 - epsilon], or logits of a softmax.

    Raises:
        ValueError: The shapes do not fit, or a number is no class.
    """
    scores = _last(output, axis)
    truth = _engine.operand(target)
    if truth.ndim == scores.ndim and truth.shape[axis] == 1:
        truth = _last(truth, axis)
        truth = _engine.reshape(truth, truth.shape[:-1])
    return _engine.sparse_categorical_crossentropy(truth, scores, from_logits, config.epsilon())


def _last(x: Any, axis: int) -> Tensor:
    tensor = _engine.operand(x)
    if axis in (-1, tensor.ndim - 1):
        return tensor
    order = [place for place in range(tensor.ndim) if place != axis % tensor.ndim] + [axis % tensor.ndim]
    return _engine.transpose(tensor, order)
