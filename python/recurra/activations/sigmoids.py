"""Functions between two bounds, the logarithm of one, and a gate that uses one."""

from __future__ import annotations

from typing import Any

from recurra import ops


def sigmoid(x: Any) -> Any:
    """Compute the logistic function.

        f(x) = 1 / (1 + e⁻ˣ)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.sigmoid(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([0.1192, 0.5   , 0.8808])
    """
    return ops.sigmoid(x)


def hard_sigmoid(x: Any) -> Any:
    """Compute the piecewise linear form of the logistic function.

        f(x) = min(max(x/6 + 1/2, 0), 1)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.hard_sigmoid(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([0.1667, 0.5   , 0.8333])

    Source: Courbariaux et al., BinaryConnect, 2015.
    """
    return ops.hard_sigmoid(x)


def log_sigmoid(x: Any) -> Any:
    """Compute the logarithm of the logistic function, without overflow.

        f(x) = log(1 / (1 + e⁻ˣ))

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.log_sigmoid(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-2.1269, -0.6931, -0.1269])
    """
    return -ops.softplus(-x)


def tanh(x: Any) -> Any:
    """Compute the hyperbolic tangent.

        f(x) = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.tanh(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-0.964,  0.   ,  0.964])
    """
    return ops.tanh(x)


def hard_tanh(x: Any) -> Any:
    """Compute the piecewise linear form of tanh.

        f(x) = min(max(x, −1), 1)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.hard_tanh(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-1.,  0.,  1.])
    """
    return ops.clip(x, -1.0, 1.0)


def softsign(x: Any) -> Any:
    """Compute the function softsign.

        f(x) = x / (1 + |x|)

    Args:
        x: A tensor, array or symbolic tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> recurra.activations.softsign(np.array([-2.0, 0.0, 2.0])).numpy().round(4)
        array([-0.6667,  0.    ,  0.6667])
    """
    return ops.softsign(x)


def glu(x: Any, axis: int = -1) -> Any:
    """Compute the gated linear unit.

        f(x) = a·σ(b), a and b the two halves of x along an axis

    Args:
        x: A tensor, array or symbolic tensor.
        axis: The axis that is halved; default -1.

    Returns:
        A tensor with half as many elements along the axis.

    Raises:
        ValueError: There is no such axis, or its extent is odd.

    Example:
        >>> recurra.activations.glu(np.array([1.0, 2.0, 0.0, 0.0])).numpy()
        array([0.5, 1. ])

    Source: Dauphin et al., Language Modeling with Gated Convolutional Networks, 2017.
    """
    return ops.glu(x, axis=axis)
