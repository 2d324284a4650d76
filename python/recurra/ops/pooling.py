"""Pooling over windows of sequences and images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.checks import whole_numbers
from recurra.ops.operation import composed
from recurra.ops.windows import as_given, channels_last, data_format_name, padding_name, spatial_rank
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Window = int | tuple[int, ...] | list[int]


@composed
def max_pool(
    inputs: ArrayLike | Tensor,
    pool_size: Window,
    strides: Window | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Largest number of every channel in a window.

    y[t, c] = max over k of x[t stride + k, c].

    Args:
        inputs: (batch, time, channels), or (batch, height, width, channels).
        pool_size: Of a window, one number or one an axis.
        strides: From one window to the next; None: `pool_size`.
        padding: "valid" (whole windows only, the default) or "same" (windows at the ends may be incomplete).
        data_format: "channels_last" (also for None) or "channels_first".

    Returns:
        A tensor (batch, time', channels), or (batch, height', width', channels).

    Raises:
        ValueError: Arguments or shapes do not fit, or inputs are smaller than the window with "valid".

    Example:
        >>> recurra.ops.max_pool(np.arange(4.0).reshape(1, 4, 1), 2)
        Tensor([[[1.],
                 [3.]]], shape=(1, 2, 1), dtype=float64)
    """
    return _pooled(
        "max_pool", (_engine.max_pool1d, _engine.max_pool2d), inputs, pool_size, strides, padding, data_format
    )


@composed
def average_pool(
    inputs: ArrayLike | Tensor,
    pool_size: Window,
    strides: Window | None = None,
    padding: str = "valid",
    data_format: str | None = None,
) -> Tensor:
    """Mean of every channel in a window, over those places of it that exist.

    Args:
        inputs: (batch, time, channels), or (batch, height, width, channels).
        pool_size: Of a window, one number or one an axis.
        strides: From one window to the next; None: `pool_size`.
        padding: "valid" (whole windows only, the default) or "same" (windows at the ends may be incomplete).
        data_format: "channels_last" (also for None) or "channels_first".

    Returns:
        A tensor (batch, time', channels), or (batch, height', width', channels).

    Raises:
        ValueError: Arguments or shapes do not fit, or inputs are smaller than the window with "valid".

    Example:
        >>> recurra.ops.average_pool(np.arange(4.0).reshape(1, 4, 1), 2)
        Tensor([[[0.5],
                 [2.5]]], shape=(1, 2, 1), dtype=float64)
    """
    functions = _engine.average_pool1d, _engine.average_pool2d
    return _pooled("average_pool", functions, inputs, pool_size, strides, padding, data_format)


def _pooled(
    owner: str, functions: tuple[Any, Any], inputs: Any, pool_size: Any, strides: Any, padding: Any, data_format: Any
) -> Tensor:
    given = _engine.operand(inputs)
    rank = spatial_rank(owner, given)
    sizes = whole_numbers(pool_size, owner, "pool_size", rank)
    steps = sizes if strides is None else whole_numbers(strides, owner, "strides", rank)
    name, order = padding_name(owner, padding), data_format_name(owner, data_format)
    window = (sizes[0], steps[0]) if rank == 1 else (sizes, steps)
    pooled: Tensor = functions[rank - 1](channels_last(order, given), *window, name)
    return as_given(order, pooled)
