"""Activation functions that are exactly 0 over a range, and the smooth relative of one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recurra import _engine
from recurra.ops.axes import normalized_axis
from recurra.ops.operation import composed
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@composed
def squareplus(x: ArrayLike | Tensor, b: float = 4.0) -> Tensor:
    """(x + √(x² + b)) / 2.

    Args:
        x: Tensor, array, number or nested list.
        b: How smooth the bend at 0 is, >= 0; 4 by default.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Raises:
        ValueError: `b` is negative.

    Example:
        >>> recurra.ops.squareplus([0.0, 1.5])
        Tensor([1., 2.], shape=(2,), dtype=float32)

    Source: Barron, Squareplus: A Softplus-Like Algebraic Rectifier, 2021.
    """
    if not b >= 0:
        raise ValueError(f"squareplus: b must be at least 0, got {b}")
    x = _floating(x)
    return 0.5 * (x + _engine.sqrt(_engine.square(x) + b))


@composed
def sparse_plus(x: ArrayLike | Tensor) -> Tensor:
    """0 up to -1, (x + 1)² / 4 from -1 to 1, x above.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.sparse_plus([-2.0, 0.0, 3.0])
        Tensor([0.  , 0.25, 3.  ], shape=(3,), dtype=float32)
    """
    x = _floating(x)
    return _engine.maximum(_engine.square(_engine.clip(x, -1.0, 1.0) + 1.0) * 0.25, x)


@composed
def sparse_sigmoid(x: ArrayLike | Tensor) -> Tensor:
    """0 up to -1, (x + 1) / 2 from -1 to 1, 1 above.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.sparse_sigmoid([-2.0, 0.0, 3.0])
        Tensor([0. , 0.5, 1. ], shape=(3,), dtype=float32)
    """
    return 0.5 * (_engine.clip(_floating(x), -1.0, 1.0) + 1.0)


@composed
def sparsemax(x: ArrayLike | Tensor, axis: int = -1) -> Tensor:
    """The distribution along an axis that is closest to x: max(x - τ, 0), with τ such that the sum is 1.

    Args:
        x: Tensor, array, number or nested list.
        axis: The axis; the last by default.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.ops.sparsemax([1.0, 0.5, -2.0])
        Tensor([0.75, 0.25, 0.  ], shape=(3,), dtype=float32)

    Source: Martins and Astudillo, From Softmax to Sparsemax, 2016.
    """
    x = _floating(x)
    axis = normalized_axis("sparsemax", axis, x.ndim)
    values = x.numpy()
    if not values.shape[axis]:
        return x
    # The k largest are kept, k the last number for which the k-th lies above (their sum - 1) / k.
    ordered = -np.sort(-values, axis=axis)
    counts = np.arange(1, values.shape[axis] + 1).reshape(-1, *[1] * (values.ndim - 1 - axis))
    inside = ordered * counts > ordered.cumsum(axis=axis) - 1
    kept = np.maximum(inside.sum(axis=axis, keepdims=True), 1)
    chosen = (values >= np.take_along_axis(ordered, kept - 1, axis=axis)).astype(values.dtype)
    # Equal numbers at the border are all kept or none is, so what is chosen counts itself.
    number = chosen.sum(axis=axis, keepdims=True)
    limit = (_engine.sum(x * chosen, axis, True) - 1.0) / number
    return _engine.relu(x - limit)


def _floating(x: ArrayLike | Tensor) -> Tensor:
    tensor = _engine.operand(x)
    return tensor if tensor.dtype.startswith("float") else _engine.cast(tensor, "float32")
