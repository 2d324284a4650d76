"""Arguments of everything that moves a window over a sequence or an image: sizes, padding, order of the axes."""

from __future__ import annotations

from typing import Any

from recurra import _engine
from recurra.tensor import Tensor


def padding_name(owner: str, value: Any, causal: bool = False) -> str:
    """`valid`, `same` or, where allowed, `causal`, whatever the case."""
    allowed = ("valid", "same", "causal") if causal else ("valid", "same")
    name = value.lower() if isinstance(value, str) else value
    if name not in allowed:
        raise ValueError(f"{owner}: padding must be one of {', '.join(map(repr, allowed))}, got {value!r}")
    return str(name)


def data_format_name(owner: str, value: Any) -> str:
    """`channels_last` (also for None) or `channels_first`."""
    if value not in (None, "channels_last", "channels_first"):
        raise ValueError(f"{owner}: data_format must be 'channels_last' or 'channels_first', got {value!r}")
    return value or "channels_last"


def channels_last(data_format: str, inputs: Tensor) -> Tensor:
    """The tensor with its channels on the last axis."""
    if data_format == "channels_last":
        return inputs
    return _engine.transpose(inputs, (0, *range(2, inputs.ndim), 1))


def as_given(data_format: str, outputs: Tensor) -> Tensor:
    """Undoes `channels_last`."""
    if data_format == "channels_last":
        return outputs
    return _engine.transpose(outputs, (0, outputs.ndim - 1, *range(1, outputs.ndim - 1)))


def spatial_rank(owner: str, inputs: Tensor) -> int:
    """1 for a batch of sequences, 2 for a batch of images.

    Raises: ValueError for any other number of axes.
    """
    if inputs.ndim not in (3, 4):
        raise ValueError(
            f"{owner}: inputs must be sequences of 3 axes (batch, time and channels) or images of 4 (batch, height, "
            f"width and channels), got shape {inputs.shape}"
        )
    return inputs.ndim - 2


def transposed_window(
    length: int, size: int, stride: int, dilation: int, padding: str, output_padding: int | None
) -> tuple[int, int]:
    """How long a transposed convolution's output is, and how many steps in front of it are cut off."""
    span = (size - 1) * dilation + 1
    if output_padding is not None:
        shortest = span if padding == "valid" else span % 2
        extent = (length - 1) * stride + shortest + output_padding
    else:
        extent = length * stride if padding == "same" else (length - 1) * stride + max(span, stride)
    surplus = (length - 1) * stride + span - extent
    return extent, max(surplus, 0) // 2 if padding == "same" else 0
