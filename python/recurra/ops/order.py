"""Order and counts: sorting, ranks, quantiles, bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import _engine
from recurra.checks import number, whole_number
from recurra.ops.axes import normalized_axes, normalized_axis
from recurra.ops.operation import composed
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# Positions are int32, so are the counts of bins.
_MOST_BINS = 2**31 - 1


@composed
def argsort(x: ArrayLike | Tensor, axis: int | None = -1) -> Tensor:
    """Positions that put elements in ascending order; equal ones keep theirs.

    Args:
        x: Tensor, array, number or nested list.
        axis: The axis; the last by default, None for all elements in row-major order.

    Returns:
        An int32 tensor.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.ops.argsort([3.0, 1.0, 2.0])
        Tensor([1, 2, 0], shape=(3,), dtype=int32)
    """
    values = _engine.operand(x).numpy()
    place = None if axis is None else normalized_axis("argsort", axis, values.ndim)
    return _engine.operand(np.argsort(values, axis=place, kind="stable").astype("int32"))


@composed
def sort(x: ArrayLike | Tensor, axis: int | None = -1) -> Tensor:
    """Elements in ascending order along an axis.

    Args:
        x: Tensor, array, number or nested list.
        axis: The axis; the last by default, None for all elements in row-major order.

    Returns:
        A tensor of the shape of `x`; a vector without an axis.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.ops.sort([3.0, 1.0, 2.0])
        Tensor([1., 2., 3.], shape=(3,), dtype=float32)
    """
    tensor = _engine.operand(x)
    if axis is None:
        tensor, axis = _engine.reshape(tensor, -1), 0
    place = normalized_axis("sort", axis, tensor.ndim)
    return _engine.take_along_axis(tensor, argsort(tensor, place), place)


@composed
def top_k(x: ArrayLike | Tensor, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The k largest elements of the last axis, and their positions.

    Args:
        x: Tensor, array, number or nested list.
        k: How many.
        sorted: Accepted for compatibility; the largest comes first.

    Returns:
        Two tensors, values and int32 positions.

    Raises:
        ValueError: The axis has fewer than `k` elements.

    Example:
        >>> recurra.ops.top_k([3.0, 1.0, 2.0], 2)
        (Tensor([3., 2.], shape=(2,), dtype=float32), Tensor([0, 2], shape=(2,), dtype=int32))
    """
    tensor = _engine.operand(x)
    k = whole_number(k, "top_k", "k", least=0)
    if tensor.ndim < 1 or k > tensor.shape[-1]:
        raise ValueError(f"top_k: cannot take {k} elements of the last axis of shape {tensor.shape}")
    values = tensor.numpy()
    # Ascending order of the reversed axis, reversed again: of equal elements the first comes first.
    order = np.argsort(values[..., ::-1], axis=-1, kind="stable")[..., ::-1][..., :k]
    positions = _engine.operand(np.ascontiguousarray(values.shape[-1] - 1 - order).astype("int32"))
    return _engine.take_along_axis(tensor, positions, -1), positions


@composed
def in_top_k(targets: ArrayLike | Tensor, predictions: ArrayLike | Tensor, k: int) -> Tensor:
    """Whether fewer than k classes score above the target class.

    Args:
        targets: Class numbers (batch).
        predictions: Scores (batch, classes).
        k: How many classes count as right.

    Returns:
        A bool tensor (batch).

    Raises:
        ValueError: A number is no class.

    Example:
        >>> recurra.ops.in_top_k([1], [[0.1, 0.3, 0.6]], k=2)
        Tensor([ True], shape=(1,), dtype=bool)
    """
    scores = _engine.operand(predictions).detach()
    own = _engine.take_along_axis(scores, _engine.reshape(targets, (-1, 1)), 1)
    above = _engine.sum(_engine.cast(_engine.greater(scores, own), "int32"), 1)
    return _engine.logical_and(_engine.less(above, k), _engine.isfinite(_engine.reshape(own, -1)))


@composed
def searchsorted(sorted_sequence: ArrayLike | Tensor, values: ArrayLike | Tensor, side: str = "left") -> Tensor:
    """Where to insert values into an ascending vector to keep its order.

    Args:
        sorted_sequence: Ascending vector.
        values: Tensor, array, number or nested list.
        side: "left" (before equal elements, the default) or "right" (behind them).

    Returns:
        An int32 tensor of the shape of `values`.

    Raises:
        ValueError: `side` is neither.

    Example:
        >>> recurra.ops.searchsorted([1.0, 2.0, 3.0], [2.5])
        Tensor([2], shape=(1,), dtype=int32)
    """
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: expected side 'left' or 'right', got {side!r}")
    line, numbers = _engine.operand(sorted_sequence).numpy(), _engine.operand(values).numpy()
    return _engine.operand(np.searchsorted(line, numbers, side="right" if side == "right" else "left").astype("int32"))


@composed
def digitize(x: ArrayLike | Tensor, bins: ArrayLike | Tensor) -> Tensor:
    """How many of the ascending bin edges are not above each element.

    Args:
        x: Tensor, array, number or nested list.
        bins: Ascending edges.

    Returns:
        An int32 tensor of the shape of `x`.

    Example:
        >>> recurra.ops.digitize([0.5, 2.5], [1.0, 2.0])
        Tensor([0, 2], shape=(2,), dtype=int32)
    """
    return searchsorted(bins, x, side="right")


@composed
def bincount(
    x: ArrayLike | Tensor, weights: ArrayLike | Tensor | None = None, minlength: int = 0, sparse: bool = False
) -> Tensor:
    """How often each whole number occurs, or the sum of its weights.

    Args:
        x: Whole numbers of at least 0 and below 2^31 - 1.
        weights: One for each number; 1 by default.
        minlength: The least length of the result; 0 by default.
        sparse: Must be False: tensors are dense.

    Returns:
        A vector: int32 counts, or sums in the type of the weights.

    Raises:
        TypeError: `x` does not hold whole numbers.
        ValueError: A number is outside the range, or the weights do not fit.

    Example:
        >>> recurra.ops.bincount([0, 2, 2])
        Tensor([1, 0, 2], shape=(3,), dtype=int32)
    """
    if sparse:
        raise ValueError("bincount: sparse=True is not supported; tensors are dense")
    numbers = _engine.operand(x).numpy().reshape(-1)
    if numbers.dtype.kind not in "bi":
        raise TypeError(f"bincount: expected whole numbers, got dtype {numbers.dtype}")
    least, most = int(numbers.min(initial=0)), int(numbers.max(initial=0))
    if least < 0 or most >= _MOST_BINS:
        raise ValueError(f"bincount: expected numbers from 0 to {_MOST_BINS - 1}, got {least if least < 0 else most}")
    bins = whole_number(minlength, "bincount", "minlength", least=0, most=_MOST_BINS)
    if weights is None:
        return _engine.operand(np.bincount(numbers, minlength=bins).astype("int32"))
    shares = _engine.operand(weights)
    if shares.size != numbers.size:
        raise ValueError(f"bincount: {shares.size} weights do not fit {numbers.size} numbers")
    return _engine.cast(np.bincount(numbers, shares.numpy().reshape(-1), bins), shares.dtype)


@composed
def median(x: ArrayLike | Tensor, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """Middle element in order, or the mean of the two in the middle; NaN if one is.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes to reduce; all by default.
        keepdims: Whether reduced axes stay, with extent 1.

    Returns:
        A floating-point tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or it has no elements.

    Example:
        >>> recurra.ops.median([3.0, 1.0, 2.0])
        Tensor(2., shape=(), dtype=float32)
    """
    return _quantile("median", x, 0.5, axis, "linear", keepdims)


@composed
def quantile(
    x: ArrayLike | Tensor,
    q: float,
    axis: int | Sequence[int] | None = None,
    method: str = "linear",
    keepdims: bool = False,
) -> Tensor:
    """Value below which a fraction q of the elements lies; NaN if one element is.

    Args:
        x: Tensor, array, number or nested list.
        q: The fraction, from 0 to 1.
        axis: Axis or axes to reduce; all by default.
        method: Between two elements: "linear" (the default), "lower", "higher" or "midpoint".
        keepdims: Whether reduced axes stay, with extent 1.

    Returns:
        A floating-point tensor without the reduced axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, it has no elements, or `q` or `method` is none of these.

    Example:
        >>> recurra.ops.quantile([1.0, 2.0, 3.0], 0.25)
        Tensor(1.5, shape=(), dtype=float32)
    """
    return _quantile("quantile", x, number(q, "quantile", "q", 0, 1), axis, method, keepdims)


def _quantile(owner: str, x: Any, q: float, axis: int | Sequence[int] | None, method: str, keepdims: bool) -> Tensor:
    tensor = _engine.operand(x)
    tensor = tensor if tensor.dtype in ("float32", "float64") else _engine.cast(tensor, "float32")
    gone = sorted(range(tensor.ndim) if axis is None else normalized_axes(owner, axis, tensor.ndim))
    kept = [place for place in range(tensor.ndim) if place not in gone]
    shape = [tensor.shape[place] for place in kept]
    length = math.prod(tensor.shape[place] for place in gone)
    if length == 0:
        raise ValueError(f"{owner}: no elements along the axis; the shape is {tensor.shape}")
    lines = sort(_engine.reshape(_engine.transpose(tensor, kept + gone), (*shape, length)), -1)
    position = q * (lines.shape[-1] - 1)
    low = int(np.floor(position))
    high = int(np.ceil(position))
    shares = {"linear": position - low, "lower": 0.0, "higher": 1.0, "midpoint": 0.5}
    if method not in shares:
        raise ValueError(f"{owner}: method {method!r} is not one of {', '.join(shares)}")
    # A NaN, which sorting puts last, makes the result NaN.
    result = _between(lines[..., low], lines[..., high], shares[method])
    result = _engine.where(_engine.isnan(lines[..., -1]), float("nan"), result)
    if not keepdims:
        return result
    return _engine.reshape(result, [1 if place in gone else tensor.shape[place] for place in range(tensor.ndim)])


def _between(below: Tensor, above: Tensor, share: float) -> Tensor:
    """The number at a share of the way from one to the other, also where one is infinite."""
    if share in (0.0, 1.0):
        return above if share else below
    finite = _engine.add(below, _engine.multiply(_engine.subtract(above, below), share))
    infinite = _engine.add(_engine.multiply(below, 1 - share), _engine.multiply(above, share))
    return _engine.where(_engine.isfinite(finite), finite, infinite)
