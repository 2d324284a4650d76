"""Arguments that many layers share: extents of windows, shapes in either data format, the settings of a weight."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import constraints, initializers, regularizers

Shape = tuple[int | None, ...]


def probability(owner: str, argument: str, value: Any) -> float:
    """A number in [0, 1]."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not 0 <= value <= 1:
        raise ValueError(f"{owner}: {argument} must be a number in [0, 1], got {value!r}")
    return float(value)


def window_extent(length: int | None, size: int, stride: int, dilation: int, padding: str) -> int | None:
    """How many places a window takes on an axis; None for an open axis.

    Raises: ValueError if a `valid` window covers more than the axis has.
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


def weight_settings(layer: Any, *weights: str) -> dict[str, Any]:
    """The kept settings as plain values for `get_config`."""
    settings = {}
    for weight in weights:
        settings[f"{weight}_initializer"] = initializers.serialize(getattr(layer, f"{weight}_initializer"))
        settings[f"{weight}_regularizer"] = regularizers.serialize(getattr(layer, f"{weight}_regularizer"))
        settings[f"{weight}_constraint"] = constraints.serialize(getattr(layer, f"{weight}_constraint"))
    return settings
