"""Trigonometric and hyperbolic functions and their inverses, element by element. Integers become float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recurra import _engine
from recurra.ops.operation import operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def sin(x: ArrayLike | Tensor) -> Tensor:
    """Sine of x in radians.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.sin([0.0, 0.5])
        Tensor([0.        , 0.47942555], shape=(2,), dtype=float32)
    """
    return _engine.sin(x)


@operation
def cos(x: ArrayLike | Tensor) -> Tensor:
    """Cosine of x in radians.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.cos([0.0, 0.5])
        Tensor([1.        , 0.87758255], shape=(2,), dtype=float32)
    """
    return _engine.cos(x)


@operation
def tan(x: ArrayLike | Tensor) -> Tensor:
    """Tangent of x in radians.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.tan([0.0, 0.5])
        Tensor([0.       , 0.5463025], shape=(2,), dtype=float32)
    """
    return _engine.tan(x)


@operation
def arcsin(x: ArrayLike | Tensor) -> Tensor:
    """Angle in [-pi/2, pi/2] whose sine is x.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.arcsin([0.0, 1.0])
        Tensor([0.       , 1.5707964], shape=(2,), dtype=float32)
    """
    return _engine.arcsin(x)


@operation
def arccos(x: ArrayLike | Tensor) -> Tensor:
    """Angle in [0, pi] whose cosine is x.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.arccos([0.0, 1.0])
        Tensor([1.5707964, 0.       ], shape=(2,), dtype=float32)
    """
    return _engine.arccos(x)


@operation
def arctan(x: ArrayLike | Tensor) -> Tensor:
    """Angle in (-pi/2, pi/2) whose tangent is x.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.arctan([0.0, 1.0])
        Tensor([0.       , 0.7853982], shape=(2,), dtype=float32)
    """
    return _engine.arctan(x)


@operation
def sinh(x: ArrayLike | Tensor) -> Tensor:
    """Hyperbolic sine.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.sinh([0.0, 1.0])
        Tensor([0.       , 1.1752012], shape=(2,), dtype=float32)
    """
    return _engine.sinh(x)


@operation
def cosh(x: ArrayLike | Tensor) -> Tensor:
    """Hyperbolic cosine.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.cosh([0.0, 1.0])
        Tensor([1.       , 1.5430806], shape=(2,), dtype=float32)
    """
    return _engine.cosh(x)


@operation
def arcsinh(x: ArrayLike | Tensor) -> Tensor:
    """Inverse of the hyperbolic sine.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.arcsinh([0.0, 1.0])
        Tensor([0.       , 0.8813736], shape=(2,), dtype=float32)
    """
    return _engine.arcsinh(x)


@operation
def arccosh(x: ArrayLike | Tensor) -> Tensor:
    """Inverse of the hyperbolic cosine, for x >= 1.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.arccosh([1.0, 2.0])
        Tensor([0.      , 1.316958], shape=(2,), dtype=float32)
    """
    return _engine.arccosh(x)


@operation
def arctanh(x: ArrayLike | Tensor) -> Tensor:
    """Inverse of the hyperbolic tangent, for |x| < 1.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.arctanh([0.0, 0.5])
        Tensor([0.        , 0.54930615], shape=(2,), dtype=float32)
    """
    return _engine.arctanh(x)


@operation
def arctan2(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Angle in [-pi, pi] of the point (x2, x1) from the positive first axis.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A floating-point tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.arctan2([1.0, 0.0], [0.0, -1.0])
        Tensor([1.5707964, 3.1415927], shape=(2,), dtype=float32)
    """
    return _engine.arctan2(x1, x2)
