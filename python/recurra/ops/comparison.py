"""Comparisons, truth values and choices, element by element. Operands broadcast as in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.ops.operation import composed, operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def isnan(x: ArrayLike | Tensor) -> Tensor:
    """Whether each element is not a number.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A bool tensor of the shape of `x`.

    Example:
        >>> recurra.ops.isnan([1.0, float('nan')])
        Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return _engine.isnan(x)


@operation
def isinf(x: ArrayLike | Tensor) -> Tensor:
    """Whether each element is infinite.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A bool tensor of the shape of `x`.

    Example:
        >>> recurra.ops.isinf([1.0, float('inf')])
        Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return _engine.isinf(x)


@operation
def isfinite(x: ArrayLike | Tensor) -> Tensor:
    """Whether each element is neither infinite nor NaN.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A bool tensor of the shape of `x`.

    Example:
        >>> recurra.ops.isfinite([1.0, float('nan')])
        Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return _engine.isfinite(x)


@operation
def logical_not(x: ArrayLike | Tensor) -> Tensor:
    """Whether each element is false (0).

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A bool tensor of the shape of `x`.

    Example:
        >>> recurra.ops.logical_not([True, False])
        Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return _engine.logical_not(x)


@operation
def equal(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether two elements are equal.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.equal([1, 2], 2)
        Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return _engine.equal(x1, x2)


@operation
def not_equal(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether two elements differ.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.not_equal([1, 2], 2)
        Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return _engine.not_equal(x1, x2)


@operation
def less(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether x1 < x2.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.less([1, 2], 2)
        Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return _engine.less(x1, x2)


@operation
def less_equal(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether x1 <= x2.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.less_equal([1, 2], 2)
        Tensor([ True,  True], shape=(2,), dtype=bool)
    """
    return _engine.less_equal(x1, x2)


@operation
def greater(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether x1 > x2.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.greater([1, 3], 2)
        Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return _engine.greater(x1, x2)


@operation
def greater_equal(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether x1 >= x2.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.greater_equal([1, 2], 2)
        Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return _engine.greater_equal(x1, x2)


@operation
def logical_and(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether both elements are true (not 0).

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.logical_and([True, False], [True, True])
        Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return _engine.logical_and(x1, x2)


@operation
def logical_or(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether one element or both are true (not 0).

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.logical_or([True, False], [False, False])
        Tensor([ True, False], shape=(2,), dtype=bool)
    """
    return _engine.logical_or(x1, x2)


@operation
def logical_xor(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether exactly one of two elements is true (not 0).

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.logical_xor([True, False], [True, True])
        Tensor([False,  True], shape=(2,), dtype=bool)
    """
    return _engine.logical_xor(x1, x2)


@composed
def isclose(
    x1: ArrayLike | Tensor, x2: ArrayLike | Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether |x1 - x2| <= atol + rtol |x2|, or both are the same infinity.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.
        rtol: Relative tolerance, 1e-5 by default.
        atol: Absolute tolerance, 1e-8 by default.
        equal_nan: Whether two NaN count as close; False by default.

    Returns:
        A bool tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.isclose([1.0, 2.0], [1.000001, 2.1])
        Tensor([ True, False], shape=(2,), dtype=bool)
    """
    distance = _engine.abs(_engine.subtract(x1, x2))
    close = less_equal(distance, _engine.add(_engine.multiply(_engine.abs(x2), rtol), atol))
    result = logical_or(logical_and(close, isfinite(x2)), equal(x1, x2))
    return logical_or(result, logical_and(isnan(x1), isnan(x2))) if equal_nan else result


@composed
def nan_to_num(
    x: ArrayLike | Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """Each element with NaN and infinities replaced.

    Args:
        x: Tensor, array, number or nested list.
        nan: What replaces NaN; 0 by default.
        posinf: What replaces infinity; the largest number of the type by default.
        neginf: What replaces -infinity; the lowest number of the type by default.

    Returns:
        A tensor of the shape and type of `x`.

    Example:
        >>> recurra.ops.nan_to_num([1.0, float('nan')])
        Tensor([1., 0.], shape=(2,), dtype=float32)
    """
    tensor = _engine.operand(x)
    if tensor.dtype not in ("float32", "float64"):
        return tensor
    largest = 3.4028234663852886e38 if tensor.dtype == "float32" else 1.7976931348623157e308
    tensor = _engine.where(isnan(tensor), nan, tensor)
    tensor = _engine.where(equal(tensor, float("inf")), largest if posinf is None else posinf, tensor)
    return _engine.where(equal(tensor, float("-inf")), -largest if neginf is None else neginf, tensor)


@operation
def where(
    condition: ArrayLike | Tensor, x1: ArrayLike | Tensor | None = None, x2: ArrayLike | Tensor | None = None
) -> Any:
    """Elements of x1 where a condition holds, else those of x2; all three broadcast.

    Args:
        condition: Truth values; numbers are true where they are not 0.
        x1: Taken where the condition holds.
        x2: Taken elsewhere.

    Returns:
        A tensor of the broadcast shape; without `x1` and `x2`, `nonzero(condition)`.

    Raises:
        ValueError: Only one of `x1` and `x2` is given, or the shapes do not broadcast.

    Example:
        >>> recurra.ops.where([True, False], [1.0, 2.0], 0.0)
        Tensor([1., 0.], shape=(2,), dtype=float32)
    """
    if x1 is None and x2 is None:
        from recurra.ops.indexing import nonzero

        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError("where: expected both x1 and x2, or neither")
    return _engine.where(condition, x1, x2)
