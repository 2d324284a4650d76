"""Layers that pad, cut and enlarge planes of rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import ops
from recurra.checks import MOST_STEPS, is_whole_number, whole_numbers
from recurra.layers.arguments import Shape
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.ops.windows import data_format_name

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions

Sides = tuple[tuple[int, int], tuple[int, int]]


def _sides(value: Any, owner: str, argument: str) -> Sides:
    """Numbers in front of and behind rows and columns, from one number, two, or two pairs."""
    both = (value, value) if is_whole_number(value) else value
    if not isinstance(both, (tuple, list, np.ndarray)) or len(both) != 2:
        raise ValueError(
            f"{owner}: {argument} must be an integer, (rows, columns) or ((above, below), (left, right)), got {value!r}"
        )
    above, below = whole_numbers(both[0], owner, argument, 2, 0, MOST_STEPS)
    left, right = whole_numbers(both[1], owner, argument, 2, 0, MOST_STEPS)
    return (above, below), (left, right)


class _PlaneLayer(Layer):
    """Rows and columns are axes 1 and 2, or 2 and 3 where the channels come first."""

    def __init__(self, data_format: str | None, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_name(type(self).__name__, data_format)
        self.input_spec = InputSpec(ndim=4)

    @property
    def _first(self) -> int:
        return 1 if self.data_format == "channels_last" else 2


@documented
class ZeroPadding2D(_PlaneLayer):
    """Zeros around every plane.

    Args:
        padding: Rows and columns on either side as one number, (rows, columns), or ((above, below), (left, right));
            default (1, 1).
        data_format: "channels_last", or "channels_first" where the channels are axis 1; default None,
            "channels_last".
        {layer arguments}

    Input shape:
        (batch, rows, columns, channels).

    Output shape:
        (batch, rows + padding, columns + padding, channels).

    Raises:
        ValueError: padding is out of range.

    Example:
        >>> recurra.layers.ZeroPadding2D(((1, 0), (2, 3)))(np.ones((2, 4, 5, 3), "float32")).shape
        (2, 5, 10, 3)
    """

    config_arguments = ("padding", "data_format")

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(data_format, **kwargs)
        self.padding = _sides(padding, "ZeroPadding2D", "padding")

    def call(self, inputs: Any) -> Any:
        sides = [(0, 0)] * 4
        sides[self._first : self._first + 2] = self.padding
        return ops.pad(inputs, tuple(sides))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shape = list(input_shape)
        for axis, sides in enumerate(self.padding, self._first):
            shape[axis] = None if shape[axis] is None else shape[axis] + sum(sides)
        return tuple(shape)


@documented
class Cropping2D(_PlaneLayer):
    """Planes without their outer rows and columns.

    Args:
        cropping: Rows and columns on either side as one number, (rows, columns), or ((above, below), (left, right));
            default ((0, 0), (0, 0)).
        data_format: "channels_last", or "channels_first" where the channels are axis 1; default None,
            "channels_last".
        {layer arguments}

    Input shape:
        (batch, rows, columns, channels).

    Output shape:
        (batch, rows − cropping, columns − cropping, channels).

    Raises:
        ValueError: Nothing would be left.

    Example:
        >>> recurra.layers.Cropping2D(((1, 0), (2, 1)))(np.ones((2, 4, 5, 3), "float32")).shape
        (2, 3, 2, 3)
    """

    config_arguments = ("cropping", "data_format")

    def __init__(
        self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.cropping = _sides(cropping, "Cropping2D", "cropping")

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)
        inside = [slice(None)] * 4
        for axis, (before, behind) in enumerate(self.cropping, self._first):
            inside[axis] = slice(before, inputs.shape[axis] - behind)
        return inputs[tuple(inside)]

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shape = list(input_shape)
        for axis, sides in enumerate(self.cropping, self._first):
            if shape[axis] is None:
                continue
            if shape[axis] <= sum(sides):
                raise ValueError(f"cropping {self.cropping} leaves nothing of a plane of shape {tuple(input_shape)}")
            shape[axis] -= sum(sides)
        return tuple(shape)
