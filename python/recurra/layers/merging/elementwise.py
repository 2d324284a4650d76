"""Layers that combine tensors element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from recurra import ops
from recurra.layers.arguments import Shape
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.merging.shapes import broadcast, masks_of_inputs, shapes_of

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions


class _Merge(Layer):
    """Combines tensors element by element, from left to right."""

    _computes_with_numbers = True

    combine: Callable[..., Any]
    inputs_needed = 1

    def __init__(self, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._fitting_shapes: list[Any] | None = None  # of the last inputs that fitted

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        shapes = [tensor.shape for tensor in inputs]
        if shapes != self._fitting_shapes:
            self.compute_output_shape([tuple(shape) for shape in shapes])
            self._fitting_shapes = shapes
        rank = max(map(len, shapes))
        raised = [
            tensor if len(shape) == rank else ops.reshape(tensor, _raised(tuple(shape), rank))
            for tensor, shape in zip(inputs, shapes, strict=True)
        ]
        return self._merged(raised, masks_of_inputs(inputs, mask))

    def _merged(self, inputs: list[Any], masks: Any) -> Any:
        output = inputs[0]
        for other in inputs[1:]:
            output = type(self).combine(output, other)
        return output

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        masks = masks_of_inputs(inputs, mask)
        if masks is None or any(one is None for one in masks):
            return None
        output = masks[0]
        for other in masks[1:]:
            output = ops.logical_or(output, other)
        return output

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shapes = shapes_of(input_shape)
        if self.inputs_needed > 1 and len(shapes) != self.inputs_needed:
            raise ValueError(f"expected {self.inputs_needed} tensors, got {len(shapes)}")
        return broadcast(shapes)


def _raised(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    return (shape[0], *(1,) * (rank - len(shape)), *shape[1:])


@documented
class Add(_Merge):
    """The sum of all inputs.

    A step counts as real where it is in any input; all steps do if an input has no mask.

    Args:
        {layer arguments}

    Input shape:
        A list of tensors, of equal shapes or of shapes that broadcast; axes missing behind the batch are taken as 1.

    Output shape:
        The broadcast shape.

    Raises:
        ValueError: The inputs are not a list of tensors of fitting shapes.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.Add()([a, b]).numpy()
        array([[4., 7.]], dtype=float32)
    """

    combine = staticmethod(ops.add)


@documented
class Subtract(_Merge):
    """The first input minus the second.

    Args:
        {layer arguments}

    Input shape:
        A list of two tensors, of equal shapes or of shapes that broadcast; axes missing behind the batch are taken as
        1.

    Output shape:
        The broadcast shape.

    Raises:
        ValueError: The inputs are not a list of two tensors of fitting shapes.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.Subtract()([a, b]).numpy()
        array([[-2.,  3.]], dtype=float32)
    """

    combine = staticmethod(ops.subtract)
    inputs_needed = 2


@documented
class Multiply(_Merge):
    """The product of all inputs.

    An input counts as 1 at steps that its mask excludes.

    Args:
        {layer arguments}

    Input shape:
        A list of tensors, of equal shapes or of shapes that broadcast; axes missing behind the batch are taken as 1.

    Output shape:
        The broadcast shape.

    Raises:
        ValueError: The inputs are not a list of tensors of fitting shapes.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.Multiply()([a, b]).numpy()
        array([[ 3., 10.]], dtype=float32)
    """

    combine = staticmethod(ops.multiply)

    def _merged(self, inputs: list[Any], masks: Any) -> Any:
        if masks is None:
            return super()._merged(inputs, masks)
        kept = [
            tensor if mask is None else ops.where(ops.expand_dims(mask, -1), tensor, 1.0)
            for tensor, mask in zip(inputs, masks, strict=True)
        ]
        output = super()._merged(kept, masks)
        mask = self.compute_mask(inputs, masks)
        return output if mask is None else ops.where(ops.expand_dims(mask, -1), output, 0.0)


@documented
class Average(_Merge):
    """The mean of all inputs, element by element.

    Args:
        {layer arguments}

    Input shape:
        A list of tensors, of equal shapes or of shapes that broadcast; axes missing behind the batch are taken as 1.

    Output shape:
        The broadcast shape.

    Raises:
        ValueError: The inputs are not a list of tensors of fitting shapes.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.Average()([a, b]).numpy()
        array([[2. , 3.5]], dtype=float32)
    """

    combine = staticmethod(ops.add)

    def _merged(self, inputs: list[Any], masks: Any) -> Any:
        return super()._merged(inputs, masks) / len(inputs)


class _Extremum(_Merge):
    """At steps where only one input is real, that one is taken."""

    def _merged(self, inputs: list[Any], masks: Any) -> Any:
        if masks is None:
            return super()._merged(inputs, masks)
        output, real = inputs[0], masks[0]
        for other, other_real in zip(inputs[1:], masks[1:], strict=True):
            if other_real is not None:
                other = ops.where(ops.expand_dims(other_real, -1), other, output)
            if real is not None:
                output = ops.where(ops.expand_dims(real, -1), output, other)
            real = None if real is None or other_real is None else ops.logical_or(real, other_real)
            output = type(self).combine(output, other)
        return output


@documented
class Maximum(_Extremum):
    """The largest of all inputs, element by element.

    At steps where only one input is real, that one is taken.

    Args:
        {layer arguments}

    Input shape:
        A list of tensors, of equal shapes or of shapes that broadcast; axes missing behind the batch are taken as 1.

    Output shape:
        The broadcast shape.

    Raises:
        ValueError: The inputs are not a list of tensors of fitting shapes.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.Maximum()([a, b]).numpy()
        array([[3., 5.]], dtype=float32)
    """

    combine = staticmethod(ops.maximum)


@documented
class Minimum(_Extremum):
    """The smallest of all inputs, element by element.

    At steps where only one input is real, that one is taken.

    Args:
        {layer arguments}

    Input shape:
        A list of tensors, of equal shapes or of shapes that broadcast; axes missing behind the batch are taken as 1.

    Output shape:
        The broadcast shape.

    Raises:
        ValueError: The inputs are not a list of tensors of fitting shapes.

    Example:
        >>> a, b = np.array([[1.0, 5.0]], "float32"), np.array([[3.0, 2.0]], "float32")
        >>> recurra.layers.Minimum()([a, b]).numpy()
        array([[1., 2.]], dtype=float32)
    """

    combine = staticmethod(ops.minimum)
