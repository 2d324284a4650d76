"""Exponential functions, logarithms and roots, element by element. Integers become float32."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recurra import _engine
from recurra.ops.operation import operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def sqrt(x: ArrayLike | Tensor) -> Tensor:
    """Square root.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.sqrt([4.0, 9.0])
        Tensor([2., 3.], shape=(2,), dtype=float32)
    """
    return _engine.sqrt(x)


@operation
def rsqrt(x: ArrayLike | Tensor) -> Tensor:
    """Reciprocal of the square root, 1 / sqrt(x).

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.rsqrt([4.0, 16.0])
        Tensor([0.5 , 0.25], shape=(2,), dtype=float32)
    """
    return _engine.rsqrt(x)


@operation
def exp(x: ArrayLike | Tensor) -> Tensor:
    """Exponential function, e^x.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.exp([0.0, 1.0])
        Tensor([1.       , 2.7182817], shape=(2,), dtype=float32)
    """
    return _engine.exp(x)


@operation
def exp2(x: ArrayLike | Tensor) -> Tensor:
    """Power of two, 2^x.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.exp2([0.0, 3.0])
        Tensor([1., 8.], shape=(2,), dtype=float32)
    """
    return _engine.exp2(x)


@operation
def expm1(x: ArrayLike | Tensor) -> Tensor:
    """Exponential function minus 1, e^x - 1, exact also near 0.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.expm1([0.0, 1e-6])
        Tensor([0.0000000e+00, 1.0000005e-06], shape=(2,), dtype=float32)
    """
    return _engine.expm1(x)


@operation
def log(x: ArrayLike | Tensor) -> Tensor:
    """Natural logarithm.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.log([1.0, 2.0])
        Tensor([0.       , 0.6931472], shape=(2,), dtype=float32)
    """
    return _engine.log(x)


@operation
def log2(x: ArrayLike | Tensor) -> Tensor:
    """Logarithm to base 2.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.log2([1.0, 8.0])
        Tensor([0., 3.], shape=(2,), dtype=float32)
    """
    return _engine.log2(x)


@operation
def log10(x: ArrayLike | Tensor) -> Tensor:
    """Logarithm to base 10.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.log10([1.0, 100.0])
        Tensor([0., 2.], shape=(2,), dtype=float32)
    """
    return _engine.log10(x)


@operation
def log1p(x: ArrayLike | Tensor) -> Tensor:
    """Logarithm of 1 + x, exact also near 0.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.log1p([0.0, 1e-6])
        Tensor([0.000000e+00, 9.999995e-07], shape=(2,), dtype=float32)
    """
    return _engine.log1p(x)


@operation
def erf(x: ArrayLike | Tensor) -> Tensor:
    """Error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.erf([0.0, 1.0])
        Tensor([0.       , 0.8427008], shape=(2,), dtype=float32)
    """
    return _engine.erf(x)


@operation
def logaddexp(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """log(exp(x1) + exp(x2)) without overflow.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A floating-point tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.logaddexp([1000.0], [1000.0])
        Tensor([1000.6932], shape=(1,), dtype=float32)
    """
    return _engine.logaddexp(x1, x2)
