"""Scalar products of two tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import checks, config, ops
from recurra.checks import boolean
from recurra.layers.arguments import Shape, closed
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.merging.shapes import listed, shapes_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions


@documented
class Dot(Layer):
    """Scalar products between two inputs along an axis of each, sample by sample.

    Args:
        axes: The axis of both inputs, or one for each; not the batch.
        normalize: Whether the inputs are scaled to length 1 along it first, which gives cosines; default False.
        {layer arguments}

    Input shape:
        A list of two tensors with equal extents along the axes.

    Output shape:
        (batch, a, b) for (batch, a, i) and (batch, b, i) with axes 2; (batch, 1) for vectors with axes 1.

    Raises:
        ValueError: There are not two inputs with equal extents along the axes.

    Example:
        >>> a, b = np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 4.0]], "float32")
        >>> recurra.layers.Dot(axes=1)([a, b]).numpy()
        array([[11.]], dtype=float32)
    """

    _computes_with_numbers = True

    config_arguments = ("axes", "normalize")

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        given = checks.axes(axes, "Dot", "axes")
        if isinstance(given, list) and len(given) != 2:
            raise ValueError(f"Dot: axes must be an integer or two, got {axes!r}")
        self.axes: int | tuple[int, ...] = given if isinstance(given, int) else tuple(given)
        self.normalize = boolean(normalize, "Dot", "normalize")
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def _axes_of(self, shapes: list[Shape]) -> tuple[int, int]:
        if len(shapes) != 2:
            raise ValueError(f"expected 2 tensors, got {len(shapes)}")
        given = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        for axis, shape in zip(given, shapes, strict=True):
            if not -len(shape) <= axis < len(shape) or axis % len(shape) == 0:
                raise ValueError(f"axes must name axes behind the batch, got {self.axes} for shapes {listed(shapes)}")
        first, second = (axis % len(shape) for axis, shape in zip(given, shapes, strict=True))
        ours, theirs = shapes[0][first], shapes[1][second]
        if None not in (ours, theirs) and ours != theirs:
            raise ValueError(
                f"axes {self.axes} have {ours} and {theirs} elements in shapes {listed(shapes)}; they must be equal"
            )
        return first, second

    def call(self, inputs: Any) -> Any:
        shapes = shapes_of([tuple(tensor.shape) for tensor in inputs], least=2)
        first, second = self._axes_of(shapes)
        x, y = inputs
        if self.normalize:
            x, y = _unit(x, first), _unit(y, second)
        rows = [axis for axis in range(1, x.ndim) if axis != first]
        columns = [axis for axis in range(1, y.ndim) if axis != second]
        left = ops.reshape(ops.transpose(x, (0, *rows, first)), (x.shape[0], -1, x.shape[first]))
        right = ops.reshape(ops.transpose(y, (0, second, *columns)), (y.shape[0], y.shape[second], -1))
        return ops.reshape(ops.matmul(left, right), closed(self.compute_output_shape(shapes)))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shapes = shapes_of(input_shape, least=2)
        first, second = self._axes_of(shapes)
        x = [extent for axis, extent in enumerate(shapes[0]) if axis != first]
        y = [extent for axis, extent in enumerate(shapes[1]) if axis not in (0, second)]
        return (*x, *y) if len(x) + len(y) > 1 else (x[0], 1)


def _unit(x: Any, axis: int) -> Any:
    square = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x / ops.sqrt(ops.maximum(square, config.epsilon() ** 2))
