"""Arguments that many layers share: extents of windows, shapes in either data format, the settings of a weight."""

from __future__ import annotations

from typing import Any

from recurra import constraints, initializers, regularizers
from recurra.checks import is_whole_number

Shape = tuple[int | None, ...]


def checked_noise_shape(value: Any, owner: str) -> tuple[int | None, ...] | None:
    """The shape of random draws: integers from 1 on, None along axes that have the extent of the input; or None.

    Raises:
        ValueError: It is anything else.
    """
    if value is None:
        return None
    if isinstance(value, (list, tuple)) and all(one is None or (is_whole_number(one) and one >= 1) for one in value):
        return tuple(None if one is None else int(one) for one in value)
    raise ValueError(
        f"{owner}: noise_shape must be None or a list of integers >= 1 and None, such as (None, 1, None), got {value!r}"
    )


def shape_of_noise(noise_shape: tuple[int | None, ...] | None, inputs: Any) -> tuple[int, ...]:
    """The extents to draw for an input, which they have to broadcast to.

    Raises:
        ValueError: They do not.
    """
    if noise_shape is None:
        return tuple(inputs.shape)
    fits = len(noise_shape) == inputs.ndim and all(
        wanted in (None, 1, extent) for wanted, extent in zip(noise_shape, inputs.shape, strict=True)
    )
    if not fits:
        raise ValueError(
            f"noise_shape {noise_shape} does not fit an input of shape {tuple(inputs.shape)}; give one entry for each "
            "axis, None where every element has a draw of its own and 1 where all share one"
        )
    return tuple(extent if wanted is None else wanted for wanted, extent in zip(noise_shape, inputs.shape, strict=True))


def window_extent(length: int | None, size: int, stride: int, dilation: int, padding: str) -> int | None:
    """How many places a window takes on an axis; None for an open axis.

    Raises:
        ValueError: A `valid` window covers more than the axis has.
    """
    if length is None:
        return None
    if padding != "valid":
        return -(-length // stride)
    span = (size - 1) * dilation + 1
    if length < span:
        raise ValueError(
            f"the window covers {span} steps (size {size}, dilation {dilation}) but the input has only {length}; "
            "use padding='same', a smaller window or a longer input"
        )
    return (length - span) // stride + 1


def closed(shape: Shape) -> tuple[int, ...]:
    """A shape of which no extent is open, as integers."""
    return tuple(extent for extent in shape if extent is not None)


def shape_channels_last(data_format: str, shape: Any) -> Shape:
    """The shape that `channels_last` gives."""
    return tuple(shape) if data_format == "channels_last" else (shape[0], *shape[2:], shape[1])


def shape_as_given(data_format: str, shape: Shape) -> Shape:
    """The shape that `as_given` gives."""
    return shape if data_format == "channels_last" else (shape[0], shape[-1], *shape[1:-1])


def store_weight_arguments(
    layer: Any, weight: str, initializer: Any, regularizer: Any = None, constraint: Any = None
) -> None:
    """Sets `layer.<weight>_initializer`, `_regularizer` and `_constraint`."""
    setattr(layer, f"{weight}_initializer", initializers.get(initializer))
    setattr(layer, f"{weight}_regularizer", regularizers.get(regularizer))
    setattr(layer, f"{weight}_constraint", constraints.get(constraint))


def add_weight(layer: Any, weight: str, shape: tuple[int | None, ...], name: str | None = None) -> Any:
    """A new weight of the layer with the initializer, regularizer and constraint of that weight."""
    return layer.add_weight(
        shape,
        initializer=getattr(layer, f"{weight}_initializer"),
        regularizer=getattr(layer, f"{weight}_regularizer"),
        constraint=getattr(layer, f"{weight}_constraint"),
        name=name or weight,
    )
