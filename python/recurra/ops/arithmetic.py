"""Arithmetic, functions and comparisons, element by element.

Operands broadcast as in NumPy. Types are promoted: bool, int32, int64, float32, float64, in this order; a Python number
takes the type of the other operand. Functions of real numbers turn whole numbers into float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.ops.operation import composed, operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def negative(x: ArrayLike | Tensor) -> Tensor:
    """-x."""
    return _engine.negative(x)


@operation
def square(x: ArrayLike | Tensor) -> Tensor:
    """x^2."""
    return _engine.square(x)


@operation
def sign(x: ArrayLike | Tensor) -> Tensor:
    """-1, 0 or 1, the sign of x; gradient 0."""
    return _engine.sign(x)


@operation
def floor(x: ArrayLike | Tensor) -> Tensor:
    """The largest whole number that is not above x; gradient 0."""
    return _engine.floor(x)


@operation
def ceil(x: ArrayLike | Tensor) -> Tensor:
    """The smallest whole number that is not below x; gradient 0."""
    return _engine.ceil(x)


@operation
def trunc(x: ArrayLike | Tensor) -> Tensor:
    """x without its fraction; gradient 0."""
    return _engine.trunc(x)


@operation
def sqrt(x: ArrayLike | Tensor) -> Tensor:
    """The square root."""
    return _engine.sqrt(x)


@operation
def rsqrt(x: ArrayLike | Tensor) -> Tensor:
    """1 / sqrt(x)."""
    return _engine.rsqrt(x)


@operation
def reciprocal(x: ArrayLike | Tensor) -> Tensor:
    """1 / x."""
    return _engine.reciprocal(x)


@operation
def exp(x: ArrayLike | Tensor) -> Tensor:
    """e^x."""
    return _engine.exp(x)


@operation
def exp2(x: ArrayLike | Tensor) -> Tensor:
    """2^x."""
    return _engine.exp2(x)


@operation
def expm1(x: ArrayLike | Tensor) -> Tensor:
    """e^x - 1, exact also near 0."""
    return _engine.expm1(x)


@operation
def log(x: ArrayLike | Tensor) -> Tensor:
    """The natural logarithm."""
    return _engine.log(x)


@operation
def log2(x: ArrayLike | Tensor) -> Tensor:
    """The logarithm to base 2."""
    return _engine.log2(x)


@operation
def log10(x: ArrayLike | Tensor) -> Tensor:
    """The logarithm to base 10."""
    return _engine.log10(x)


@operation
def log1p(x: ArrayLike | Tensor) -> Tensor:
    """log(1 + x), exact also near 0."""
    return _engine.log1p(x)


@operation
def sin(x: ArrayLike | Tensor) -> Tensor:
    """The sine of x in radians."""
    return _engine.sin(x)


@operation
def cos(x: ArrayLike | Tensor) -> Tensor:
    """The cosine of x in radians."""
    return _engine.cos(x)


@operation
def tan(x: ArrayLike | Tensor) -> Tensor:
    """The tangent of x in radians."""
    return _engine.tan(x)


@operation
def arcsin(x: ArrayLike | Tensor) -> Tensor:
    """The angle in [-pi/2, pi/2] whose sine is x."""
    return _engine.arcsin(x)


@operation
def arccos(x: ArrayLike | Tensor) -> Tensor:
    """The angle in [0, pi] whose cosine is x."""
    return _engine.arccos(x)


@operation
def arctan(x: ArrayLike | Tensor) -> Tensor:
    """The angle in (-pi/2, pi/2) whose tangent is x."""
    return _engine.arctan(x)


@operation
def sinh(x: ArrayLike | Tensor) -> Tensor:
    """The hyperbolic sine."""
    return _engine.sinh(x)


@operation
def cosh(x: ArrayLike | Tensor) -> Tensor:
    """The hyperbolic cosine."""
    return _engine.cosh(x)


@operation
def arcsinh(x: ArrayLike | Tensor) -> Tensor:
    """The inverse of the hyperbolic sine."""
    return _engine.arcsinh(x)


@operation
def arccosh(x: ArrayLike | Tensor) -> Tensor:
    """The inverse of the hyperbolic cosine, for x >= 1."""
    return _engine.arccosh(x)


@operation
def arctanh(x: ArrayLike | Tensor) -> Tensor:
    """The inverse of the hyperbolic tangent, for |x| < 1."""
    return _engine.arctanh(x)


@operation
def erf(x: ArrayLike | Tensor) -> Tensor:
    """The error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x."""
    return _engine.erf(x)


@operation
def isnan(x: ArrayLike | Tensor) -> Tensor:
    """Whether x is not a number."""
    return _engine.isnan(x)


@operation
def isinf(x: ArrayLike | Tensor) -> Tensor:
    """Whether x is infinite."""
    return _engine.isinf(x)


@operation
def isfinite(x: ArrayLike | Tensor) -> Tensor:
    """Whether x is neither infinite nor NaN."""
    return _engine.isfinite(x)


@operation
def logical_not(x: ArrayLike | Tensor) -> Tensor:
    """Whether x is false (0)."""
    return _engine.logical_not(x)


@operation
def absolute(x: ArrayLike | Tensor) -> Tensor:
    """|x|; gradient 0 at 0."""
    return _engine.abs(x)


abs = absolute


@operation
def round(x: ArrayLike | Tensor, decimals: int = 0) -> Tensor:
    """x rounded to a number of decimals, halves to the even neighbour; gradient 0."""
    if decimals == 0:
        return _engine.round(x)
    scale = 10.0**decimals
    return _engine.divide(_engine.round(_engine.multiply(x, scale)), scale)


@operation
def clip(x: ArrayLike | Tensor, x_min: float, x_max: float) -> Tensor:
    """x limited to [x_min, x_max]; the gradient passes inside the limits, ends included."""
    return _engine.clip(x, x_min, x_max)


@operation
def cast(x: ArrayLike | Tensor, dtype: Any) -> Tensor:
    """The elements in another type; differentiable between floating types."""
    return _engine.cast(x, dtype)


@operation
def add(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """x1 + x2."""
    return _engine.add(x1, x2)


@operation
def subtract(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """x1 - x2."""
    return _engine.subtract(x1, x2)


@operation
def multiply(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """x1 x2."""
    return _engine.multiply(x1, x2)


@operation
def divide(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """x1 / x2; whole numbers become float32."""
    return _engine.divide(x1, x2)


@operation
def divide_no_nan(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """x1 / x2, and 0 where x2 is 0."""
    return _engine.divide_no_nan(x1, x2)


@operation
def floor_divide(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """x1 / x2 rounded towards minus infinity; gradient 0."""
    return _engine.floor_divide(x1, x2)


@operation
def mod(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """The remainder of x1 / x2, with the sign of x2."""
    return _engine.mod(x1, x2)


@operation
def power(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """x1 to the power x2."""
    return _engine.power(x1, x2)


@operation
def maximum(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """The larger of both; equal elements share the gradient."""
    return _engine.maximum(x1, x2)


@operation
def minimum(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """The smaller of both; equal elements share the gradient."""
    return _engine.minimum(x1, x2)


@operation
def arctan2(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """The angle of the point (x2, x1), in (-pi, pi]."""
    return _engine.arctan2(x1, x2)


@operation
def logaddexp(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """log(exp(x1) + exp(x2)) without overflow."""
    return _engine.logaddexp(x1, x2)


@operation
def equal(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether x1 = x2."""
    return _engine.equal(x1, x2)


@operation
def not_equal(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether x1 differs from x2."""
    return _engine.not_equal(x1, x2)


@operation
def less(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether x1 < x2."""
    return _engine.less(x1, x2)


@operation
def less_equal(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether x1 <= x2."""
    return _engine.less_equal(x1, x2)


@operation
def greater(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether x1 > x2."""
    return _engine.greater(x1, x2)


@operation
def greater_equal(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether x1 >= x2."""
    return _engine.greater_equal(x1, x2)


@operation
def logical_and(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether both are true (not 0)."""
    return _engine.logical_and(x1, x2)


@operation
def logical_or(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether at least one is true (not 0)."""
    return _engine.logical_or(x1, x2)


@operation
def logical_xor(x1: ArrayLike | Tensor, x2: ArrayLike | Tensor) -> Tensor:
    """Whether exactly one is true (not 0)."""
    return _engine.logical_xor(x1, x2)


true_divide = divide


@composed
def isclose(
    x1: ArrayLike | Tensor, x2: ArrayLike | Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether |x1 - x2| <= atol + rtol |x2|, or both are the same infinity."""
    close = less_equal(absolute(subtract(x1, x2)), add(multiply(absolute(x2), rtol), atol))
    result = logical_or(logical_and(close, isfinite(x2)), equal(x1, x2))
    return logical_or(result, logical_and(isnan(x1), isnan(x2))) if equal_nan else result


@composed
def nan_to_num(
    x: ArrayLike | Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """x with NaN and infinities replaced, infinities by the largest numbers of the type by default."""
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
    """x1 where the condition holds, else x2; all three broadcast. Without x1 and x2: `nonzero(condition)`."""
    if x1 is None and x2 is None:
        from recurra.ops.indexing import nonzero

        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError("where: expected both x1 and x2, or neither")
    return _engine.where(condition, x1, x2)
