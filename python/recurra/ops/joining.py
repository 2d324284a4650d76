"""Tensors joined, cut, repeated, padded and rolled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import _engine
from recurra.checks import is_whole_number, whole_number
from recurra.ops.axes import as_axes, normalized_axis
from recurra.ops.operation import composed, operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_LARGEST = 2**63 - 1
_MOST_EMPTY_PARTS = 2**20  # of an axis without elements, which any number divides


@operation
def concatenate(xs: Sequence[ArrayLike | Tensor], axis: int = 0) -> Tensor:
    """Tensors joined along an axis.

    Args:
        xs: Sequence of tensors or arrays. Their other extents are equal; types are promoted.
        axis: The axis; the first by default.

    Returns:
        A tensor as long as all together.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or shapes do not fit.

    Example:
        >>> recurra.ops.concatenate([[1, 2], [3]])
        Tensor([1, 2, 3], shape=(3,), dtype=int32)
    """
    return _engine.concatenate(xs, axis)


@operation
def stack(x: Sequence[ArrayLike | Tensor], axis: int = 0) -> Tensor:
    """Tensors joined along a new axis.

    Args:
        x: Sequence of tensors or arrays. All have one shape; types are promoted.
        axis: Place of the new axis; the first by default.

    Returns:
        A tensor with one more axis.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or shapes differ.

    Example:
        >>> recurra.ops.stack([[1, 2], [3, 4]])
        Tensor([[1, 2],
                [3, 4]], shape=(2, 2), dtype=int32)
    """
    return _engine.stack(x, axis)


@composed
def hstack(xs: Sequence[ArrayLike | Tensor]) -> Tensor:
    """Tensors joined along their second axis, vectors along their only one.

    Args:
        xs: Sequence of tensors or arrays.

    Returns:
        A tensor as wide as all together.

    Raises:
        ValueError: There is no tensor, or shapes do not fit.

    Example:
        >>> recurra.ops.hstack([[1, 2], [3]])
        Tensor([1, 2, 3], shape=(3,), dtype=int32)
    """
    parts = [_at_least(x, 1) for x in xs]
    if not parts:
        raise ValueError("hstack: expected at least one tensor")
    return _engine.concatenate(parts, 0 if parts[0].ndim == 1 else 1)


@composed
def vstack(xs: Sequence[ArrayLike | Tensor]) -> Tensor:
    """Tensors joined along their first axis; vectors count as rows.

    Args:
        xs: Sequence of tensors or arrays.

    Returns:
        A tensor as long as all together.

    Raises:
        ValueError: There is no tensor, or shapes do not fit.

    Example:
        >>> recurra.ops.vstack([[1, 2], [3, 4]])
        Tensor([[1, 2],
                [3, 4]], shape=(2, 2), dtype=int32)
    """
    return _engine.concatenate([_at_least(x, 2) for x in xs], 0)


def _at_least(x: ArrayLike | Tensor, rank: int) -> Tensor:
    tensor = _engine.operand(x)
    return _engine.reshape(tensor, (1,) * (rank - tensor.ndim) + tensor.shape) if tensor.ndim < rank else tensor


@composed
def split(x: ArrayLike | Tensor, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """Tensor cut along an axis.

    Args:
        x: Tensor, array, number or nested list.
        indices_or_sections: How many equal parts, or where the second part, the third, … begin.
        axis: The axis; the first by default.

    Returns:
        A list of tensors.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or it does not divide into that many equal parts.

    Example:
        >>> recurra.ops.split([1, 2, 3, 4], 2)
        [Tensor([1, 2], shape=(2,), dtype=int32), Tensor([3, 4], shape=(2,), dtype=int32)]
    """
    tensor = _engine.operand(x)
    place = normalized_axis("split", axis, tensor.ndim)
    extent = tensor.shape[place]
    if is_whole_number(indices_or_sections):
        parts = int(indices_or_sections)  # type: ignore[arg-type]
        if parts < 1 or extent % parts or parts > max(extent, _MOST_EMPTY_PARTS):
            raise ValueError(f"split: axis {axis} of shape {tensor.shape} does not divide into {parts} equal parts")
        size = extent // parts
        bounds = [size * part for part in range(1, parts)]
    else:
        bounds = [whole_number(bound, "split", "each index", None) for bound in np.ravel(indices_or_sections).tolist()]
    before = (slice(None),) * place
    keys = [(*before, slice(begin, end)) for begin, end in zip([None, *bounds], [*bounds, None], strict=True)]
    return [tensor[key] for key in keys]


@composed
def unstack(x: ArrayLike | Tensor, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """Slices of a tensor along an axis, without that axis.

    Args:
        x: Tensor, array, number or nested list.
        num: How many are expected; not checked by default.
        axis: The axis; the first by default.

    Returns:
        A list of tensors.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or `num` is not its extent.

    Example:
        >>> recurra.ops.unstack([[1, 2], [3, 4]])
        [Tensor([1, 2], shape=(2,), dtype=int32), Tensor([3, 4], shape=(2,), dtype=int32)]
    """
    tensor = _engine.operand(x)
    place = normalized_axis("unstack", axis, tensor.ndim)
    if num is not None and num != tensor.shape[place]:
        raise ValueError(f"unstack: axis {axis} of shape {tensor.shape} does not have {num} elements")
    keys = [(*(slice(None),) * place, index) for index in range(tensor.shape[place])]
    return [tensor[key] for key in keys]


@composed
def repeat(x: ArrayLike | Tensor, repeats: int | Sequence[int], axis: int | None = None) -> Tensor:
    """Each element several times in a row.

    Args:
        x: Tensor, array, number or nested list.
        repeats: One count, or one for each element of the axis.
        axis: The axis; None, the default, for all elements in row-major order.

    Returns:
        A tensor longer along the axis, or a vector.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or the counts do not fit or are too large.

    Example:
        >>> recurra.ops.repeat([1, 2], 2)
        Tensor([1, 1, 2, 2], shape=(4,), dtype=int32)
    """
    tensor = _engine.operand(x)
    if axis is None:
        tensor, axis = _engine.reshape(tensor, -1), 0
    place = normalized_axis("repeat", axis, tensor.ndim)
    counts = [whole_number(count, "repeat", "repeats", 0, _LARGEST) for count in np.ravel(np.asarray(repeats)).tolist()]
    if len(counts) == 1:
        return _engine.repeat(tensor, counts[0], place)
    if np.ndim(repeats) != 1 or len(counts) != tensor.shape[place]:
        raise ValueError(f"repeat: {len(counts)} counts do not fit axis {axis} of shape {tensor.shape}")
    if sum(counts) * max(1, tensor.size) > _LARGEST:
        raise ValueError(f"repeat: {sum(counts)} elements along axis {axis} are too many to address")
    return _engine.take(tensor, np.repeat(np.arange(len(counts)), counts), place)


@operation
def tile(x: ArrayLike | Tensor, repeats: int | Sequence[int]) -> Tensor:
    """The whole tensor several times along each axis.

    Args:
        x: Tensor, array, number or nested list.
        repeats: Counts for the last axes, or one for the last.

    Returns:
        A tensor with the extents multiplied.

    Raises:
        ValueError: A count is negative, or the result would be too large to address.

    Example:
        >>> recurra.ops.tile([1, 2], 2)
        Tensor([1, 2, 1, 2], shape=(4,), dtype=int32)
    """
    return _engine.tile(x, repeats)


@composed
def roll(x: ArrayLike | Tensor, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """Elements moved along axes, round the end.

    Args:
        x: Tensor, array, number or nested list.
        shift: By how many places; one for each axis, or one for all.
        axis: Axis or axes; None, the default, for all elements in row-major order.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or the number of shifts does not fit.

    Example:
        >>> recurra.ops.roll([1, 2, 3], 1)
        Tensor([3, 1, 2], shape=(3,), dtype=int32)
    """
    tensor = _engine.operand(x)
    single = is_whole_number(shift)
    if axis is None:
        if not single:
            raise ValueError("roll: several shifts need an axis for each")
        return _engine.reshape(_rolled(_engine.reshape(tensor, -1), shift, 0), tensor.shape)
    axes = as_axes("roll", axis)
    shifts = [shift] * len(axes) if single else as_axes("roll", shift, "shift")
    if len(shifts) != len(axes):
        raise ValueError(f"roll: {len(shifts)} shifts need an axis for each, got axis={axis}")
    for one_shift, one_axis in zip(shifts, axes, strict=True):
        tensor = _rolled(tensor, one_shift, normalized_axis("roll", one_axis, tensor.ndim))
    return tensor


def _rolled(tensor: Tensor, shift: Any, axis: int) -> Tensor:
    extent = tensor.shape[axis]
    return _engine.roll(tensor, int(shift) % extent, axis) if extent else tensor


@composed
def pad(
    x: ArrayLike | Tensor,
    pad_width: int | Sequence[int] | Sequence[Sequence[int]],
    mode: str = "constant",
    constant_values: float | None = None,
) -> Tensor:
    """More elements before and after each axis.

    Args:
        x: Tensor, array, number or nested list.
        pad_width: (before, after) for each axis, one pair for all, or one number for all.
        mode: "constant" (the default); "edge" repeats the last element; "reflect" mirrors at the last element,
            "symmetric" behind it.
        constant_values: Number for "constant"; 0 by default.

    Returns:
        A tensor with longer axes.

    Raises:
        ValueError: The widths do not fit, are negative or too large, or the mode is not one of these.

    Example:
        >>> recurra.ops.pad([1, 2], (1, 2))
        Tensor([0, 1, 2, 0, 0], shape=(5,), dtype=int32)
    """
    if constant_values is not None and mode != "constant":
        raise ValueError(f"pad: constant_values has no meaning for mode {mode!r}")
    tensor = _engine.operand(x)
    given = np.asarray(pad_width)
    if given.dtype.kind not in "iu" or given.ndim > 2 or (given.ndim == 2 and given.shape[0] not in (1, tensor.ndim)):
        raise ValueError(f"pad: expected a pair of widths for each of {tensor.ndim} axes, got {pad_width}")
    widths = [(int(before), int(after)) for before, after in np.broadcast_to(given, (tensor.ndim, 2))]
    return _engine.pad(tensor, widths, mode, 0 if constant_values is None else constant_values)
