"""Random choices among given elements: their order, and which of them are dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from recurra import _engine, config, ops
from recurra.ops.axes import normalized_axis
from recurra.random.generators import Seed, generator_of, stream_of
from recurra.tensor import Tensor, convert_to_tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def shuffle(x: ArrayLike | Tensor, axis: int = 0, seed: Seed = None) -> Tensor:
    """Slices along an axis in random order.

    Args:
        x: Tensor, array or nested list.
        axis: The axis; the first by default.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.

    Returns:
        A tensor of the shape of `x`.

    Raises:
        TypeError: The axis is not an integer.
        ValueError: There is no such axis.

    Example:
        >>> recurra.random.shuffle([1, 2, 3, 4], seed=1)
        Tensor([3, 1, 4, 2], shape=(4,), dtype=int32)
    """
    tensor = convert_to_tensor(x)
    axis = normalized_axis("shuffle", axis, tensor.ndim)
    return ops.take(tensor, generator_of(seed).permutation(tensor.shape[axis]), axis=axis)


def dropout(
    inputs: ArrayLike | Tensor, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Seed = None
) -> Tensor:
    """Elements set to 0 with probability `rate`, the others scaled by 1 / (1 - rate).

    Args:
        inputs: Tensor of any shape.
        rate: In [0, 1).
        noise_shape: Shape of the mask, which broadcasts; None stands for the extent of the input. By default each
            element has its own chance.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.

    Returns:
        A tensor of the shape of `inputs`.

    Raises:
        ValueError: `rate` is outside [0, 1), or `noise_shape` does not broadcast.

    Example:
        >>> recurra.random.dropout(np.ones(4, 'float32'), 0.5, seed=1)
        Tensor([2., 2., 2., 0.], shape=(4,), dtype=float32)
    """
    tensor = convert_to_tensor(inputs)
    shape = None
    if noise_shape is not None:
        if len(noise_shape) != tensor.ndim:
            raise ValueError(f"dropout: noise_shape {tuple(noise_shape)} does not fit inputs of shape {tensor.shape}")
        shape = tuple(own if given is None else given for given, own in zip(noise_shape, tensor.shape, strict=True))
    return _engine.dropout(tensor, rate, *stream_of(seed), shape)


def dropout_mask(
    shape: Sequence[int], rate: float, dtype: Any = None, seed: Seed = None, kept: float | None = None
) -> Tensor:
    """What `dropout` multiplies by: 0 with probability `rate`, else `kept`.

    Args:
        shape: Extents of the result, a sequence of integers.
        rate: In [0, 1).
        dtype: Element type; `recurra.config.floatx()` by default.
        seed: Integer (the same numbers at every call), `SeedGenerator`, or None for the next stream of the global
            generator.
        kept: What stands elsewhere; 1 / (1 - rate) by default.

    Returns:
        A tensor of that shape.

    Raises:
        ValueError: `rate` is outside [0, 1).

    Example:
        >>> recurra.random.dropout_mask((4,), 0.5, seed=1)
        Tensor([2., 2., 2., 0.], shape=(4,), dtype=float32)
    """
    return _engine.dropout_mask(shape, rate, *stream_of(seed), dtype or config.floatx(), kept)
