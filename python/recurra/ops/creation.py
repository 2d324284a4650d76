"""Tensors made from nothing but a shape. The type is `recurra.config.floatx()` where none is given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import _engine, config
from recurra.ops.operation import composed
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def zeros(shape: Sequence[int] | int, dtype: Any = None) -> Tensor:
    """A tensor of zeros."""
    return _engine.full(shape, 0, dtype or config.floatx())


def ones(shape: Sequence[int] | int, dtype: Any = None) -> Tensor:
    """A tensor of ones."""
    return _engine.full(shape, 1, dtype or config.floatx())


empty = zeros


def full(shape: Sequence[int] | int, fill_value: ArrayLike | Tensor, dtype: Any = None) -> Tensor:
    """A tensor filled with a number, or with values that broadcast to the shape."""
    if isinstance(fill_value, (int, float)):
        return _engine.full(shape, fill_value, dtype or config.floatx())
    return _engine.broadcast_to(_engine.cast(fill_value, dtype or config.floatx()), shape)


@composed
def zeros_like(x: ArrayLike | Tensor, dtype: Any = None) -> Tensor:
    """Zeros in the shape (and type) of x."""
    tensor = _engine.operand(x)
    return _engine.full(tensor.shape, 0, dtype or tensor.dtype)


@composed
def ones_like(x: ArrayLike | Tensor, dtype: Any = None) -> Tensor:
    """Ones in the shape (and type) of x."""
    tensor = _engine.operand(x)
    return _engine.full(tensor.shape, 1, dtype or tensor.dtype)


@composed
def full_like(x: ArrayLike | Tensor, fill_value: ArrayLike | Tensor, dtype: Any = None) -> Tensor:
    """A tensor in the shape (and type) of x, filled with a number or with values that broadcast."""
    tensor = _engine.operand(x)
    return full(tensor.shape, fill_value, dtype or tensor.dtype)


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """start, start + step, … below stop; from 0 where only one number is given. Whole numbers give int32."""
    if stop is None:
        start, stop = 0, start
    if dtype is None:
        whole = all(isinstance(number, (int, np.integer)) for number in (start, stop, step))
        dtype = "int32" if whole else config.floatx()
    return Tensor(np.arange(start, stop, step, dtype=dtype))


def linspace(
    start: float, stop: float, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None
) -> Any:
    """`num` numbers at equal distances from start to stop; with `retstep` also the distance."""
    numbers, step = np.linspace(start, stop, num, endpoint=endpoint, retstep=True, dtype=dtype or config.floatx())
    return (Tensor(numbers), float(step)) if retstep else Tensor(numbers)


def logspace(
    start: float, stop: float, num: int = 50, endpoint: bool = True, base: float = 10, dtype: Any = None
) -> Tensor:
    """`num` numbers at equal ratios from base^start to base^stop."""
    return Tensor(np.logspace(start, stop, num, endpoint=endpoint, base=base, dtype=dtype or config.floatx()))


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """N x M zeros with ones on diagonal k (0 the main one, positive above it)."""
    return Tensor(np.eye(N, M, k, dtype=dtype or config.floatx()))


def identity(n: int, dtype: Any = None) -> Tensor:
    """The n x n identity matrix."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """N x M with ones on diagonal k and below, zeros above."""
    return Tensor(np.tri(N, M, k, dtype=dtype or config.floatx()))


@composed
def tril(x: ArrayLike | Tensor, k: int = 0) -> Tensor:
    """The last two axes with what is above diagonal k set to 0."""
    tensor = _engine.operand(x)
    return _engine.where(_below(tensor, k), tensor, _engine.full((), 0, tensor.dtype))


@composed
def triu(x: ArrayLike | Tensor, k: int = 0) -> Tensor:
    """The last two axes with what is below diagonal k set to 0."""
    tensor = _engine.operand(x)
    return _engine.where(_below(tensor, k - 1), _engine.full((), 0, tensor.dtype), tensor)


def _below(matrices: Tensor, k: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    rows, columns = matrices.shape[-2:]
    return np.tri(rows, columns, k, dtype=np.bool_)


@composed
def meshgrid(*x: ArrayLike | Tensor, indexing: str = "xy") -> list[Tensor]:
    """Vectors stretched to the grid they span: as x and y axes ("xy") or as rows and columns ("ij")."""
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
