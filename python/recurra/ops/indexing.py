"""Elements picked, set, counted and sorted by integer indices. A negative index counts from the end."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import _engine, config
from recurra.ops.operation import composed
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@composed
def get_item(x: ArrayLike | Tensor, key: Any) -> Tensor:
    """x[key] with NumPy's rules: integers, slices, None, ..., arrays of integers or truth values."""
    return _engine.operand(x)[key]


@composed
def slice(inputs: ArrayLike | Tensor, start_indices: Sequence[int], shape: Sequence[int]) -> Tensor:
    """The block of a given shape that begins at these indices, one for each axis."""
    tensor = _engine.operand(inputs)
    ranges = [(int(begin), int(begin) + int(extent)) for begin, extent in zip(start_indices, shape, strict=True)]
    for axis, (begin, end) in enumerate(ranges):
        if not 0 <= begin <= end <= tensor.shape[axis]:
            raise ValueError(f"slice: elements {begin} to {end} are outside axis {axis} of shape {tensor.shape}")
    return tensor[tuple(builtins.slice(begin, end) for begin, end in ranges)]


@composed
def take(x: ArrayLike | Tensor, indices: ArrayLike | Tensor, axis: int | None = None) -> Tensor:
    """Elements along an axis, which the axes of `indices` replace; from all elements in row-major order without one.

    The gradient adds only to the elements taken.

    Raises:
        ValueError: An index is outside the axis.
    """
    if axis is None:
        return _engine.take(_engine.reshape(x, -1), indices, 0)
    return _engine.take(x, indices, axis)


@composed
def take_along_axis(x: ArrayLike | Tensor, indices: ArrayLike | Tensor, axis: int | None = None) -> Tensor:
    """out[..., i, ...] = x[..., indices[..., i, ...], ...] along an axis; other axes broadcast."""
    if axis is None:
        return _engine.take_along_axis(_engine.reshape(x, -1), _engine.reshape(indices, -1), 0)
    return _engine.take_along_axis(x, indices, axis)


@composed
def one_hot(x: ArrayLike | Tensor, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Tensor:
    """1 at the position a whole number names, else 0, along a new axis; a number outside gives zeros.

    Raises:
        ValueError: `sparse` is true: there are no sparse tensors here.
    """
    if sparse:
        raise ValueError("one_hot: sparse=True is not supported; tensors are dense")
    return _engine.one_hot(x, num_classes, axis, dtype or config.floatx())


@composed
def multi_hot(
    inputs: ArrayLike | Tensor, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """1 at every position that a row of whole numbers names, else 0; (batch, n) -> (batch, num_classes)."""
    numbers = _engine.operand(inputs)
    hot = one_hot(numbers, num_classes, axis=axis, dtype=dtype, sparse=sparse)
    return _engine.max(hot, 1 if numbers.ndim > 1 else 0)


@composed
def nonzero(x: ArrayLike | Tensor) -> tuple[Tensor, ...]:
    """Where the elements that are not 0 are: one tensor of int32 positions for each axis."""
    return tuple(Tensor(positions.astype("int32")) for positions in np.nonzero(_engine.operand(x).numpy()))


@composed
def argsort(x: ArrayLike | Tensor, axis: int | None = -1) -> Tensor:
    """The positions (int32) that put elements in ascending order; equal ones keep theirs."""
    values = _engine.operand(x).numpy()
    return Tensor(np.argsort(values, axis=axis, kind="stable").astype("int32"))


@composed
def sort(x: ArrayLike | Tensor, axis: int | None = -1) -> Tensor:
    """Elements in ascending order along an axis."""
    tensor = _engine.operand(x)
    if axis is None:
        tensor, axis = _engine.reshape(tensor, -1), 0
    return _engine.take_along_axis(tensor, argsort(tensor, axis), axis)


@composed
def top_k(x: ArrayLike | Tensor, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The k largest elements of the last axis, largest first, and their positions (int32)."""
    tensor = _engine.operand(x)
    if tensor.ndim < 1 or not 0 <= k <= tensor.shape[-1]:
        raise ValueError(f"top_k: cannot take {k} elements of the last axis of shape {tensor.shape}")
    values = tensor.numpy()
    # Ascending order of the reversed axis, reversed again: of equal elements the first comes first.
    order = np.argsort(values[..., ::-1], axis=-1, kind="stable")[..., ::-1][..., :k]
    positions = Tensor(np.ascontiguousarray(values.shape[-1] - 1 - order).astype("int32"))
    return _engine.take_along_axis(tensor, positions, -1), positions


@composed
def in_top_k(targets: ArrayLike | Tensor, predictions: ArrayLike | Tensor, k: int) -> Tensor:
    """Whether fewer than k classes of a row of predictions (batch, classes) score above the target class."""
    scores = _engine.operand(predictions).detach()
    own = _engine.take_along_axis(scores, _engine.reshape(targets, (-1, 1)), 1)
    above = _engine.sum(_engine.cast(_engine.greater(scores, own), "int32"), 1)
    return _engine.logical_and(_engine.less(above, k), _engine.isfinite(_engine.reshape(own, -1)))


@composed
def searchsorted(sorted_sequence: ArrayLike | Tensor, values: ArrayLike | Tensor, side: str = "left") -> Tensor:
    """Where to insert values into an ascending vector to keep its order (int32)."""
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: expected side 'left' or 'right', got {side!r}")
    line, numbers = _engine.operand(sorted_sequence).numpy(), _engine.operand(values).numpy()
    return Tensor(np.searchsorted(line, numbers, side="right" if side == "right" else "left").astype("int32"))


@composed
def digitize(x: ArrayLike | Tensor, bins: ArrayLike | Tensor) -> Tensor:
    """The number of the bin that each element is in (int32): how many of the ascending bin edges are not above it."""
    return searchsorted(bins, x, side="right")


@composed
def bincount(
    x: ArrayLike | Tensor, weights: ArrayLike | Tensor | None = None, minlength: int = 0, sparse: bool = False
) -> Tensor:
    """How often each whole number occurs, or the sum of its weights."""
    if sparse:
        raise ValueError("bincount: sparse=True is not supported; tensors are dense")
    numbers = _engine.operand(x).numpy()
    if weights is None:
        return Tensor(np.bincount(numbers.reshape(-1), minlength=minlength).astype("int32"))
    shares = _engine.operand(weights)
    return _engine.cast(np.bincount(numbers.reshape(-1), shares.numpy().reshape(-1), minlength), shares.dtype)


@composed
def segment_sum(
    data: ArrayLike | Tensor, segment_ids: ArrayLike | Tensor, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """Sums of the rows of `data` that have the same segment number."""
    rows, numbers = _engine.operand(data), _engine.operand(segment_ids)
    count = num_segments if num_segments is not None else int(numbers.numpy().max(initial=-1)) + 1
    empty = _engine.full((count, *rows.shape[1:]), 0, rows.dtype)
    return _engine.put_rows(empty, numbers, rows, False)


@composed
def scatter(indices: ArrayLike | Tensor, values: ArrayLike | Tensor, shape: Sequence[int]) -> Tensor:
    """Zeros of a shape with values added at positions.

    Args:
        indices: (n, k): k leading indices for each value.
        values: (n, …) with the remaining axes of `shape`.
    """
    updates = _engine.operand(values)
    return _put(_engine.full(shape, 0, updates.dtype), indices, updates, overwrite=False)


@composed
def scatter_update(inputs: ArrayLike | Tensor, indices: ArrayLike | Tensor, updates: ArrayLike | Tensor) -> Tensor:
    """A copy of `inputs` with other values at positions; of several for one position the last one stays.

    Args:
        indices: (n, k): k leading indices for each value.
        updates: (n, …) with the remaining axes of `inputs`.
    """
    return _put(_engine.operand(inputs), indices, updates, overwrite=True)


def _put(target: Tensor, indices: ArrayLike | Tensor, updates: ArrayLike | Tensor, overwrite: bool) -> Tensor:
    positions = _engine.operand(indices).numpy()
    depth = positions.shape[-1]
    leading = target.shape[:depth]
    columns = tuple(np.where(p < 0, p + n, p) for p, n in zip(positions.T, leading, strict=True))
    flat = np.ravel_multi_index(columns, leading)
    rows = _engine.reshape(target, (int(np.prod(leading)), *target.shape[depth:]))
    return _engine.reshape(_engine.put_rows(rows, flat.T.astype("int64"), updates, overwrite), target.shape)


@composed
def slice_update(inputs: ArrayLike | Tensor, start_indices: Sequence[int], updates: ArrayLike | Tensor) -> Tensor:
    """A copy of `inputs` with the block that begins at these indices replaced."""
    tensor, block = _engine.operand(inputs), _engine.operand(updates)
    widths = []
    for begin, extent, whole in zip(start_indices, block.shape, tensor.shape, strict=True):
        if not 0 <= begin <= whole - extent:
            raise ValueError(f"slice_update: a block of shape {block.shape} does not fit {tensor.shape} at {begin}")
        widths.append((int(begin), whole - extent - int(begin)))
    inside = np.pad(np.ones(block.shape, bool), widths)
    return _engine.where(inside, _engine.pad(block, widths, "constant", 0.0), tensor)


@composed
def diagonal(x: ArrayLike | Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal over two axes, as the last axis of the result."""
    from recurra.ops.layout import moveaxis

    matrices = moveaxis(x, (axis1, axis2), (-2, -1))
    rows, columns = matrices.shape[-2:]
    length = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    at = np.arange(length)
    flat = _engine.reshape(matrices, (*matrices.shape[:-2], rows * columns))
    return _engine.take(flat, (at + max(-offset, 0)) * columns + at + max(offset, 0), -1)


@composed
def diag(x: ArrayLike | Tensor, k: int = 0) -> Tensor:
    """The matrix with a vector on diagonal k, or diagonal k of a matrix."""
    tensor = _engine.operand(x)
    if tensor.ndim == 2:
        return diagonal(tensor, offset=k)
    if tensor.ndim != 1:
        raise ValueError(f"diag: expected a vector or a matrix, got shape {tensor.shape}")
    n = tensor.shape[0] + abs(k)
    at = np.arange(tensor.shape[0])
    flat = _engine.put_rows(_engine.full(n * n, 0, tensor.dtype), (at + max(-k, 0)) * n + at + max(k, 0), tensor, False)
    return _engine.reshape(flat, (n, n))


@composed
def trace(x: ArrayLike | Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of the diagonal over two axes."""
    return _engine.sum(diagonal(x, offset, axis1, axis2), -1)


@composed
def diff(x: ArrayLike | Tensor, n: int = 1, axis: int = -1) -> Tensor:
    """Differences of neighbours along an axis, n times."""
    tensor = _engine.operand(x)
    before = (builtins.slice(None),) * (axis % tensor.ndim)
    later, earlier = (*before, builtins.slice(1, None)), (*before, builtins.slice(None, -1))
    for _ in range(n):
        tensor = _engine.subtract(tensor[later], tensor[earlier])
    return tensor


@composed
def median(x: ArrayLike | Tensor, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The middle element in order, or the mean of the two in the middle."""
    return quantile(x, 0.5, axis=axis, keepdims=keepdims)


@composed
def quantile(
    x: ArrayLike | Tensor,
    q: float,
    axis: int | Sequence[int] | None = None,
    method: str = "linear",
    keepdims: bool = False,
) -> Tensor:
    """The value below which a fraction q of the elements lies.

    Args:
        method: Between two elements: "linear", "lower", "higher" or "midpoint".
    """
    if not 0 <= q <= 1:
        raise ValueError(f"quantile: expected q in [0, 1], got {q}")
    tensor = _engine.operand(x)
    tensor = tensor if tensor.dtype in ("float32", "float64") else _engine.cast(tensor, "float32")
    places = range(tensor.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    gone = sorted(place % tensor.ndim for place in places)
    kept = [place for place in range(tensor.ndim) if place not in gone]
    shape = [tensor.shape[place] for place in kept]
    lines = sort(_engine.reshape(_engine.transpose(tensor, kept + gone), (*shape, -1)), -1)
    position = q * (lines.shape[-1] - 1)
    low = int(np.floor(position))
    high = int(np.ceil(position))
    shares = {"linear": position - low, "lower": 0.0, "higher": 1.0, "midpoint": 0.5}
    if method not in shares:
        raise ValueError(f"quantile: method {method!r} is not one of {', '.join(shares)}")
    below, above = lines[..., low], lines[..., high]
    result = _engine.add(below, _engine.multiply(_engine.subtract(above, below), shares[method]))
    if not keepdims:
        return result
    return _engine.reshape(result, [1 if place in gone else tensor.shape[place] for place in range(tensor.ndim)])
