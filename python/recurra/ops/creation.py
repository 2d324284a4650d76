"""Tensors made from nothing but a shape. The type is `recurra.config.floatx()` where none is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import _engine, config
from recurra.checks import is_number, is_whole_number, number, whole_number
from recurra.ops.operation import composed
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

MOST_NUMBERS = 2**60  # of 8 bytes, as many as can be addressed


def zeros(shape: Sequence[int] | int, dtype: Any = None) -> Tensor:
    """Tensor of zeros.

    Args:
        shape: Extents, a sequence of integers or one integer.
        dtype: Element type; `recurra.config.floatx()` by default.

    Returns:
        A tensor of the given shape.

    Raises:
        ValueError: An extent is negative, or the tensor would be too large to address.

    Example:
        >>> recurra.ops.zeros((2, 3))
        Tensor([[0., 0., 0.],
                [0., 0., 0.]], shape=(2, 3), dtype=float32)
    """
    return _engine.full(shape, 0, dtype or config.floatx())


def ones(shape: Sequence[int] | int, dtype: Any = None) -> Tensor:
    """Tensor of ones.

    Args:
        shape: Extents, a sequence of integers or one integer.
        dtype: Element type; `recurra.config.floatx()` by default.

    Returns:
        A tensor of the given shape.

    Raises:
        ValueError: An extent is negative, or the tensor would be too large to address.

    Example:
        >>> recurra.ops.ones(2, dtype='int32')
        Tensor([1, 1], shape=(2,), dtype=int32)
    """
    return _engine.full(shape, 1, dtype or config.floatx())


empty = zeros


def full(shape: Sequence[int] | int, fill_value: ArrayLike | Tensor, dtype: Any = None) -> Tensor:
    """Tensor filled with a number, or with values that broadcast to the shape.

    Args:
        shape: Extents, a sequence of integers or one integer.
        fill_value: Number, or tensor or array.
        dtype: Element type; `recurra.config.floatx()` by default.

    Returns:
        A tensor of the given shape.

    Raises:
        ValueError: The tensor would be too large, the values do not broadcast, or an integer does not fit into the
            type.

    Example:
        >>> recurra.ops.full(2, 7.0)
        Tensor([7., 7.], shape=(2,), dtype=float32)
    """
    if is_number(fill_value) or isinstance(fill_value, bool):
        return _engine.full(shape, fill_value, dtype or config.floatx())
    return _engine.broadcast_to(_engine.cast(fill_value, dtype or config.floatx()), shape)


@composed
def zeros_like(x: ArrayLike | Tensor, dtype: Any = None) -> Tensor:
    """Zeros in the shape and type of a tensor.

    Args:
        x: Tensor, array, number or nested list.
        dtype: Element type; the type of `x` by default.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> recurra.ops.zeros_like([1.0, 2.0])
        Tensor([0., 0.], shape=(2,), dtype=float32)
    """
    tensor = _engine.operand(x)
    return _engine.full(tensor.shape, 0, dtype or tensor.dtype)


@composed
def ones_like(x: ArrayLike | Tensor, dtype: Any = None) -> Tensor:
    """Ones in the shape and type of a tensor.

    Args:
        x: Tensor, array, number or nested list.
        dtype: Element type; the type of `x` by default.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> recurra.ops.ones_like([1.0, 2.0])
        Tensor([1., 1.], shape=(2,), dtype=float32)
    """
    tensor = _engine.operand(x)
    return _engine.full(tensor.shape, 1, dtype or tensor.dtype)


@composed
def full_like(x: ArrayLike | Tensor, fill_value: ArrayLike | Tensor, dtype: Any = None) -> Tensor:
    """Tensor in the shape and type of another, filled with a number or with values that broadcast.

    Args:
        x: Tensor, array, number or nested list.
        fill_value: Number, or tensor or array.
        dtype: Element type; the type of `x` by default.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        ValueError: The values do not broadcast, or an integer does not fit into the type.

    Example:
        >>> recurra.ops.full_like([1.0, 2.0], 5.0)
        Tensor([5., 5.], shape=(2,), dtype=float32)
    """
    tensor = _engine.operand(x)
    return full(tensor.shape, fill_value, dtype or tensor.dtype)


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """Numbers start, start + step, … below stop.

    Args:
        start: The first number; the end of the range from 0 where it is the only one given.
        stop: The end, which is not part of the range.
        step: Distance of neighbours, not 0; 1 by default.
        dtype: Element type; by default int32 for integers (int64 where they need it), else `recurra.config.floatx()`.

    Returns:
        A vector.

    Raises:
        ValueError: An argument is not a number, or `step` is 0.

    Example:
        >>> recurra.ops.arange(1, 7, 2)
        Tensor([1, 3, 5], shape=(3,), dtype=int32)
    """
    if stop is None:
        start, stop = 0, start
    bounds = {"start": start, "stop": stop, "step": step}
    for name, bound in bounds.items():
        number(bound, "arange", name)
    if step == 0:
        raise ValueError("arange: step must not be 0")
    if dtype is None:
        whole = all(is_whole_number(bound) for bound in bounds.values())
        dtype = ("int32" if _fits_int32(start, stop) else "int64") if whole else config.floatx()
    return _engine.operand(np.arange(start, stop, step, dtype=dtype))


def _fits_int32(*numbers: float) -> bool:
    return all(-(2**31) <= one < 2**31 for one in numbers)


def linspace(
    start: float, stop: float, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None
) -> Any:
    """Numbers at equal distances from start to stop.

    Args:
        start: The first number.
        stop: The last number; with `endpoint=False` the end, which is left out.
        num: How many; 50 by default.
        endpoint: Whether `stop` is one of them; True by default.
        retstep: Whether to return the distance too.
        dtype: Element type; `recurra.config.floatx()` by default.

    Returns:
        A vector, or (vector, distance).

    Raises:
        ValueError: `num` is not an integer of at least 0.

    Example:
        >>> recurra.ops.linspace(0.0, 1.0, 3)
        Tensor([0. , 0.5, 1. ], shape=(3,), dtype=float32)
    """
    count = whole_number(num, "linspace", "num", 0, MOST_NUMBERS)
    numbers, step = np.linspace(start, stop, count, endpoint=endpoint, retstep=True, dtype=dtype or config.floatx())
    vector = _engine.operand(numbers)
    return (vector, float(step)) if retstep else vector


def logspace(
    start: float, stop: float, num: int = 50, endpoint: bool = True, base: float = 10, dtype: Any = None
) -> Tensor:
    """Numbers at equal ratios from base^start to base^stop.

    Args:
        start: The first exponent.
        stop: The last exponent.
        num: How many; 50 by default.
        endpoint: Whether base^stop is one of them; True by default.
        base: The base; 10 by default.
        dtype: Element type; `recurra.config.floatx()` by default.

    Returns:
        A vector.

    Raises:
        ValueError: `num` is not an integer of at least 0.

    Example:
        >>> recurra.ops.logspace(0, 2, 3)
        Tensor([  1.,  10., 100.], shape=(3,), dtype=float32)
    """
    count = whole_number(num, "logspace", "num", 0, MOST_NUMBERS)
    return _engine.operand(
        np.logspace(start, stop, count, endpoint=endpoint, base=base, dtype=dtype or config.floatx())
    )


@composed
def meshgrid(*x: ArrayLike | Tensor, indexing: str = "xy") -> list[Tensor]:
    """Vectors stretched to the grid they span.

    Args:
        *x: Vectors.
        indexing: "xy" (the first vector along the second axis, the default) or "ij" (each along its own axis).

    Returns:
        One tensor for each vector.

    Raises:
        ValueError: `indexing` is neither.

    Example:
        >>> recurra.ops.meshgrid([1, 2], [3, 4, 5])[0]
        Tensor([[1, 2],
                [1, 2],
                [1, 2]], shape=(3, 2), dtype=int32)
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: expected indexing 'xy' or 'ij', got {indexing!r}")
    vectors = [_engine.reshape(vector, -1) for vector in x]
    order = list(range(len(vectors)))
    if indexing == "xy" and len(vectors) > 1:
        order[:2] = [1, 0]
    shape = [vectors[axis].size for axis in order]
    grids = []
    for axis, vector in zip(order, vectors, strict=True):
        unit = [1] * len(vectors)
        unit[axis] = -1
        grids.append(_engine.broadcast_to(_engine.reshape(vector, unit), shape))
    return grids
