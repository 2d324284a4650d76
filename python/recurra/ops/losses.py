"""Losses of single samples. Weights, masks and means over samples are the caller's: see recurra.losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine, config
from recurra.ops.axes import normalized_axis
from recurra.ops.operation import composed, operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def mean_absolute_error(target: ArrayLike | Tensor, output: ArrayLike | Tensor) -> Tensor:
    """Mean of |target - output| over the last axis.

    Args:
        target: (..., F).
        output: (..., F).

    Returns:
        A tensor (...).

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> recurra.ops.mean_absolute_error([[1.0, 2.0]], [[1.0, 4.0]])
        Tensor([1.], shape=(1,), dtype=float32)
    """
    return _engine.mean_absolute_error(target, output)


@operation
def mean_squared_error(target: ArrayLike | Tensor, output: ArrayLike | Tensor) -> Tensor:
    """Mean of (target - output)^2 over the last axis.

    Args:
        target: (..., F).
        output: (..., F).

    Returns:
        A tensor (...).

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> recurra.ops.mean_squared_error([[1.0, 2.0]], [[1.0, 4.0]])
        Tensor([2.], shape=(1,), dtype=float32)
    """
    return _engine.mean_squared_error(target, output)


@operation
def binary_crossentropy(target: ArrayLike | Tensor, output: ArrayLike | Tensor, from_logits: bool = False) -> Tensor:
    """-target log(output) - (1 - target) log(1 - output), element by element.

    Args:
        target: Truth, 0 to 1.
        output: Probabilities, limited to [epsilon, 1 - epsilon], or logits z of probabilities sigmoid(z).
        from_logits: Whether `output` holds logits; False by default.

    Returns:
        A tensor of the shape of both.

    Raises:
        ValueError: The shapes differ.

    Example:
        >>> recurra.ops.binary_crossentropy([1.0], [0.5])
        Tensor([0.6931472], shape=(1,), dtype=float32)
    """
    return _engine.binary_crossentropy(target, output, from_logits, config.epsilon())


@composed
def categorical_crossentropy(
    target: ArrayLike | Tensor, output: ArrayLike | Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """-sum target log(output) over the axis of the classes.

    Args:
        target: Probabilities of the classes.
        output: Probabilities, divided by their sum and limited to [epsilon, 1 - epsilon], or logits of a softmax.
        from_logits: Whether `output` holds logits; False by default.
        axis: The axis of the classes; the last by default.

    Returns:
        A tensor without the axis of the classes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or the shapes differ.

    Example:
        >>> recurra.ops.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
        Tensor([0.6931472], shape=(1,), dtype=float32)
    """
    owner = "categorical_crossentropy"
    truth, scores = _last(owner, target, axis), _last(owner, output, axis)
    return _engine.categorical_crossentropy(truth, scores, from_logits, config.epsilon())


@composed
def sparse_categorical_crossentropy(
    target: ArrayLike | Tensor, output: ArrayLike | Tensor, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """-log(output) of the class that the target names.

    Args:
        target: Whole numbers, the shape of `output` without the axis of the classes (or with 1 there).
        output: Probabilities, divided by their sum and limited to [epsilon, 1 - epsilon], or logits of a softmax.
        from_logits: Whether `output` holds logits; False by default.
        axis: The axis of the classes; the last by default.

    Returns:
        A tensor without the axis of the classes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, the shapes do not fit, or a number is no class.

    Example:
        >>> recurra.ops.sparse_categorical_crossentropy([1], [[0.5, 0.5]])
        Tensor([0.6931472], shape=(1,), dtype=float32)
    """
    owner = "sparse_categorical_crossentropy"
    scores = _last(owner, output, axis)
    truth = _engine.operand(target)
    if truth.ndim == scores.ndim and truth.shape[normalized_axis(owner, axis, truth.ndim)] == 1:
        truth = _last(owner, truth, axis)
        truth = _engine.reshape(truth, truth.shape[:-1])
    return _engine.sparse_categorical_crossentropy(truth, scores, from_logits, config.epsilon())


def _last(owner: str, x: Any, axis: int) -> Tensor:
    """The tensor with the axis of the classes at its end."""
    tensor = _engine.operand(x)
    classes = normalized_axis(owner, axis, tensor.ndim)
    if classes == tensor.ndim - 1:
        return tensor
    return _engine.transpose(tensor, [place for place in range(tensor.ndim) if place != classes] + [classes])
