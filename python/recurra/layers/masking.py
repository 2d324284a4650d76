"""Masking: which steps of a sequence are padding, told by their values."""

from __future__ import annotations

from typing import Any

from recurra import ops
from recurra.layers.arguments import Shape
from recurra.layers.base import Layer


class Masking(Layer):
    """Marks the steps at which every feature equals `mask_value` as padding, and sets them to zero.

    Arguments:
        mask_value: the number that padding is made of.

    Shapes: (batch, time, features) → the same, with a mask (batch, time) that is False at padding.
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs: Any) -> Any:
        return ops.where(ops.expand_dims(self.compute_mask(inputs), -1), inputs, 0.0)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}
