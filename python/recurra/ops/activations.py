"""Activation functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from recurra import _engine
from recurra.checks import is_whole_number
from recurra.ops.axes import normalized_axes, normalized_axis
from recurra.ops.operation import composed, operation
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


@operation
def selu(x: ArrayLike | Tensor) -> Tensor:
    """1.0507 x where x > 0, else 1.0507 * 1.6733 (exp(x) - 1).

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.selu([-1.0, 2.0])
        Tensor([-1.1113307,  2.101402 ], shape=(2,), dtype=float32)

    Source: Klambauer et al., Self-Normalizing Neural Networks, 2017.
    """
    return _engine.selu(x)


@operation
def softplus(x: ArrayLike | Tensor) -> Tensor:
    """log(1 + exp(x)).

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.softplus([-1.0, 2.0])
        Tensor([0.3132617, 2.126928 ], shape=(2,), dtype=float32)
    """
    return _engine.softplus(x)


@operation
def softsign(x: ArrayLike | Tensor) -> Tensor:
    """x / (1 + |x|).

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.softsign([-1.0, 2.0])
        Tensor([-0.5      ,  0.6666667], shape=(2,), dtype=float32)
    """
    return _engine.softsign(x)


@operation
def tanh(x: ArrayLike | Tensor) -> Tensor:
    """Hyperbolic tangent.

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.tanh([-1.0, 2.0])
        Tensor([-0.7615942,  0.9640276], shape=(2,), dtype=float32)
    """
    return _engine.tanh(x)


@operation
def sigmoid(x: ArrayLike | Tensor) -> Tensor:
    """1 / (1 + exp(-x)).

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.sigmoid([-1.0, 2.0])
        Tensor([0.26894143, 0.880797  ], shape=(2,), dtype=float32)
    """
    return _engine.sigmoid(x)


@operation
def hard_sigmoid(x: ArrayLike | Tensor) -> Tensor:
    """x / 6 + 1/2, limited to [0, 1].

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.hard_sigmoid([-1.0, 2.0])
        Tensor([0.3333333, 0.8333334], shape=(2,), dtype=float32)
    """
    return _engine.hard_sigmoid(x)


@operation
def silu(x: ArrayLike | Tensor) -> Tensor:
    """x sigmoid(x).

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.silu([-1.0, 2.0])
        Tensor([-0.26894143,  1.761594  ], shape=(2,), dtype=float32)
    """
    return _engine.silu(x)


@operation
def hard_silu(x: ArrayLike | Tensor) -> Tensor:
    """x hard_sigmoid(x).

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.hard_silu([-1.0, 2.0])
        Tensor([-0.3333333,  1.6666667], shape=(2,), dtype=float32)
    """
    return _engine.hard_silu(x)


@operation
def mish(x: ArrayLike | Tensor) -> Tensor:
    """x tanh(softplus(x)).

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.mish([-1.0, 2.0]).numpy().round(4)
        array([-0.3034,  1.944 ], dtype=float32)

    Source: Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.
    """
    return _engine.mish(x)


@operation
def log_sigmoid(x: ArrayLike | Tensor) -> Tensor:
    """log(sigmoid(x)) = -softplus(-x).

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.log_sigmoid([-1.0, 2.0])
        Tensor([-1.3132617, -0.126928 ], shape=(2,), dtype=float32)
    """
    return _engine.log_sigmoid(x)


@operation
def tanh_shrink(x: ArrayLike | Tensor) -> Tensor:
    """x - tanh(x).

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.tanh_shrink([-1.0, 2.0])
        Tensor([-0.23840582,  1.0359724 ], shape=(2,), dtype=float32)
    """
    return _engine.tanh_shrink(x)


swish = silu
hard_swish = hard_silu


@operation
def relu(
    x: ArrayLike | Tensor, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Tensor:
    """max(x, 0), or with a slope below `threshold` and a ceiling.

    x >= max_value gives max_value; x > threshold gives x; else negative_slope (x - threshold).

    Args:
        x: Tensor, array, number or nested list.
        negative_slope: Slope below the threshold; 0 by default.
        max_value: The ceiling; none by default.
        threshold: Where the linear part begins; 0 by default.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.relu([-1.0, 2.0])
        Tensor([0., 2.], shape=(2,), dtype=float32)
    """
    if max_value is None:
        return _engine.relu(x, negative_slope, float("inf"), threshold)
    return _engine.relu(x, negative_slope, max_value, threshold)


@operation
def relu6(x: ArrayLike | Tensor) -> Tensor:
    """min(max(x, 0), 6).

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.relu6([-1.0, 2.0])
        Tensor([-0.,  2.], shape=(2,), dtype=float32)
    """
    return _engine.relu(x, 0.0, 6.0, 0.0)


@operation
def leaky_relu(x: ArrayLike | Tensor, negative_slope: float = 0.2) -> Tensor:
    """x where x > 0, else negative_slope x.

    Args:
        x: Tensor, array, number or nested list.
        negative_slope: Slope below 0; 0.2 by default.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.leaky_relu([-1.0, 2.0])
        Tensor([-0.2,  2. ], shape=(2,), dtype=float32)
    """
    return _engine.relu(x, negative_slope)


@operation
def elu(x: ArrayLike | Tensor, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else alpha (exp(x) - 1).

    Args:
        x: Tensor, array, number or nested list.
        alpha: What is approached far below 0, negated; 1 by default.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.elu([-1.0, 2.0])
        Tensor([-0.63212055,  2.        ], shape=(2,), dtype=float32)

    Source: Clevert et al., Exponential Linear Units, 2016.
    """
    return _engine.elu(x, alpha)


@operation
def celu(x: ArrayLike | Tensor, alpha: float = 1.0) -> Tensor:
    """x where x > 0, else alpha (exp(x / alpha) - 1).

    Args:
        x: Tensor, array, number or nested list.
        alpha: What is approached far below 0, negated; 1 by default.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.celu([-1.0, 2.0])
        Tensor([-0.63212055,  2.        ], shape=(2,), dtype=float32)

    Source: Barron, Continuously Differentiable Exponential Linear Units, 2017.
    """
    return _engine.celu(x, alpha)


@operation
def gelu(x: ArrayLike | Tensor, approximate: bool = True) -> Tensor:
    """x Phi(x), Phi the normal distribution function.

    Args:
        x: Tensor, array, number or nested list.
        approximate: Whether Phi is approximated by tanh, as it is by default.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.gelu([-1.0, 2.0]).numpy().round(4)
        array([-0.1588,  1.9546], dtype=float32)

    Source: Hendrycks & Gimpel, Gaussian Error Linear Units, 2016.
    """
    return _engine.gelu(x, approximate)


@operation
def hard_tanh(x: ArrayLike | Tensor) -> Tensor:
    """x limited to [-1, 1].

    Args:
        x: Tensor, array, number or nested list.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.hard_tanh([-1.0, 2.0])
        Tensor([-1.,  1.], shape=(2,), dtype=float32)
    """
    return _engine.clip(x, -1.0, 1.0)


@operation
def hard_shrink(x: ArrayLike | Tensor, threshold: float = 0.5) -> Tensor:
    """x where |x| > threshold, else 0.

    Args:
        x: Tensor, array, number or nested list.
        threshold: 0.5 by default.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.hard_shrink([-1.0, 2.0])
        Tensor([-1.,  2.], shape=(2,), dtype=float32)
    """
    return _engine.hard_shrink(x, threshold)


@operation
def soft_shrink(x: ArrayLike | Tensor, threshold: float = 0.5) -> Tensor:
    """x moved towards 0 by the threshold; 0 where |x| is not above it.

    Args:
        x: Tensor, array, number or nested list.
        threshold: 0.5 by default.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.soft_shrink([-1.0, 2.0])
        Tensor([-0.5,  1.5], shape=(2,), dtype=float32)
    """
    return _engine.soft_shrink(x, threshold)


@operation
def threshold(x: ArrayLike | Tensor, threshold: float, default_value: float) -> Tensor:
    """x where x > threshold, else the default value.

    Args:
        x: Tensor, array, number or nested list.
        threshold: The limit.
        default_value: What stands at and below it.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Example:
        >>> recurra.ops.threshold([-1.0, 2.0], 0.5, 9.0)
        Tensor([9., 2.], shape=(2,), dtype=float32)
    """
    return _engine.threshold(x, threshold, default_value)


@composed
def glu(x: ArrayLike | Tensor, axis: int = -1) -> Tensor:
    """Gated linear unit: a sigmoid(b), a and b the two halves of x along an axis.

    Args:
        x: Tensor, array, number or nested list.
        axis: The axis that is halved; the last by default.

    Returns:
        A tensor with the axis halved.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or its extent is odd.

    Example:
        >>> recurra.ops.glu([1.0, 2.0, 0.0, 0.0])
        Tensor([0.5, 1. ], shape=(2,), dtype=float32)

    Source: Dauphin et al., Language Modeling with Gated Convolutional Networks, 2017.
    """
    from recurra.ops.joining import split

    tensor = _engine.operand(x)
    axis = normalized_axis("glu", axis, tensor.ndim)
    if tensor.shape[axis] % 2:
        raise ValueError(f"glu: axis {axis} of shape {tensor.shape} cannot be halved")
    a, b = split(tensor, 2, axis=axis)
    return _engine.multiply(a, sigmoid(b))


@composed
def softmax(x: ArrayLike | Tensor, axis: int | tuple[int, ...] = -1) -> Tensor:
    """exp(x) / sum(exp(x)) over one axis, or over several together.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes; the last by default.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.ops.softmax([0.0, 0.0])
        Tensor([0.5, 0.5], shape=(2,), dtype=float32)
    """
    return _along("softmax", _engine.softmax, x, axis)


@composed
def log_softmax(x: ArrayLike | Tensor, axis: int | tuple[int, ...] = -1) -> Tensor:
    """log(softmax(x)) over one axis, or over several together.

    Args:
        x: Tensor, array, number or nested list.
        axis: Axis or axes; the last by default.

    Returns:
        A tensor of the shape of `x`; float32 for integers.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.ops.log_softmax([0.0, 0.0])
        Tensor([-0.6931472, -0.6931472], shape=(2,), dtype=float32)
    """
    return _along("log_softmax", _engine.log_softmax, x, axis)


def _along(owner: str, function: Callable[..., Tensor], x: ArrayLike | Tensor, axis: int | tuple[int, ...]) -> Tensor:
    if is_whole_number(axis):
        return function(x, axis)
    # Several axes are brought to the end and counted as one.
    tensor = _engine.operand(x)
    last = normalized_axes(owner, axis, tensor.ndim)
    if not last:
        raise ValueError(f"{owner}: expected at least one axis, got {axis!r}")
    order = [number for number in range(tensor.ndim) if number not in last] + last
    moved = _engine.transpose(tensor, order)
    shape = moved.shape
    result = function(_engine.reshape(moved, (*shape[: tensor.ndim - len(last)], -1)), -1)
    back = sorted(range(tensor.ndim), key=order.__getitem__)
    return _engine.transpose(_engine.reshape(result, shape), back)
