"""The exponential function, and shares made of it."""

from __future__ import annotations

from typing import Any

from recurra import ops


def exponential(x: Any) -> Any:
    """Compute the exponential function.

        f(x) = eˣ

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.exponential(np.array([0.0, 1.0])).numpy().round(4)
        array([1.    , 2.7183])
    """
    return ops.exp(x)


def softmax(x: Any, axis: int = -1) -> Any:
    """Compute positive numbers that add up to one along an axis.

        f(x)_i = exp(x_i) / Σ_j exp(x_j)

    Args:
        x: A tensor, array or symbolic tensor.
        axis: The axis; default -1.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.softmax(np.array([0.0, 0.0])).numpy().round(4)
        array([0.5, 0.5])
    """
    return ops.softmax(x, axis=axis)


def log_softmax(x: Any, axis: int = -1) -> Any:
    """Compute the logarithm of softmax, without overflow.

        f(x)_i = x_i − log Σ_j exp(x_j)

    Args:
        x: A tensor, array or symbolic tensor.
        axis: The axis; default -1.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.log_softmax(np.array([0.0, 0.0])).numpy().round(4)
        array([-0.6931, -0.6931])
    """
    return ops.log_softmax(x, axis=axis)
