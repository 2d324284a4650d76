"""Arithmetic, functions and comparisons, element by element.

Operands broadcast as in NumPy. Types are promoted: bool, int32, int64, float32, float64, in this order; a Python number
takes the type of the other operand. Functions of real numbers turn whole numbers into float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.checks import whole_number
from recurra.ops.operation import operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def negative(x: ArrayLike | Tensor) -> Tensor:
    """Negative of each element, -x.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape and type of `x`.

    Example:
        >>> recurra.ops.negative([1.0, -2.0])
        Tensor([-1.,  2.], shape=(2,), dtype=float32)
    """
    return _engine.negative(x)


@operation
def square(x: ArrayLike | Tensor) -> Tensor:
    """Square of each element, x^2.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape and type of `x`.

    Example:
        >>> recurra.ops.square([2.0, 3.0])
        Tensor([4., 9.], shape=(2,), dtype=float32)
    """
    return _engine.square(x)


@operation
def sign(x: ArrayLike | Tensor) -> Tensor:
    """Sign of each element: -1, 0 or 1. The gradient is 0.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape and type of `x`.

    Example:
        >>> recurra.ops.sign([-3.0, 0.0, 5.0])
        Tensor([-1.,  0.,  1.], shape=(3,), dtype=float32)
    """
    return _engine.sign(x)


@operation
def floor(x: ArrayLike | Tensor) -> Tensor:
    """Largest whole number that is not above x. The gradient is 0.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape and type of `x`.

    Example:
        >>> recurra.ops.floor([1.7, -1.2])
        Tensor([ 1., -2.], shape=(2,), dtype=float32)
    """
    return _engine.floor(x)


@operation
def ceil(x: ArrayLike | Tensor) -> Tensor:
    """Smallest whole number that is not below x. The gradient is 0.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape and type of `x`.

    Example:
        >>> recurra.ops.ceil([1.2, -1.7])
        Tensor([ 2., -1.], shape=(2,), dtype=float32)
    """
    return _engine.ceil(x)


@operation
def trunc(x: ArrayLike | Tensor) -> Tensor:
    """Each element without its fraction. The gradient is 0.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape and type of `x`.

    Example:
        >>> recurra.ops.trunc([1.7, -1.7])
        Tensor([ 1., -1.], shape=(2,), dtype=float32)
    """
    return _engine.trunc(x)


@operation
def reciprocal(x: ArrayLike | Tensor) -> Tensor:
    """Reciprocal, 1 / x.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.reciprocal([2.0, 4.0])
        Tensor([0.5 , 0.25], shape=(2,), dtype=float32)
    """
    return _engine.reciprocal(x)


@operation
def absolute(x: ArrayLike | Tensor) -> Tensor:
    """Absolute value, |x|. The gradient is 0 at 0.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape and type of `x`.

    Example:
        >>> recurra.ops.absolute([-1.0, 2.0])
        Tensor([1., 2.], shape=(2,), dtype=float32)
    """
    return _engine.abs(x)


abs = absolute


@operation
def round(x: ArrayLike | Tensor, decimals: int = 0) -> Tensor:
    """Each element rounded, halves to the even neighbour. The gradient is 0.

    Args:
        x: Tensor, array, number or nested list.
        decimals: Digits after the decimal point, from -300 to 300; 0 by default.

    Returns:
        A tensor of the shape and type of `x`.

    Raises:
        ValueError: `decimals` is not an integer in its range.

    Example:
        >>> recurra.ops.round([1.25, 2.75], 1)
        Tensor([1.2, 2.8], shape=(2,), dtype=float32)
    """
    if decimals == 0:
        return _engine.round(x)
    places = whole_number(decimals, "round", "decimals", -300, 300)
    scale = 10.0**places
    return _engine.divide(_engine.round(_engine.multiply(x, scale)), scale)


@operation
def clip(x: ArrayLike | Tensor, x_min: float, x_max: float) -> Tensor:
    """Each element limited to [x_min, x_max].

    The gradient passes where x is inside the limits, ends included.

    Args:
        x: Tensor, array, number or nested list.
        x_min: Lower limit, a number.
        x_max: Upper limit, a number.

    Returns:
        A tensor of the shape and type of `x`.

    Raises:
        TypeError: A limit is not a number.

    Example:
        >>> recurra.ops.clip([-2.0, 0.5, 3.0], 0.0, 1.0)
        Tensor([0. , 0.5, 1. ], shape=(3,), dtype=float32)
    """
    return _engine.clip(x, x_min, x_max)


@operation
def cast(x: ArrayLike | Tensor, dtype: Any) -> Tensor:
    """The same numbers in another element type; to bool, whether they are not 0.

    Differentiable between floating types. Numbers that an integer type does not hold wrap round, as in NumPy.

    Args:
        x: Tensor, array, number or nested list.
        dtype: "float32", "float64", "int32", "int64" or "bool", or the NumPy type.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        ValueError: The engine has no such type.

    Example:
        >>> recurra.ops.cast([1.7, 0.0], 'int32')
        Tensor([1, 0], shape=(2,), dtype=int32)
    """
    return _engine.cast(x, dtype)


@operation
def add(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Sum, x1 + x2.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A tensor of the broadcast shape and the promoted type.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.add([1.0, 2.0], 10.0)
        Tensor([11., 12.], shape=(2,), dtype=float32)
    """
    return _engine.add(x1, x2)


@operation
def subtract(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Difference, x1 - x2.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A tensor of the broadcast shape and the promoted type.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.subtract([1.0, 2.0], 10.0)
        Tensor([-9., -8.], shape=(2,), dtype=float32)
    """
    return _engine.subtract(x1, x2)


@operation
def multiply(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Product element by element, x1 x2.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A tensor of the broadcast shape and the promoted type.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.multiply([1.0, 2.0], 10.0)
        Tensor([10., 20.], shape=(2,), dtype=float32)
    """
    return _engine.multiply(x1, x2)


@operation
def divide(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Quotient, x1 / x2; float32 for integers.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A floating-point tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.divide([1.0, 2.0], 4.0)
        Tensor([0.25, 0.5 ], shape=(2,), dtype=float32)
    """
    return _engine.divide(x1, x2)


@operation
def divide_no_nan(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Quotient, x1 / x2, and 0 where x2 is 0.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A floating-point tensor of the broadcast shape.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.divide_no_nan([1.0, 2.0], [0.0, 4.0])
        Tensor([0. , 0.5], shape=(2,), dtype=float32)
    """
    return _engine.divide_no_nan(x1, x2)


@operation
def floor_divide(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Largest whole number that is not above x1 / x2; integers divided by 0 give 0.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A tensor of the broadcast shape and the promoted type.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.floor_divide([7, -7], 2)
        Tensor([ 3, -4], shape=(2,), dtype=int32)
    """
    return _engine.floor_divide(x1, x2)


@operation
def mod(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Remainder of `floor_divide`, with the sign of x2.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A tensor of the broadcast shape and the promoted type.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.mod([7, -7], 3)
        Tensor([1, 2], shape=(2,), dtype=int32)
    """
    return _engine.mod(x1, x2)


@operation
def power(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Power, x1^x2.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A tensor of the broadcast shape and the promoted type.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.power([2.0, 3.0], 2.0)
        Tensor([4., 9.], shape=(2,), dtype=float32)
    """
    return _engine.power(x1, x2)


@operation
def maximum(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """The larger of two elements; NaN if one is. Equal ones share the gradient.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A tensor of the broadcast shape and the promoted type.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.maximum([1.0, 5.0], 3.0)
        Tensor([3., 5.], shape=(2,), dtype=float32)
    """
    return _engine.maximum(x1, x2)


@operation
def minimum(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """The smaller of two elements; NaN if one is. Equal ones share the gradient.

    Args:
        x1: Tensor, array, number or nested list.
        x2: Tensor, array, number or nested list that broadcasts with `x1`.

    Returns:
        A tensor of the broadcast shape and the promoted type.

    Raises:
        ValueError: The shapes do not broadcast, or an integer does not fit into the type beside it.

    Example:
        >>> recurra.ops.minimum([1.0, 5.0], 3.0)
        Tensor([1., 3.], shape=(2,), dtype=float32)
    """
    return _engine.minimum(x1, x2)


true_divide = divide
