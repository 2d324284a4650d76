"""Reductions over axes, running sums, order.

`axis` is None (all axes), one axis or several; `keepdims` keeps reduced axes with extent 1. Sums are taken in a fixed
order: the same bits on any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.ops.operation import composed, operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    Axis = int | Sequence[int] | None


@operation
def sum(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum of elements."""
    return _engine.sum(x, axis, keepdims)


@operation
def mean(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean of elements."""
    return _engine.mean(x, axis, keepdims)


@operation
def var(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean squared distance from the mean."""
    return _engine.var(x, axis, keepdims)


@operation
def std(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The square root of the variance."""
    return _engine.std(x, axis, keepdims)


@operation
def prod(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """The product of elements; the gradient is exact also where elements are 0."""
    return _engine.prod(x if dtype is None else _engine.cast(x, dtype), axis, keepdims)


@operation
def max(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """The largest element, at least `initial`; equal ones share the gradient."""
    result = _engine.max(x, axis, keepdims)
    return result if initial is None else _engine.maximum(result, initial)


@operation
def min(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False, initial: float | None = None) -> Tensor:
    """The smallest element, at most `initial`; equal ones share the gradient."""
    result = _engine.min(x, axis, keepdims)
    return result if initial is None else _engine.minimum(result, initial)


amax = max
amin = min


@operation
def logsumexp(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum(exp(x))) without overflow."""
    return _engine.logsumexp(x, axis, keepdims)


@operation
def any(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether some element is true (not 0)."""
    return _engine.any(x, axis, keepdims)


@operation
def all(x: ArrayLike | Tensor, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether every element is true (not 0)."""
    return _engine.all(x, axis, keepdims)


@composed
def count_nonzero(x: ArrayLike | Tensor, axis: Axis = None) -> Tensor:
    """How many elements are not 0 (int32)."""
    return _engine.sum(_engine.cast(_engine.cast(x, "bool"), "int32"), axis)


@operation
def argmax(x: ArrayLike | Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the first largest element is (int32), along an axis or among all elements in row-major order."""
    return _position(_engine.argmax, x, axis, keepdims)


@operation
def argmin(x: ArrayLike | Tensor, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the first smallest element is (int32), along an axis or among all elements in row-major order."""
    return _position(_engine.argmin, x, axis, keepdims)


def _position(function: Callable[..., Tensor], x: ArrayLike | Tensor, axis: int | None, keepdims: bool) -> Tensor:
    if axis is not None:
        return function(x, axis, keepdims)
    tensor = _engine.operand(x)
    result = function(_engine.reshape(tensor, -1), 0, False)
    return _engine.reshape(result, (1,) * tensor.ndim) if keepdims else result


@operation
def cumsum(x: ArrayLike | Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running sums along an axis, or over all elements in row-major order."""
    return _running(_engine.cumsum, x, axis, dtype)


@operation
def cumprod(x: ArrayLike | Tensor, axis: int | None = None, dtype: Any = None) -> Tensor:
    """Running products along an axis, or over all elements in row-major order."""
    return _running(_engine.cumprod, x, axis, dtype)


def _running(function: Callable[..., Tensor], x: ArrayLike | Tensor, axis: int | None, dtype: Any) -> Tensor:
    given = x if dtype is None else _engine.cast(x, dtype)
    return function(_engine.reshape(given, -1), 0) if axis is None else function(given, axis)


@composed
def average(x: ArrayLike | Tensor, axis: Axis = None, weights: ArrayLike | Tensor | None = None) -> Tensor:
    """The mean, or sum(weights x) / sum(weights).

    Args:
        weights: Shape of `x`, or one weight for each element of the one axis.
    """
    if weights is None:
        return _engine.mean(x, axis)
    values, shares = _engine.operand(x), _engine.operand(weights)
    if shares.shape != values.shape:
        if not isinstance(axis, int) or shares.shape != (values.shape[axis],):
            raise ValueError(f"average: weights of shape {shares.shape} do not fit x of shape {values.shape}")
        shape = [1] * values.ndim
        shape[axis] = -1
        shares = _engine.reshape(shares, shape)
    weighted = _engine.sum(_engine.multiply(values, shares), axis)
    return _engine.divide(weighted, _engine.sum(_engine.broadcast_to(shares, values.shape), axis))


@composed
def moments(x: ArrayLike | Tensor, axes: Axis, keepdims: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and variance."""
    return _engine.mean(x, axes, keepdims), _engine.var(x, axes, keepdims)


@composed
def norm(x: ArrayLike | Tensor, ord: float | str | None = None, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The length of vectors: (sum |x|^ord)^(1/ord), Euclidean by default.

    Args:
        ord: A positive number, inf (largest), -inf (smallest), 0 (how many are not 0), or "fro" (Euclidean).
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
    """x divided by its length along an axis, by at least `epsilon`."""
    from recurra import config

    least = config.epsilon() if epsilon is None else epsilon
    if order == 2:
        squares = _engine.sum(_engine.square(x), axis, True)
        return _engine.multiply(x, _engine.rsqrt(_engine.maximum(squares, least * least)))
    return _engine.divide(x, _engine.maximum(norm(x, order, axis, True), least))
