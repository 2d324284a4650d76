"""The same elements in another arrangement; joining, splitting, padding, repeating."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from recurra import _engine
from recurra.ops.operation import composed, operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def reshape(x: ArrayLike | Tensor, newshape: Sequence[int] | int) -> Tensor:
    """The elements in another shape; one extent may be -1, what is left over."""
    return _engine.reshape(x, newshape)


@operation
def ravel(x: ArrayLike | Tensor) -> Tensor:
    """All elements along one axis."""
    return _engine.reshape(x, -1)


@operation
def transpose(x: ArrayLike | Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """Axes in another order: axis k of the result is axis axes[k] of x. By default reversed."""
    return _engine.transpose(x, axes)


@composed
def swapaxes(x: ArrayLike | Tensor, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged."""
    tensor = _engine.operand(x)
    order = list(range(tensor.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return _engine.transpose(tensor, order)


@composed
def moveaxis(x: ArrayLike | Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Axes moved to other places; the others keep their order."""
    tensor = _engine.operand(x)
    sources = [axis % tensor.ndim for axis in ([source] if isinstance(source, int) else source)]
    places = [axis % tensor.ndim for axis in ([destination] if isinstance(destination, int) else destination)]
    if len(sources) != len(places):
        raise ValueError(f"moveaxis: {len(sources)} axes cannot go to {len(places)} places")
    order = [axis for axis in range(tensor.ndim) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return _engine.transpose(tensor, order)


@composed
def expand_dims(x: ArrayLike | Tensor, axis: int | Sequence[int]) -> Tensor:
    """New axes of extent 1 at these places of the result."""
    tensor = _engine.operand(x)
    places = [axis] if isinstance(axis, int) else list(axis)
    rank = tensor.ndim + len(places)
    for place in places:
        if not -rank <= place < rank:
            raise ValueError(f"expand_dims: axis {place} is outside a result of {rank} axes")
    new = {place % rank for place in places}
    extents = iter(tensor.shape)
    return _engine.reshape(tensor, [1 if place in new else next(extents) for place in range(rank)])


@composed
def squeeze(x: ArrayLike | Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """Without axes of extent 1: all of them, or those named."""
    tensor = _engine.operand(x)
    if axis is None:
        return _engine.reshape(tensor, [extent for extent in tensor.shape if extent != 1])
    gone = {place % tensor.ndim for place in ([axis] if isinstance(axis, int) else axis)}
    for place in gone:
        if tensor.shape[place] != 1:
            raise ValueError(f"squeeze: axis {place} of shape {tensor.shape} has more than one element")
    return _engine.reshape(tensor, [extent for place, extent in enumerate(tensor.shape) if place not in gone])


@operation
def broadcast_to(x: ArrayLike | Tensor, shape: Sequence[int]) -> Tensor:
    """x stretched to a shape by NumPy's broadcasting."""
    return _engine.broadcast_to(x, shape)


@operation
def flip(x: ArrayLike | Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """Elements in reverse order along axes, by default all."""
    return _engine.flip(x, axis)


@operation
def concatenate(xs: Sequence[ArrayLike | Tensor], axis: int = 0) -> Tensor:
    """Tensors joined along an axis; their other extents are equal."""
    return _engine.concatenate(xs, axis)


@operation
def stack(x: Sequence[ArrayLike | Tensor], axis: int = 0) -> Tensor:
    """Tensors of one shape joined along a new axis."""
    return _engine.stack(x, axis)


@composed
def hstack(xs: Sequence[ArrayLike | Tensor]) -> Tensor:
    """Tensors joined along their second axis, vectors along their only one."""
    parts = [_at_least(x, 1) for x in xs]
    return _engine.concatenate(parts, 0 if parts[0].ndim == 1 else 1)


@composed
def vstack(xs: Sequence[ArrayLike | Tensor]) -> Tensor:
    """Tensors joined along their first axis; vectors count as rows."""
    return _engine.concatenate([_at_least(x, 2) for x in xs], 0)


def _at_least(x: ArrayLike | Tensor, rank: int) -> Tensor:
    tensor = _engine.operand(x)
    return _engine.reshape(tensor, (1,) * (rank - tensor.ndim) + tensor.shape) if tensor.ndim < rank else tensor


@composed
def split(x: ArrayLike | Tensor, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """x cut along an axis.

    Args:
        indices_or_sections: How many equal parts, or where the second part, the third, … begin.

    Raises:
        ValueError: The axis does not divide into that many equal parts.
    """
    tensor = _engine.operand(x)
    place = axis % tensor.ndim
    extent = tensor.shape[place]
    if isinstance(indices_or_sections, int):
        if indices_or_sections < 1 or extent % indices_or_sections:
            raise ValueError(
                f"split: axis {axis} of shape {tensor.shape} does not divide into {indices_or_sections} equal parts"
            )
        size = extent // indices_or_sections
        bounds = [size * part for part in range(1, indices_or_sections)]
    else:
        bounds = [int(bound) for bound in indices_or_sections]
    before = (slice(None),) * place
    keys = [(*before, slice(begin, end)) for begin, end in zip([None, *bounds], [*bounds, None], strict=True)]
    return [tensor[key] for key in keys]


@composed
def unstack(x: ArrayLike | Tensor, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The slices of x along an axis, without that axis.

    Raises:
        ValueError: `num` is given and is not the extent of the axis.
    """
    tensor = _engine.operand(x)
    place = axis % tensor.ndim
    if num is not None and num != tensor.shape[place]:
        raise ValueError(f"unstack: axis {axis} of shape {tensor.shape} has not {num} elements")
    keys = [(*(slice(None),) * place, index) for index in range(tensor.shape[place])]
    return [tensor[key] for key in keys]


@composed
def repeat(x: ArrayLike | Tensor, repeats: int | Sequence[int], axis: int | None = None) -> Tensor:
    """Each element several times in a row, along an axis or over all elements in row-major order.

    Args:
        repeats: One count, or one for each element of the axis.
    """
    tensor = _engine.operand(x)
    if axis is None:
        tensor, axis = _engine.reshape(tensor, -1), 0
    if isinstance(repeats, int):
        return _engine.repeat(tensor, repeats, axis)
    counts = np.asarray(repeats)
    if counts.size == 1:
        return _engine.repeat(tensor, int(counts.reshape(-1)[0]), axis)
    if counts.shape != (tensor.shape[axis],):
        raise ValueError(f"repeat: {counts.size} counts do not fit axis {axis} of shape {tensor.shape}")
    return _engine.take(tensor, np.repeat(np.arange(counts.size), counts), axis)


@operation
def tile(x: ArrayLike | Tensor, repeats: int | Sequence[int]) -> Tensor:
    """The whole of x several times along each axis."""
    return _engine.tile(x, repeats)


@composed
def roll(x: ArrayLike | Tensor, shift: int | Sequence[int], axis: int | Sequence[int] | None = None) -> Tensor:
    """Elements moved along axes, round the end; without an axis, over all elements in row-major order."""
    tensor = _engine.operand(x)
    if axis is None:
        if not isinstance(shift, int):
            raise ValueError("roll: several shifts need as many axes")
        return _engine.reshape(_engine.roll(_engine.reshape(tensor, -1), shift, 0), tensor.shape)
    axes = [axis] if isinstance(axis, int) else list(axis)
    shifts = [shift] * len(axes) if isinstance(shift, int) else list(shift)
    for one_shift, one_axis in zip(shifts, axes, strict=True):
        tensor = _engine.roll(tensor, one_shift, one_axis)
    return tensor


@composed
def pad(
    x: ArrayLike | Tensor,
    pad_width: int | Sequence[int] | Sequence[Sequence[int]],
    mode: str = "constant",
    constant_values: float | None = None,
) -> Tensor:
    """More elements before and after each axis.

    Args:
        pad_width: (before, after) for each axis, one pair for all, or one number for all.
        mode: "constant"; "edge" repeats the last element; "reflect" mirrors at the last element, "symmetric" behind it.
        constant_values: For "constant"; 0 by default.
    """
    if constant_values is not None and mode != "constant":
        raise ValueError(f"pad: constant_values has no meaning for mode {mode!r}")
    tensor = _engine.operand(x)
    given = np.asarray(pad_width)
    if given.dtype.kind not in "iu" or (given.ndim == 2 and given.shape[0] not in (1, tensor.ndim)):
        raise ValueError(f"pad: expected a pair of widths for each of {tensor.ndim} axes, got {pad_width}")
    widths = [(int(before), int(after)) for before, after in np.broadcast_to(given, (tensor.ndim, 2))]
    return _engine.pad(tensor, widths, mode, constant_values or 0.0)
