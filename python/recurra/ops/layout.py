"""The same elements in another arrangement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recurra import _engine
from recurra.checks import is_whole_number
from recurra.ops.axes import as_axes, normalized_axes, normalized_axis
from recurra.ops.operation import composed, operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def reshape(x: ArrayLike | Tensor, newshape: Sequence[int] | int) -> Tensor:
    """The same elements in another shape.

    Args:
        x: Tensor, array, number or nested list.
        newshape: Extents; one may be -1, what is left over.

    Returns:
        A tensor that shares the elements.

    Raises:
        ValueError: The shape holds another number of elements, or is too large to address.

    Example:
        >>> recurra.ops.reshape([1, 2, 3, 4], (2, -1))
        Tensor([[1, 2],
                [3, 4]], shape=(2, 2), dtype=int32)
    """
    return _engine.reshape(x, newshape)


@operation
def ravel(x: ArrayLike | Tensor) -> Tensor:
    """All elements along one axis, in row-major order.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A vector that shares the elements.

    Example:
        >>> recurra.ops.ravel([[1, 2], [3, 4]])
        Tensor([1, 2, 3, 4], shape=(4,), dtype=int32)
    """
    return _engine.reshape(x, -1)


@operation
def transpose(x: ArrayLike | Tensor, axes: Sequence[int] | None = None) -> Tensor:
    """Axes in another order.

    Args:
        x: Tensor, array, number or nested list.
        axes: Axis k of the result is axis axes[k] of x; reversed by default.

    Returns:
        A tensor with the axes in the new order.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or one is named twice.

    Example:
        >>> recurra.ops.transpose([[1, 2, 3]])
        Tensor([[1],
                [2],
                [3]], shape=(3, 1), dtype=int32)
    """
    return _engine.transpose(x, axes)


@composed
def swapaxes(x: ArrayLike | Tensor, axis1: int, axis2: int) -> Tensor:
    """Two axes exchanged.

    Args:
        x: Tensor, array, number or nested list.
        axis1: The axis, counted from either end.
        axis2: The axis it changes places with.

    Returns:
        A tensor with the two axes exchanged.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.ops.swapaxes(np.zeros((2, 3, 4)), 0, 2).shape
        (4, 3, 2)
    """
    tensor = _engine.operand(x)
    first, second = (normalized_axis("swapaxes", axis, tensor.ndim) for axis in (axis1, axis2))
    order = list(range(tensor.ndim))
    order[first], order[second] = second, first
    return _engine.transpose(tensor, order)


@composed
def moveaxis(x: ArrayLike | Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Axes moved to other places; the others keep their order.

    Args:
        x: Tensor, array, number or nested list.
        source: Axis or axes to move.
        destination: As many places in the result.

    Returns:
        A tensor with the axes in the new order.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, one is named twice, or the numbers differ.

    Example:
        >>> recurra.ops.moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
        (3, 4, 2)
    """
    tensor = _engine.operand(x)
    sources = normalized_axes("moveaxis", source, tensor.ndim)
    places = normalized_axes("moveaxis", destination, tensor.ndim)
    if len(sources) != len(places):
        raise ValueError(f"moveaxis: {len(sources)} axes cannot go to {len(places)} places")
    order = [axis for axis in range(tensor.ndim) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return _engine.transpose(tensor, order)


@composed
def expand_dims(x: ArrayLike | Tensor, axis: int | Sequence[int]) -> Tensor:
    """New axes of extent 1.

    Args:
        x: Tensor, array, number or nested list.
        axis: Place or places in the result.

    Returns:
        A tensor that shares the elements.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or one is named twice.

    Example:
        >>> recurra.ops.expand_dims([1, 2], axis=0).shape
        (1, 2)
    """
    tensor = _engine.operand(x)
    rank = tensor.ndim + (1 if is_whole_number(axis) else len(as_axes("expand_dims", axis)))
    new = normalized_axes("expand_dims", axis, rank)
    extents = iter(tensor.shape)
    return _engine.reshape(tensor, [1 if place in new else next(extents) for place in range(rank)])


@composed
def squeeze(x: ArrayLike | Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """Axes of extent 1 removed.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes; by default all of extent 1.

    Returns:
        A tensor that shares the elements.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or it has another extent.

    Example:
        >>> recurra.ops.squeeze([[1, 2]]).shape
        (2,)
    """
    tensor = _engine.operand(x)
    if axis is None:
        return _engine.reshape(tensor, [extent for extent in tensor.shape if extent != 1])
    gone = normalized_axes("squeeze", axis, tensor.ndim)
    for place in gone:
        if tensor.shape[place] != 1:
            raise ValueError(f"squeeze: axis {place} of shape {tensor.shape} has more than one element")
    return _engine.reshape(tensor, [extent for place, extent in enumerate(tensor.shape) if place not in gone])


@operation
def broadcast_to(x: ArrayLike | Tensor, shape: Sequence[int]) -> Tensor:
    """Tensor stretched to a shape by NumPy's broadcasting.

    Args:
        x: Tensor, array, number or nested list.
        shape: Extents of the result.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: `x` does not stretch to it, or it is too large to address.

    Example:
        >>> recurra.ops.broadcast_to([1, 2], (2, 2))
        Tensor([[1, 2],
                [1, 2]], shape=(2, 2), dtype=int32)
    """
    return _engine.broadcast_to(x, shape)


@operation
def flip(x: ArrayLike | Tensor, axis: int | Sequence[int] | None = None) -> Tensor:
    """Elements in reverse order along axes.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes; all by default.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.ops.flip([1, 2, 3])
        Tensor([3, 2, 1], shape=(3,), dtype=int32)
    """
    return _engine.flip(x, axis)
