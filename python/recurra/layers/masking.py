"""Masking: which steps of a sequence are padding, told by their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import ops
from recurra.checks import number
from recurra.layers.arguments import Shape
from recurra.layers.base import Layer
from recurra.layers.documentation import documented

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions


@documented
class Masking(Layer):
    """Marks the steps at which every feature equals `mask_value` as padding, and sets them to zero.

    Args:
        mask_value: The number that padding consists of; default 0.0.
        {layer arguments}

    Input shape:
        (batch, time, features).

    Output shape:
        That of the input, with a mask (batch, time) that is False at padding.

    Example:
        >>> layer = recurra.layers.Masking(mask_value=-1.0)
        >>> layer.compute_mask(np.array([[[3.0], [-1.0]]], "float32")).numpy()
        array([[ True, False]])
    """

    config_arguments = ("mask_value",)

    def __init__(self, mask_value: float = 0.0, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.mask_value = number(mask_value, "Masking", "mask_value")
        self.supports_masking = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Any:
        return ops.where(ops.expand_dims(self.compute_mask(inputs), -1), inputs, 0.0)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return tuple(input_shape)
