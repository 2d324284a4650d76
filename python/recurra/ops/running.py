"""Running sums and products."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.ops.operation import operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def cumsum(x: ArrayLike | Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running sums along an axis.

    Args:
        x: Tensor, array, number or nested list.
        axis: The axis; None, the default, for all elements in row-major order.
        dtype: Element type to compute in; the type of `x` by default.

    Returns:
        A tensor of the shape of `x`; a vector without an axis.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.ops.cumsum([1.0, 2.0, 3.0])
        Tensor([1., 3., 6.], shape=(3,), dtype=float32)
    """
    return _running(_engine.cumsum, x, axis, dtype)


@operation
def cumprod(x: ArrayLike | Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running products along an axis.

    Args:
        x: Tensor, array, number or nested list.
        axis: The axis; None, the default, for all elements in row-major order.
        dtype: Element type to compute in; the type of `x` by default.

    Returns:
        A tensor of the shape of `x`; a vector without an axis.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.ops.cumprod([1.0, 2.0, 3.0])
        Tensor([1., 2., 6.], shape=(3,), dtype=float32)
    """
    return _running(_engine.cumprod, x, axis, dtype)


def _running(function: Callable[..., Tensor], x: ArrayLike | Tensor, axis: int | None, dtype: Any) -> Tensor:
    given = x if dtype is None else _engine.cast(x, dtype)
    return function(_engine.reshape(given, -1), 0) if axis is None else function(given, axis)
