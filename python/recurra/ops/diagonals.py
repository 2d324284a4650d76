"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import _engine, config
from recurra.checks import whole_number
from recurra.ops.axes import normalized_axes
from recurra.ops.creation import MOST_NUMBERS
from recurra.ops.operation import composed
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@composed
def diagonal(x: ArrayLike | Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Diagonal over two axes, as the last axis of the result.

    Args:
        x: Tensor of at least two axes.
        offset: Number of a diagonal: 0 the main one, positive above it; 0 by default.
        axis1: Axis of the rows; the first by default.
        axis2: Axis of the columns; the second by default.

    Returns:
        A tensor with the two axes replaced by one at the end.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or both are the same.

    Example:
        >>> recurra.ops.diagonal([[1.0, 2.0], [3.0, 4.0]])
        Tensor([1., 4.], shape=(2,), dtype=float32)
    """
    return _diagonals("diagonal", x, offset, axis1, axis2)


def _diagonals(owner: str, x: Any, offset: Any, axis1: Any, axis2: Any) -> Tensor:
    from recurra.ops.layout import moveaxis

    tensor = _engine.operand(x)
    if tensor.ndim < 2:
        raise ValueError(f"{owner}: expected at least two axes, got shape {tensor.shape}")
    matrices = moveaxis(tensor, normalized_axes(owner, (axis1, axis2), tensor.ndim), (-2, -1))
    rows, columns = matrices.shape[-2:]
    offset = max(-rows, min(whole_number(offset, owner, "offset", None), columns))
    length = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    at = np.arange(length)
    flat = _engine.reshape(matrices, (*matrices.shape[:-2], rows * columns))
    return _engine.take(flat, (at + max(-offset, 0)) * columns + at + max(offset, 0), -1)


@composed
def diag(x: ArrayLike | Tensor, k: int = 0) -> Tensor:
    """Matrix with a vector on a diagonal, or a diagonal of a matrix.

    Args:
        x: Vector or matrix.
        k: Number of a diagonal: 0 the main one, positive above it; 0 by default.

    Returns:
        A square matrix, or a vector.

    Raises:
        ValueError: `x` is neither, or `k` is not an integer.

    Example:
        >>> recurra.ops.diag([1.0, 2.0])
        Tensor([[1., 0.],
                [0., 2.]], shape=(2, 2), dtype=float32)
    """
    tensor = _engine.operand(x)
    if tensor.ndim == 2:
        return diagonal(tensor, offset=k)
    if tensor.ndim != 1:
        raise ValueError(f"diag: expected a vector or a matrix, got shape {tensor.shape}")
    k = whole_number(k, "diag", "k", None)
    n = tensor.shape[0] + abs(k)
    at = np.arange(tensor.shape[0])
    flat = _engine.put_rows(_engine.full(n * n, 0, tensor.dtype), (at + max(-k, 0)) * n + at + max(k, 0), tensor, False)
    return _engine.reshape(flat, (n, n))


@composed
def trace(x: ArrayLike | Tensor, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """Sum of the diagonal over two axes.

    Args:
        x: Tensor of at least two axes.
        offset: Number of a diagonal: 0 the main one, positive above it; 0 by default.
        axis1: Axis of the rows; the first by default.
        axis2: Axis of the columns; the second by default.

    Returns:
        A tensor without the two axes.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or both are the same.

    Example:
        >>> recurra.ops.trace([[1.0, 2.0], [3.0, 4.0]])
        Tensor(5., shape=(), dtype=float32)
    """
    return _engine.sum(_diagonals("trace", x, offset, axis1, axis2), -1)


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Zeros with ones on a diagonal.

    Args:
        N: Rows.
        M: Columns; as many as rows by default.
        k: Number of a diagonal: 0 the main one, positive above it; 0 by default.
        dtype: Element type; `recurra.config.floatx()` by default.

    Returns:
        An N x M matrix.

    Raises:
        ValueError: An extent is not an integer of at least 0.

    Example:
        >>> recurra.ops.eye(2, 3)
        Tensor([[1., 0., 0.],
                [0., 1., 0.]], shape=(2, 3), dtype=float32)
    """
    rows, columns, offset = _diagonal("eye", N, M, k)
    return _engine.operand(np.eye(rows, columns, offset, dtype=dtype or config.floatx()))


def identity(n: int, dtype: Any = None) -> Tensor:
    """Identity matrix.

    Args:
        n: Rows and columns.
        dtype: Element type; `recurra.config.floatx()` by default.

    Returns:
        An n x n matrix.

    Raises:
        ValueError: `n` is not an integer of at least 0.

    Example:
        >>> recurra.ops.identity(2)
        Tensor([[1., 0.],
                [0., 1.]], shape=(2, 2), dtype=float32)
    """
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Zeros with ones on a diagonal and below it.

    Args:
        N: Rows.
        M: Columns; as many as rows by default.
        k: Number of a diagonal: 0 the main one, positive above it; 0 by default.
        dtype: Element type; `recurra.config.floatx()` by default.

    Returns:
        An N x M matrix.

    Raises:
        ValueError: An extent is not an integer of at least 0.

    Example:
        >>> recurra.ops.tri(2)
        Tensor([[1., 0.],
                [1., 1.]], shape=(2, 2), dtype=float32)
    """
    rows, columns, offset = _diagonal("tri", N, M, k)
    return _engine.operand(np.tri(rows, columns, offset, dtype=dtype or config.floatx()))


@composed
def tril(x: ArrayLike | Tensor, k: int = 0) -> Tensor:
    """Matrices with zeros above a diagonal.

    Args:
        x: Tensor of at least two axes. The last two are rows and columns.
        k: Number of a diagonal: 0 the main one, positive above it; 0 by default.

    Returns:
        A tensor of the shape and type of `x`.

    Raises:
        ValueError: `x` has fewer than two axes, or `k` is not an integer.

    Example:
        >>> recurra.ops.tril([[1.0, 2.0], [3.0, 4.0]])
        Tensor([[1., 0.],
                [3., 4.]], shape=(2, 2), dtype=float32)
    """
    tensor = _engine.operand(x)
    return _engine.where(_below("tril", tensor, k), tensor, _engine.full((), 0, tensor.dtype))


@composed
def triu(x: ArrayLike | Tensor, k: int = 0) -> Tensor:
    """Matrices with zeros below a diagonal.

    Args:
        x: Tensor of at least two axes. The last two are rows and columns.
        k: Number of a diagonal: 0 the main one, positive above it; 0 by default.

    Returns:
        A tensor of the shape and type of `x`.

    Raises:
        ValueError: `x` has fewer than two axes, or `k` is not an integer.

    Example:
        >>> recurra.ops.triu([[1.0, 2.0], [3.0, 4.0]])
        Tensor([[1., 2.],
                [0., 4.]], shape=(2, 2), dtype=float32)
    """
    tensor = _engine.operand(x)
    below = _below("triu", tensor, whole_number(k, "triu", "k", None) - 1)
    return _engine.where(below, _engine.full((), 0, tensor.dtype), tensor)


def _below(owner: str, matrices: Tensor, k: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which elements of matrices stand on diagonal k or below it."""
    if matrices.ndim < 2:
        raise ValueError(f"{owner}: expected at least two axes, got shape {matrices.shape}")
    rows, columns = matrices.shape[-2:]
    return np.tri(*_diagonal(owner, rows, columns, k), dtype=np.bool_)


def _diagonal(owner: str, N: Any, M: Any, k: Any) -> tuple[int, int, int]:
    """The extents of a matrix, and the number of a diagonal, bounded by them: beyond them it makes no difference."""
    rows = whole_number(N, owner, "N", 0)
    columns = rows if M is None else whole_number(M, owner, "M", 0)
    if rows * columns > MOST_NUMBERS:
        raise ValueError(f"{owner}: a matrix of shape ({rows}, {columns}) is too large to address")
    return rows, columns, max(-rows - 1, min(whole_number(k, owner, "k", None), columns + 1))
