"""Reductions over axes.

`axis` is None (all axes), one axis or several; `keepdims` keeps reduced axes with extent 1. Sums are taken in a fixed
order: the same bits on any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.checks import is_whole_number
from recurra.ops.axes import normalized_axis
from recurra.ops.operation import composed, operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    Axis = int | Sequence[int] | None


@operation
def sum(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Sum of elements; integers wrap round at the ends of their range.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes to reduce; all by default.
        keepdims: Whether reduced axes stay, with extent 1.

    Returns:
        A tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or `axis` is an empty sequence.

    Example:
        >>> recurra.ops.sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
        Tensor([4., 6.], shape=(2,), dtype=float32)
    """
    return _engine.sum(x, axis, keepdims)


@operation
def mean(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Mean of elements; float32 for integers.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes to reduce; all by default.
        keepdims: Whether reduced axes stay, with extent 1.

    Returns:
        A tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or `axis` is an empty sequence.

    Example:
        >>> recurra.ops.mean([[1.0, 2.0], [3.0, 4.0]], axis=1)
        Tensor([1.5, 3.5], shape=(2,), dtype=float32)
    """
    return _engine.mean(x, axis, keepdims)


@operation
def var(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Mean squared distance from the mean.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes to reduce; all by default.
        keepdims: Whether reduced axes stay, with extent 1.

    Returns:
        A tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or `axis` is an empty sequence.

    Example:
        >>> recurra.ops.var([1.0, 3.0])
        Tensor(1., shape=(), dtype=float32)
    """
    return _engine.var(x, axis, keepdims)


@operation
def std(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Square root of the variance.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes to reduce; all by default.
        keepdims: Whether reduced axes stay, with extent 1.

    Returns:
        A tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or `axis` is an empty sequence.

    Example:
        >>> recurra.ops.std([1.0, 3.0])
        Tensor(1., shape=(), dtype=float32)
    """
    return _engine.std(x, axis, keepdims)


@operation
def prod(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """Product of elements; the gradient is exact also where elements are 0.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes to reduce; all by default.
        keepdims: Whether reduced axes stay, with extent 1.
        dtype: Element type to compute in; the type of `x` by default.

    Returns:
        A tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or `axis` is an empty sequence.

    Example:
        >>> recurra.ops.prod([[1.0, 2.0], [3.0, 4.0]], axis=1)
        Tensor([ 2., 12.], shape=(2,), dtype=float32)
    """
    return _engine.prod(x if dtype is None else _engine.cast(x, dtype), axis, keepdims)


@operation
def max(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """Largest element; equal ones share the gradient.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes to reduce; all by default.
        keepdims: Whether reduced axes stay, with extent 1.
        initial: The least that the result can be; no bound by default.

    Returns:
        A tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or `axis` is an empty sequence.

    Example:
        >>> recurra.ops.max([[1.0, 5.0], [3.0, 4.0]], axis=1)
        Tensor([5., 4.], shape=(2,), dtype=float32)
    """
    result = _engine.max(x, axis, keepdims)
    return result if initial is None else _engine.maximum(result, initial)


@operation
def min(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """Smallest element; equal ones share the gradient.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes to reduce; all by default.
        keepdims: Whether reduced axes stay, with extent 1.
        initial: The most that the result can be; no bound by default.

    Returns:
        A tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or `axis` is an empty sequence.

    Example:
        >>> recurra.ops.min([[1.0, 5.0], [3.0, 4.0]], axis=1)
        Tensor([1., 3.], shape=(2,), dtype=float32)
    """
    result = _engine.min(x, axis, keepdims)
    return result if initial is None else _engine.minimum(result, initial)


amax = max
amin = min


@operation
def logsumexp(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) without overflow.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes to reduce; all by default.
        keepdims: Whether reduced axes stay, with extent 1.

    Returns:
        A tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or `axis` is an empty sequence.

    Example:
        >>> recurra.ops.logsumexp([1000.0, 1000.0])
        Tensor(1000.6932, shape=(), dtype=float32)
    """
    return _engine.logsumexp(x, axis, keepdims)


@operation
def any(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether some element is true (not 0).

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes to reduce; all by default.
        keepdims: Whether reduced axes stay, with extent 1.

    Returns:
        A bool tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or `axis` is an empty sequence.

    Example:
        >>> recurra.ops.any([[0, 1], [0, 0]], axis=1)
        Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return _engine.any(x, axis, keepdims)


@operation
def all(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether every element is true (not 0).

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes to reduce; all by default.
        keepdims: Whether reduced axes stay, with extent 1.

    Returns:
        A bool tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or `axis` is an empty sequence.

    Example:
        >>> recurra.ops.all([[1, 1], [0, 1]], axis=1)
        Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return _engine.all(x, axis, keepdims)


@composed
def count_nonzero(x: ArrayLike | Tensor, axis: Axis = None) -> Tensor:
    """How many elements are not 0.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes to reduce; all by default.

    Returns:
        An int32 tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.ops.count_nonzero([[0, 1], [2, 3]], axis=1)
        Tensor([1, 2], shape=(2,), dtype=int32)
    """
    return _engine.sum(_engine.cast(_engine.cast(x, "bool"), "int32"), axis)


@operation
def argmax(x: ArrayLike | Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Position of the first largest element.

    Args:
        x: Tensor, array, number or nested list.
        axis: The axis; None, the default, for all elements in row-major order.
        keepdims: Whether the axis stays, with extent 1.

    Returns:
        An int32 tensor without the axis.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or it has no elements.

    Example:
        >>> recurra.ops.argmax([[1.0, 5.0], [3.0, 2.0]], axis=1)
        Tensor([1, 0], shape=(2,), dtype=int32)
    """
    return _position(_engine.argmax, x, axis, keepdims)


@operation
def argmin(x: ArrayLike | Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Position of the first smallest element.

    Args:
        x: Tensor, array, number or nested list.
        axis: The axis; None, the default, for all elements in row-major order.
        keepdims: Whether the axis stays, with extent 1.

    Returns:
        An int32 tensor without the axis.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or it has no elements.

    Example:
        >>> recurra.ops.argmin([[1.0, 5.0], [3.0, 2.0]], axis=1)
        Tensor([0, 1], shape=(2,), dtype=int32)
    """
    return _position(_engine.argmin, x, axis, keepdims)


def _position(function: Callable[..., Tensor], x: ArrayLike | Tensor, axis: int | None, keepdims: bool) -> Tensor:
    if axis is not None:
        return function(x, axis, keepdims)
    tensor = _engine.operand(x)
    result = function(_engine.reshape(tensor, -1), 0, False)
    return _engine.reshape(result, (1,) * tensor.ndim) if keepdims else result


@composed
def average(x: ArrayLike | Tensor, axis: Axis = None, weights: ArrayLike | Tensor | None = None) -> Tensor:
    """Mean, or sum(weights x) / sum(weights).

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes to reduce; all by default.
        weights: Shape of `x`, or one weight for each element of the one axis; equal weights by default.

    Returns:
        A tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or the weights do not fit.

    Example:
        >>> recurra.ops.average([1.0, 3.0], weights=[3.0, 1.0])
        Tensor(1.5, shape=(), dtype=float32)
    """
    if weights is None:
        return _engine.mean(x, axis)
    values, shares = _engine.operand(x), _engine.operand(weights)
    if shares.shape != values.shape:
        place = normalized_axis("average", axis, values.ndim) if is_whole_number(axis) else None
        if place is None or shares.shape != (values.shape[place],):
            raise ValueError(f"average: weights of shape {shares.shape} do not fit x of shape {values.shape}")
        shape = [1] * values.ndim
        shape[place] = -1
        shares = _engine.reshape(shares, shape)
    weighted = _engine.sum(_engine.multiply(values, shares), axis)
    return _engine.divide(weighted, _engine.sum(_engine.broadcast_to(shares, values.shape), axis))


@composed
def moments(x: ArrayLike | Tensor, axes: Axis, keepdims: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and variance.

    Args:
        x: Tensor, array, number or nested list.
        axes: Axis or axes to reduce; None for all.
        keepdims: Whether reduced axes stay, with extent 1.

    Returns:
        Two tensors without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.ops.moments([1.0, 3.0], axes=0)
        (Tensor(2., shape=(), dtype=float32), Tensor(1., shape=(), dtype=float32))
    """
    return _engine.mean(x, axes, keepdims), _engine.var(x, axes, keepdims)


@composed
def norm(x: ArrayLike | Tensor, ord: float | str | None = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Length of vectors, (sum |x|^ord)^(1/ord).

    Args:
        x: Tensor, array, number or nested list.
        ord: A positive number, inf (largest), -inf (smallest), 0 (how many are not 0), or "fro" (Euclidean, as None,
            the default).
        axis: Axis or axes to reduce; all by default.
        keepdims: Whether reduced axes stay, with extent 1.

    Returns:
        A tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or `ord` is another string.

    Example:
        >>> recurra.ops.norm([3.0, 4.0])
        Tensor(5., shape=(), dtype=float32)
    """
    size = _engine.abs(x)
    if ord is None or ord in (2, "fro"):
        return _engine.sqrt(_engine.sum(_engine.square(size), axis, keepdims))
    if isinstance(ord, str):
        raise ValueError(f"norm: ord {ord!r} is not a number, 'fro' or None")
    if ord == float("inf"):
        return _engine.max(size, axis, keepdims)
    if ord == float("-inf"):
        return _engine.min(size, axis, keepdims)
    if ord == 0:
        return _engine.sum(_engine.cast(_engine.not_equal(size, 0), size.dtype), axis, keepdims)
    if ord == 1:
        return _engine.sum(size, axis, keepdims)
    return _engine.power(_engine.sum(_engine.power(size, ord), axis, keepdims), 1.0 / ord)


@composed
def normalize(x: ArrayLike | Tensor, axis: int = -1, order: float = 2, epsilon: float | None = None) -> Tensor:
    """Vectors along an axis divided by their length.

    Args:
        x: Tensor, array, number or nested list.
        axis: The axis of the vectors; the last by default.
        order: `ord` of `norm`; 2 by default.
        epsilon: The least divisor; `recurra.config.epsilon()` by default.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.ops.normalize([3.0, 4.0])
        Tensor([0.6, 0.8], shape=(2,), dtype=float32)
    """
    from recurra import config

    least = config.epsilon() if epsilon is None else epsilon
    if order == 2:
        squares = _engine.sum(_engine.square(x), axis, True)
        return _engine.multiply(x, _engine.rsqrt(_engine.maximum(squares, least * least)))
    return _engine.divide(x, _engine.maximum(norm(x, order, axis, True), least))
