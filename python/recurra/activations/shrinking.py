"""Functions that take a part away: they are exactly 0, or close to it, over a range."""

from __future__ import annotations

from typing import Any

from recurra import ops


def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Set small numbers to zero.

        f(x) = x for |x| > threshold, else 0

    Args:
        x: A tensor, array or symbolic tensor.
        threshold: Default 0.5.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.hard_shrink(np.array([-2.0, 0.3, 2.0])).numpy()
        array([-2.,  0.,  2.])
    """
    return ops.hard_shrink(x, threshold)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Move numbers towards zero.

        f(x) = sign(x)·max(|x| − threshold, 0)

    Args:
        x: A tensor, array or symbolic tensor.
        threshold: Default 0.5.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.soft_shrink(np.array([-2.0, 0.25, 2.0])).numpy()
        array([-1.5,  0. ,  1.5])
    """
    return ops.soft_shrink(x, threshold)


def tanh_shrink(x: Any) -> Any:
    """Take the hyperbolic tangent away.

        f(x) = x − tanh(x)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.tanh_shrink(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-1.036,  0.   ,  1.036])
    """
    return ops.tanh_shrink(x)


def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """Replace numbers up to a threshold.

        f(x) = x for x > threshold, else default_value

    Args:
        x: A tensor, array or symbolic tensor.
        threshold: The limit.
        default_value: What stands at and below it.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.threshold(np.array([-2.0, 0.5, 2.0]), 0.5, 9.0).numpy()
        array([9., 9., 2.])
    """
    return ops.threshold(x, threshold, default_value)


def sparse_plus(x: Any) -> Any:
    """Compute the form of softplus that is exactly zero for small numbers.

        f(x) = 0 for x ≤ −1, (x + 1)²/4 for −1 < x < 1, x above

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.sparse_plus(np.array([-2.0, 0.0, 2.0])).numpy()
        array([0.  , 0.25, 2.  ])
    """
    return ops.sparse_plus(x)


def sparse_sigmoid(x: Any) -> Any:
    """Compute the derivative of sparse_plus, a piecewise linear form of the logistic function.

        f(x) = min(max((x + 1)/2, 0), 1)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.sparse_sigmoid(np.array([-2.0, 0.0, 2.0])).numpy()
        array([0. , 0.5, 1. ])
    """
    return ops.sparse_sigmoid(x)


def sparsemax(x: Any, axis: int = -1) -> Any:
    """Compute numbers ≥ 0 that add up to one along an axis, many of them exactly zero.

        f(x)_i = max(x_i − τ, 0), τ such that the sum is 1

    Args:
        x: A tensor, array or symbolic tensor.
        axis: The axis; default -1.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.sparsemax(np.array([1.0, 0.5, -2.0])).numpy()
        array([0.75, 0.25, 0.  ])

    Source: Martins & Astudillo, From Softmax to Sparsemax, 2016.
    """
    return ops.sparsemax(x, axis=axis)
