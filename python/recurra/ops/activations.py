"""Activation functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from recurra import _engine
from recurra.ops.operation import composed, operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def selu(x: ArrayLike | Tensor) -> Tensor:
    """1.0507 x where x > 0, else 1.0507 * 1.6733 (exp(x) - 1) (Klambauer et al., 2017)."""
    return _engine.selu(x)


@operation
def softplus(x: ArrayLike | Tensor) -> Tensor:
    """log(1 + exp(x))."""
    return _engine.softplus(x)


@operation
def softsign(x: ArrayLike | Tensor) -> Tensor:
    """x / (1 + |x|)."""
    return _engine.softsign(x)


@operation
def tanh(x: ArrayLike | Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return _engine.tanh(x)


@operation
def sigmoid(x: ArrayLike | Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return _engine.sigmoid(x)


@operation
def hard_sigmoid(x: ArrayLike | Tensor) -> Tensor:
    """x / 6 + 1/2, limited to [0, 1]."""
    return _engine.hard_sigmoid(x)


@operation
def silu(x: ArrayLike | Tensor) -> Tensor:
    """x sigmoid(x)."""
    return _engine.silu(x)


@operation
def hard_silu(x: ArrayLike | Tensor) -> Tensor:
    """x hard_sigmoid(x)."""
    return _engine.hard_silu(x)


@operation
def mish(x: ArrayLike | Tensor) -> Tensor:
    """x tanh(softplus(x)) (Misra, 2019)."""
    return _engine.mish(x)


@operation
def log_sigmoid(x: ArrayLike | Tensor) -> Tensor:
    """log(sigmoid(x)) = -softplus(-x)."""
    return _engine.log_sigmoid(x)


@operation
def tanh_shrink(x: ArrayLike | Tensor) -> Tensor:
    """x - tanh(x)."""
    return _engine.tanh_shrink(x)


swish = silu
hard_swish = hard_silu


@operation
def relu(
    x: ArrayLike | Tensor, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Tensor:
    """max(x, 0), or with a slope below `threshold` and a ceiling.

    x >= max_value gives max_value; x >= threshold gives x; else negative_slope (x - threshold).
    """
    if max_value is None:
        return _engine.relu(x, negative_slope, float("inf"), threshold)
    return _engine.relu(x, negative_slope, max_value, threshold)


@operation
def relu6(x: ArrayLike | Tensor) -> Tensor:
    """min(max(x, 0), 6)."""
    return _engine.relu(x, 0.0, 6.0, 0.0)


@operation
def leaky_relu(x: ArrayLike | Tensor, negative_slope: float = 0.2) -> Tensor:
    """x where x > 0, else negative_slope x."""
    return _engine.relu(x, negative_slope)


@operation
def elu(x: ArrayLike | Tensor, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else alpha (exp(x) - 1) (Clevert et al., 2016)."""
    return _engine.elu(x, alpha)


@operation
def celu(x: ArrayLike | Tensor, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else alpha (exp(x / alpha) - 1) (Barron, 2017)."""
    return _engine.celu(x, alpha)


@operation
def gelu(x: ArrayLike | Tensor, approximate: bool = True) -> Tensor:
    """x Phi(x), Phi the normal distribution function, or its approximation by tanh (Hendrycks & Gimpel, 2016)."""
    return _engine.gelu(x, approximate)


@operation
def hard_tanh(x: ArrayLike | Tensor) -> Tensor:
    """x limited to [-1, 1]."""
    return _engine.clip(x, -1.0, 1.0)


@operation
def hard_shrink(x: ArrayLike | Tensor, threshold: float = 0.5) -> Tensor:
    """x where |x| > threshold, else 0."""
    return _engine.hard_shrink(x, threshold)


@operation
def soft_shrink(x: ArrayLike | Tensor, threshold: float = 0.5) -> Tensor:
    """x moved towards 0 by the threshold; 0 where |x| is not above it."""
    return _engine.soft_shrink(x, threshold)


@operation
def threshold(x: ArrayLike | Tensor, threshold: float, default_value: float) -> Tensor:
    """x where x > threshold, else the default value."""
    return _engine.threshold(x, threshold, default_value)


@composed
def glu(x: ArrayLike | Tensor, axis: int = -1) -> Tensor:
    """a sigmoid(b), a and b the two halves of x along an axis (Dauphin et al., 2017)."""
    from recurra.ops.layout import split

    a, b = split(x, 2, axis=axis)
    return _engine.multiply(a, sigmoid(b))


@composed
def softmax(x: ArrayLike | Tensor, axis: int | tuple[int, ...] = -1) -> Tensor:
    """exp(x) / sum(exp(x)) over one axis, or over several together."""
    return _along(_engine.softmax, x, axis)


@composed
def log_softmax(x: ArrayLike | Tensor, axis: int | tuple[int, ...] = -1) -> Tensor:
    """log(softmax(x)) over one axis, or over several together."""
    return _along(_engine.log_softmax, x, axis)


def _along(function: Callable[..., Tensor], x: ArrayLike | Tensor, axis: int | tuple[int, ...]) -> Tensor:
    if isinstance(axis, int):
        return function(x, axis)
    # Several axes are brought to the end and counted as one.
    tensor = _engine.operand(x)
    last = [number % tensor.ndim for number in axis]
    order = [number for number in range(tensor.ndim) if number not in last] + last
    moved = _engine.transpose(tensor, order)
    shape = moved.shape
    result = function(_engine.reshape(moved, (*shape[: tensor.ndim - len(last)], -1)), -1)
    back = sorted(range(tensor.ndim), key=order.__getitem__)
    return _engine.transpose(_engine.reshape(result, shape), back)
