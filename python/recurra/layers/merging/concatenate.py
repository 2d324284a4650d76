"""Tensors side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import ops
from recurra.checks import whole_number
from recurra.layers.arguments import Shape
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.merging.shapes import listed, masks_of_inputs, shapes_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions


@documented
class Concatenate(Layer):
    """The inputs side by side along an axis.

    Args:
        axis: The axis along which they are joined, not the batch; default -1.
        {layer arguments}

    Input shape:
        A list of tensors whose extents are equal on all other axes.

    Output shape:
        The same, with the sum of the extents on the axis.

    Raises:
        ValueError: The shapes do not fit, or axis is the batch.

    Example:
        >>> a, b = np.ones((2, 5, 3), "float32"), np.ones((2, 5, 4), "float32")
        >>> recurra.layers.Concatenate()([a, b]).shape
        (2, 5, 7)
    """

    config_arguments = ("axis",)

    def __init__(self, axis: int = -1, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.axis = whole_number(axis, "Concatenate", "axis", None)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape([tuple(tensor.shape) for tensor in inputs])
        return ops.concatenate(inputs, axis=self.axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        given = masks_of_inputs(inputs, mask)
        if given is None:
            return None
        masks = [
            ops.ones(tensor.shape[:2], dtype="bool") if one is None else one
            for tensor, one in zip(inputs, given, strict=True)
        ]
        if self.axis % inputs[0].ndim == 1:
            return ops.concatenate(masks, axis=1)
        output = masks[0]
        for other in masks[1:]:
            output = ops.logical_or(output, other)
        return output

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shapes = shapes_of(input_shape)
        rank = len(shapes[0])
        if not -rank <= self.axis < rank or self.axis % rank == 0:
            raise ValueError(f"axis must name an axis behind the batch, got {self.axis} for shapes {listed(shapes)}")
        axis = self.axis % rank
        if any(len(shape) != rank for shape in shapes):
            raise ValueError(f"expected tensors with equal numbers of axes, got shapes {listed(shapes)}")
        result: list[int | None] = []
        for place, extents in enumerate(zip(*shapes, strict=True)):
            known = [extent for extent in extents if extent is not None]
            if place == axis:
                result.append(sum(known) if len(known) == len(extents) else None)
                continue
            if len(set(known)) > 1:
                raise ValueError(
                    f"expected tensors that differ on axis {axis} only, got shapes {listed(shapes)}; axis {place} "
                    "differs too"
                )
            result.append(known[0] if known else None)
        return tuple(result)
