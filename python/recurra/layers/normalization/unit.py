"""Every vector brought to length one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import checks, ops
from recurra.layers.arguments import Shape
from recurra.layers.base import Layer
from recurra.layers.documentation import documented

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions

_SMALLEST_SQUARE = 1e-12


@documented
class UnitNormalization(Layer):
    """Vectors divided by their Euclidean norm.

        y = x / √max(Σ x², 1e-12)

    Args:
        axis: The axis, or a list of axes, over which the sum is taken; default -1.
        {layer arguments}

    Input shape:
        Any with at least two axes.

    Output shape:
        That of the input.

    Raises:
        ValueError: There is no such axis.

    Example:
        >>> recurra.layers.UnitNormalization()(np.array([[3.0, 4.0]], "float32")).numpy()
        array([[0.6, 0.8]], dtype=float32)
    """

    config_arguments = ("axis",)
    _computes_with_floats = True

    def __init__(self, axis: Any = -1, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.axis: int | list[int] = checks.axes(axis, "UnitNormalization")
        self.supports_masking = True

    def _axes(self, rank: int) -> list[int]:
        given = [self.axis] if isinstance(self.axis, int) else self.axis
        if not given or any(not -rank <= axis < rank or axis % rank == 0 for axis in given):
            raise ValueError(f"axis must name axes behind the batch, got {self.axis} for an input of {rank} axes")
        return sorted({axis % rank for axis in given})

    def call(self, inputs: Any) -> Any:
        squares = ops.sum(ops.square(inputs), axis=tuple(self._axes(inputs.ndim)), keepdims=True)
        return inputs * ops.rsqrt(ops.maximum(squares, _SMALLEST_SQUARE))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        self._axes(len(input_shape))
        return tuple(input_shape)
