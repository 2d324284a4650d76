"""Elements picked, set, counted and sorted by integer indices. A negative index counts from the end."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import _engine, config
from recurra.checks import whole_number
from recurra.ops.axes import as_axes, normalized_axis
from recurra.ops.operation import composed
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@composed
def get_item(x: ArrayLike | Tensor, key: Any) -> Tensor:
    """x[key] with NumPy's rules.

    Args:
        x: Tensor, array, number or nested list.
        key: Integers, slices, None, ..., arrays of integers or truth values, or a tuple of these.

    Returns:
        The elements named.

    Raises:
        IndexError: An index is outside its axis.
        TypeError: The key holds something else.

    Example:
        >>> recurra.ops.get_item([[1, 2], [3, 4]], 0)
        Tensor([1, 2], shape=(2,), dtype=int32)
    """
    return _engine.operand(x)[key]


@composed
def slice(inputs: ArrayLike | Tensor, start_indices: Sequence[int], shape: Sequence[int]) -> Tensor:
    """Block of a given shape.

    Args:
        inputs: Tensor, array, number or nested list.
        start_indices: Where it begins, one index for each axis.
        shape: Its extents.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: The block is not inside the tensor.

    Example:
        >>> recurra.ops.slice([1, 2, 3, 4], [1], [2])
        Tensor([2, 3], shape=(2,), dtype=int32)
    """
    tensor = _engine.operand(inputs)
    begins, extents = as_axes("slice", start_indices, "start_indices"), as_axes("slice", shape, "shape")
    if not len(begins) == len(extents) == tensor.ndim:
        raise ValueError(
            f"slice: expected a start and an extent for each of {tensor.ndim} axes, got {begins}, {extents}"
        )
    ranges = [(begin, begin + extent) for begin, extent in zip(begins, extents, strict=True)]
    for axis, (begin, end) in enumerate(ranges):
        if not 0 <= begin <= end <= tensor.shape[axis]:
            raise ValueError(f"slice: elements {begin} to {end} are outside axis {axis} of shape {tensor.shape}")
    return tensor[tuple(builtins.slice(begin, end) for begin, end in ranges)]


@composed
def take(x: ArrayLike | Tensor, indices: ArrayLike | Tensor, axis: int | None = None) -> Tensor:
    """Elements along an axis, which the axes of `indices` replace.

    The gradient adds only to the elements taken.

    Args:
        x: Tensor, array, number or nested list.
        indices: Integers; negative ones count from the end.
        axis: The axis; None, the default, for all elements in row-major order.

    Returns:
        A tensor with the axis replaced.

    Raises:
        ValueError: An index is outside the axis, or is not an integer.

    Example:
        >>> recurra.ops.take([10, 20, 30], [2, 0])
        Tensor([30, 10], shape=(2,), dtype=int32)
    """
    if axis is None:
        return _engine.take(_engine.reshape(x, -1), indices, 0)
    return _engine.take(x, indices, axis)


@composed
def take_along_axis(x: ArrayLike | Tensor, indices: ArrayLike | Tensor, axis: int | None = None) -> Tensor:
    """out[..., i, ...] = x[..., indices[..., i, ...], ...] along an axis; other axes broadcast.

    Args:
        x: Tensor, array, number or nested list.
        indices: Integers; negative ones count from the end. As many axes as `x`.
        axis: The axis; None, the default, for all elements in row-major order.

    Returns:
        A tensor of the shape of `indices`.

    Raises:
        ValueError: An index is outside the axis, or is not an integer.

    Example:
        >>> recurra.ops.take_along_axis([[10, 20], [30, 40]], [[1], [0]], axis=1)
        Tensor([[20],
                [30]], shape=(2, 1), dtype=int32)
    """
    if axis is None:
        return _engine.take_along_axis(_engine.reshape(x, -1), _engine.reshape(indices, -1), 0)
    return _engine.take_along_axis(x, indices, axis)


@composed
def one_hot(x: ArrayLike | Tensor, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Tensor:
    """1 at the position an integer names, else 0, along a new axis.

    Args:
        x: Integers; one outside 0 to num_classes - 1 gives zeros.
        num_classes: Extent of the new axis.
        axis: Its place; the last by default.
        dtype: Element type; `recurra.config.floatx()` by default.
        sparse: Must be False: tensors are dense.

    Returns:
        A tensor with one more axis.

    Raises:
        ValueError: `num_classes` is less than 1, `x` holds fractions, or `sparse` is true.

    Example:
        >>> recurra.ops.one_hot([0, 2], 3)
        Tensor([[1., 0., 0.],
                [0., 0., 1.]], shape=(2, 3), dtype=float32)
    """
    if sparse:
        raise ValueError("one_hot: sparse=True is not supported; tensors are dense")
    return _engine.one_hot(x, num_classes, axis, dtype or config.floatx())


@composed
def multi_hot(
    inputs: ArrayLike | Tensor, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """1 at every position that a row of integers names, else 0.

    Args:
        inputs: Integers (batch, n), or (n) for one row.
        num_classes: Extent of the result.
        axis: The axis of the positions; the last by default.
        dtype: Element type; `recurra.config.floatx()` by default.
        sparse: Must be False: tensors are dense.

    Returns:
        A tensor (batch, num_classes).

    Raises:
        ValueError: `num_classes` is less than 1, or `sparse` is true.

    Example:
        >>> recurra.ops.multi_hot([[0, 2]], 3)
        Tensor([[1., 0., 1.]], shape=(1, 3), dtype=float32)
    """
    numbers = _engine.operand(inputs)
    hot = one_hot(numbers, num_classes, axis=axis, dtype=dtype, sparse=sparse)
    return _engine.max(hot, 1 if numbers.ndim > 1 else 0)


@composed
def nonzero(x: ArrayLike | Tensor) -> tuple[Tensor, ...]:
    """Where the elements that are not 0 are.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        One int32 tensor of positions for each axis.

    Example:
        >>> recurra.ops.nonzero([0, 5, 7])
        (Tensor([1, 2], shape=(2,), dtype=int32),)
    """
    return tuple(_engine.operand(positions.astype("int32")) for positions in np.nonzero(_engine.operand(x).numpy()))


@composed
def segment_sum(
    data: ArrayLike | Tensor, segment_ids: ArrayLike | Tensor, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """Sums of the rows that have the same segment number.

    Args:
        data: Rows along the first axis.
        segment_ids: Number of the segment of each row.
        num_segments: How many segments; one more than the largest number by default.
        sorted: Accepted for compatibility; the order makes no difference.

    Returns:
        A tensor with one row for each segment.

    Raises:
        ValueError: An index is outside the axis, or is not an integer.

    Example:
        >>> recurra.ops.segment_sum([1.0, 2.0, 3.0], [0, 1, 0])
        Tensor([4., 2.], shape=(2,), dtype=float32)
    """
    rows, numbers = _engine.operand(data), _engine.operand(segment_ids)
    if not numbers.dtype.startswith("int"):
        raise ValueError(f"segment_sum: segment_ids must be integers, got {numbers.dtype}")
    count = num_segments if num_segments is not None else int(numbers.numpy().max(initial=-1)) + 1
    empty = _engine.full((count, *rows.shape[1:]), 0, rows.dtype)
    return _engine.put_rows(empty, numbers, rows, False)


@composed
def scatter(indices: ArrayLike | Tensor, values: ArrayLike | Tensor, shape: Sequence[int]) -> Tensor:
    """Zeros with values added at positions.

    Args:
        indices: (n, k): k leading indices for each value.
        values: (n, …) with the remaining axes of `shape`.
        shape: Extents of the result.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: An index is outside the shape, or shapes do not fit.

    Example:
        >>> recurra.ops.scatter([[1], [1]], [2.0, 3.0], (3,))
        Tensor([0., 5., 0.], shape=(3,), dtype=float32)
    """
    updates = _engine.operand(values)
    return _put(_engine.full(shape, 0, updates.dtype), indices, updates, overwrite=False)


@composed
def scatter_update(inputs: ArrayLike | Tensor, indices: ArrayLike | Tensor, updates: ArrayLike | Tensor) -> Tensor:
    """Copy of a tensor with other values at positions; the last one of several stays.

    Args:
        inputs: Tensor, array, number or nested list.
        indices: (n, k): k leading indices for each value.
        updates: (n, …) with the remaining axes of `inputs`.

    Returns:
        A tensor of the shape of `inputs`.

    Raises:
        ValueError: An index is outside the tensor, or shapes do not fit.

    Example:
        >>> recurra.ops.scatter_update([1.0, 2.0, 3.0], [[1]], [9.0])
        Tensor([1., 9., 3.], shape=(3,), dtype=float32)
    """
    return _put(_engine.operand(inputs), indices, updates, overwrite=True)


def _put(target: Tensor, indices: ArrayLike | Tensor, updates: ArrayLike | Tensor, overwrite: bool) -> Tensor:
    positions = _engine.operand(indices).numpy()
    if positions.ndim != 2 or positions.dtype.kind != "i" or positions.shape[1] > target.ndim:
        raise ValueError(
            f"scatter: indices must be whole numbers of shape (n, k) with k <= {target.ndim} for a tensor of shape "
            f"{target.shape}, got {positions.dtype} of shape {positions.shape}"
        )
    depth = positions.shape[1]
    leading = target.shape[:depth]
    columns = tuple(np.where(p < 0, p + n, p) for p, n in zip(positions.T, leading, strict=True))
    flat = np.ravel_multi_index(columns, leading)
    rows = _engine.reshape(target, (math.prod(leading), *target.shape[depth:]))
    return _engine.reshape(_engine.put_rows(rows, flat.T.astype("int64"), updates, overwrite), target.shape)


@composed
def slice_update(inputs: ArrayLike | Tensor, start_indices: Sequence[int], updates: ArrayLike | Tensor) -> Tensor:
    """Copy of a tensor with a block replaced.

    Args:
        inputs: Tensor, array, number or nested list.
        start_indices: Where the block begins, one index for each axis.
        updates: The block, with as many axes.

    Returns:
        A tensor of the shape of `inputs`.

    Raises:
        ValueError: The block does not fit there.

    Example:
        >>> recurra.ops.slice_update([1.0, 2.0, 3.0], [1], [9.0])
        Tensor([1., 9., 3.], shape=(3,), dtype=float32)
    """
    tensor, block = _engine.operand(inputs), _engine.operand(updates)
    widths = []
    begins = as_axes("slice_update", start_indices, "start_indices")
    if not len(begins) == block.ndim == tensor.ndim:
        raise ValueError(f"slice_update: expected a start for each of {tensor.ndim} axes, got {len(begins)}")
    for begin, extent, whole in zip(begins, block.shape, tensor.shape, strict=True):
        if not 0 <= begin <= whole - extent:
            raise ValueError(f"slice_update: a block of shape {block.shape} does not fit {tensor.shape} at {begins}")
        widths.append((begin, whole - extent - begin))
    inside = np.pad(np.ones(block.shape, bool), widths)
    return _engine.where(inside, _engine.pad(block, widths, "constant", 0.0), tensor)


@composed
def diff(x: ArrayLike | Tensor, n: int = 1, axis: int = -1) -> Tensor:
    """Differences of neighbours along an axis.

    Args:
        x: Tensor, array, number or nested list.
        n: How many times; 1 by default.
        axis: The axis; the last by default.

    Returns:
        A tensor shorter by n along the axis.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or `n` is negative.

    Example:
        >>> recurra.ops.diff([1.0, 4.0, 9.0])
        Tensor([3., 5.], shape=(2,), dtype=float32)
    """
    tensor = _engine.operand(x)
    place = normalized_axis("diff", axis, tensor.ndim)
    before = (builtins.slice(None),) * place
    later, earlier = (*before, builtins.slice(1, None)), (*before, builtins.slice(None, -1))
    times = whole_number(n, "diff", "n", least=0)
    for _ in range(builtins.min(times, tensor.shape[place])):  # then nothing is left
        tensor = _engine.subtract(tensor[later], tensor[earlier])
    return tensor
