"""One layer applied to every time step."""

from __future__ import annotations

from typing import Any, ClassVar

from recurra import ops
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.tensor import Tensor
from recurra.tree import is_shape, map_shapes, map_structure


@documented
class TimeDistributed(Layer):
    """Applies a layer to each time step of its input.

    The layer sees all steps as one batch of B·T rows, in one call.

    Args:
        layer: The layer to apply; takes one step, (B, ...).
        {layer arguments}

    Input shape:
        (B, T, ...) with at least three axes. A mask (B, T, ...) is passed to the layer step by step where it takes one.

    Output shape:
        (B, T, ...), with the output of the layer for each step.

    Raises:
        ValueError: The argument is not a layer, the input has fewer than three axes, or the mask does not fit.

    Example:
        >>> layer = recurra.layers.TimeDistributed(recurra.layers.Flatten())
        >>> layer(np.ones((2, 5, 3, 4), "float32")).shape
        (2, 5, 12)
    """

    config_arguments: ClassVar[tuple[str, ...]] = ("layer",)
    layer_arguments: ClassVar[tuple[str, ...]] = ("layer",)

    def __init__(self, layer: Layer, **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(layer, Layer):
            raise ValueError(f"TimeDistributed: expected a layer, got {type(layer).__name__}")
        self.layer = layer

    def build(self, input_shape: Any) -> None:
        if not self.layer.built:
            self.layer.build(_step_shape(input_shape))

    def call(self, inputs: Tensor, mask: Any = None, training: bool = False) -> Any:
        _step_shape(inputs.shape)
        batch, time = inputs.shape[:2]
        options: dict[str, Any] = {"training": training} if self.layer._signature.takes_training else {}
        if mask is not None:
            if tuple(mask.shape[:2]) != (batch, time):
                raise ValueError(f"expected a mask of shape {(batch, time)} and maybe more axes, got {mask.shape}")
            if self.layer._signature.mask_arguments and mask.ndim > 2:
                options["mask"] = ops.reshape(mask, (batch * time, *mask.shape[2:]))
        outputs = self.layer(ops.reshape(inputs, (batch * time, *inputs.shape[2:])), **options)
        return map_structure(lambda one: ops.reshape(one, (batch, time, *one.shape[1:])), outputs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the time steps."""
        return mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        shapes = self.layer.compute_output_shape(_step_shape(input_shape))
        return map_shapes(lambda shape: (input_shape[0], input_shape[1], *shape[1:]), shapes)


def _step_shape(input_shape: Any) -> tuple[Any, ...]:
    if not is_shape(input_shape) or len(input_shape) < 3:
        raise ValueError(f"expected an input with at least 3 axes (batch, time, ...), got shape {tuple(input_shape)}")
    return (input_shape[0], *input_shape[2:])
