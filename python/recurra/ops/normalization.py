"""Normalisation by given statistics, and of every example by itself."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from recurra import _engine, config
from recurra.ops.axes import normalized_axes, normalized_axis
from recurra.ops.operation import composed
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Axis = int | Sequence[int]


@composed
def batch_normalization(
    x: ArrayLike | Tensor,
    mean: ArrayLike | Tensor,
    variance: ArrayLike | Tensor,
    axis: int,
    offset: ArrayLike | Tensor | None = None,
    scale: ArrayLike | Tensor | None = None,
    epsilon: float = 1e-3,
) -> Tensor:
    """(x - mean) scale / sqrt(variance + epsilon) + offset.

    Args:
        x: Tensor, array, number or nested list.
        mean: One number for each place on `axis`.
        variance: As `mean`.
        axis: The axis of the channels.
        offset: As `mean`, or None for 0.
        scale: As `mean`, or None for 1.
        epsilon: Added to the variance; 1e-3 by default.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or a statistic has another length.

    Example:
        >>> recurra.ops.batch_normalization([[1.0, 3.0]], [1.0, 1.0], [1.0, 4.0], axis=-1, epsilon=0.0)
        Tensor([[0., 1.]], shape=(1, 2), dtype=float32)

    Source: Ioffe & Szegedy, Batch Normalization, 2015.
    """
    given = _engine.operand(x)
    axis = normalized_axis("batch_normalization", axis, given.ndim)
    channels = given.shape[axis]
    shape = [1] * given.ndim
    shape[axis] = channels

    def spread(name: str, value: Any) -> Tensor:
        statistic = _engine.operand(value)
        if tuple(statistic.shape) != (channels,):
            raise ValueError(
                f"batch_normalization: {name} must have shape ({channels},) for axis {axis} of an input of shape "
                f"{given.shape}, got {statistic.shape}"
            )
        return _engine.reshape(statistic, shape)

    factor = _engine.rsqrt(_engine.add(spread("variance", variance), epsilon))
    if scale is not None:
        factor = _engine.multiply(factor, spread("scale", scale))
    outputs = _engine.multiply(_engine.subtract(given, spread("mean", mean)), factor)
    return outputs if offset is None else _engine.add(outputs, spread("offset", offset))


@composed
def layer_normalization(
    x: ArrayLike | Tensor,
    gamma: ArrayLike | Tensor | None = None,
    beta: ArrayLike | Tensor | None = None,
    axis: Axis = -1,
    epsilon: float | None = None,
    *,
    rms_scaling: bool = False,
) -> Tensor:
    """(x - mean) gamma / sqrt(variance + epsilon) + beta, with mean and variance over `axis`.

    Args:
        x: Tensor, array, number or nested list.
        gamma: Of the shape of the axes, or None for 1.
        beta: Of the shape of the axes, or None for 0.
        axis: One axis or several; the last by default.
        epsilon: Added to the variance; None: `recurra.config.epsilon()`.
        rms_scaling: x gamma / sqrt(variance + epsilon) instead, as Keras has it; for the root mean square see
            `rms_normalization`.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or gamma or beta has another shape.

    Example:
        >>> recurra.ops.layer_normalization([[1.0, 3.0]])
        Tensor([[-1.,  1.]], shape=(1, 2), dtype=float32)

    Source: Ba, Kiros & Hinton, Layer Normalization, 2016.
    """
    norm = _engine.RowNorm.variance if rms_scaling else _engine.RowNorm.layer
    return normalized_rows("layer_normalization", x, {"gamma": gamma, "beta": beta}, axis, epsilon, norm)


@composed
def rms_normalization(
    x: ArrayLike | Tensor, scale: ArrayLike | Tensor | None = None, axis: Axis = -1, epsilon: float | None = None
) -> Tensor:
    """x scale / sqrt(mean of x^2 + epsilon), with the mean over `axis`.

    Args:
        x: Tensor, array, number or nested list.
        scale: Of the shape of the axes, or None for 1.
        axis: One axis or several; the last by default.
        epsilon: Added to the mean; None: `recurra.config.epsilon()`.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        TypeError: An axis is not an integer.
        ValueError: There is no such axis, or scale has another shape.

    Example:
        >>> recurra.ops.rms_normalization([[3.0, 4.0]])
        Tensor([[0.84852815, 1.1313709 ]], shape=(1, 2), dtype=float32)

    Source: Zhang & Sennrich, Root Mean Square Layer Normalization, 2019.
    """
    norm = _engine.RowNorm.root_mean_square
    return normalized_rows("rms_normalization", x, {"scale": scale, "beta": None}, axis, epsilon, norm)


def normalized_rows(
    owner: str, x: Any, weights: dict[str, Any], axis: Axis, epsilon: float | None, norm: Any
) -> Tensor:
    """The axes moved to the end and taken as one row; `weights` are a factor and an addend by their names."""
    given = _engine.operand(x)
    axes = sorted(normalized_axes(owner, axis, given.ndim))
    if not axes:
        raise ValueError(f"{owner}: expected at least one axis, got {axis!r}")
    order = [one for one in range(given.ndim) if one not in axes] + axes
    in_order = order == list(range(given.ndim))
    moved = given if in_order else _engine.transpose(given, order)
    extents = moved.shape[given.ndim - len(axes) :]
    flat: list[Tensor | None] = []
    for name, weight in weights.items():
        tensor = None if weight is None else _engine.operand(weight)
        if tensor is not None and tuple(tensor.shape) != tuple(extents):
            raise ValueError(f"{owner}: {name} must have the shape of the axes, {tuple(extents)}, got {tensor.shape}")
        flat.append(None if tensor is None else _engine.reshape(tensor, (tensor.size,)))
    rows = _engine.reshape(moved, (*moved.shape[: given.ndim - len(axes)], math.prod(extents)))
    least = config.epsilon() if epsilon is None else epsilon
    outputs = _engine.reshape(_engine.layer_normalization(rows, flat[0], flat[1], least, norm), moved.shape)
    return outputs if in_order else _engine.transpose(outputs, [order.index(one) for one in range(given.ndim)])
