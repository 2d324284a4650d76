"""Layers that make one tensor of several: Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate, Dot.

Each is there as a function too: `add(tensors)` and so on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from recurra import config, ops
from recurra.layers.arguments import Shape, closed
from recurra.layers.base import Layer


def _shapes(shapes: Any, least: int = 1) -> list[Shape]:
    """The shapes of the inputs. Raises ValueError unless they are a list of `least` or more."""
    listed = isinstance(shapes, (list, tuple)) and all(isinstance(shape, tuple) for shape in shapes)
    if not listed or len(shapes) < least:
        raise ValueError(f"expected a list of at least {least} tensors, got shape {shapes}")
    batches = {shape[0] for shape in shapes if shape and shape[0] is not None}
    if len(batches) > 1:
        raise ValueError(f"expected tensors with equal batches, got shapes {shapes}")
    return list(shapes)


def _broadcast(shapes: list[Shape]) -> Shape:
    """The shape of an elementwise result: extents of 1 stretch, and axes missing behind the batch are taken as 1."""
    rank = max(len(shape) for shape in shapes)
    result: list[int | None] = []
    for extents in zip(*((shape[0], *(1,) * (rank - len(shape)), *shape[1:]) for shape in shapes), strict=True):
        wide = {extent for extent in extents if extent not in (1, None)}
        if len(wide) > 1:
            raise ValueError(f"cannot combine tensors of shapes {shapes}")
        result.append(wide.pop() if wide else None if None in extents else 1)
    return tuple(result)


class _Merge(Layer):
    """Combines tensors element by element, from left to right."""

    combine: Callable[..., Any]
    inputs_needed = 1

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        self.compute_output_shape([tuple(tensor.shape) for tensor in inputs])
        rank = max(tensor.ndim for tensor in inputs)
        raised = [
            tensor if tensor.ndim == rank else ops.reshape(tensor, _raised(tuple(tensor.shape), rank))
            for tensor in inputs
        ]
        return self._merged(raised, mask)

    def _merged(self, inputs: list[Any], masks: Any) -> Any:
        output = inputs[0]
        for other in inputs[1:]:
            output = type(self).combine(output, other)
        return output

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None or any(one is None for one in mask):
            return None
        output = mask[0]
        for other in mask[1:]:
            output = ops.logical_or(output, other)
        return output

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shapes = _shapes(input_shape)
        if self.inputs_needed > 1 and len(shapes) != self.inputs_needed:
            raise ValueError(f"expected {self.inputs_needed} tensors, got {len(shapes)}")
        return _broadcast(shapes)


def _raised(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    return (shape[0], *(1,) * (rank - len(shape)), *shape[1:])


class Add(_Merge):
    """The sum of all inputs: a list of tensors of equal shape, or of shapes that broadcast.

    Raises: ValueError for shapes that do not fit. A step counts as real where it is in any input.
    """

    combine = staticmethod(ops.add)


class Subtract(_Merge):
    """The first input minus the second.

    Raises: ValueError unless there are two, of fitting shapes.
    """

    combine = staticmethod(ops.subtract)
    inputs_needed = 2


class Multiply(_Merge):
    """The product of all inputs; an input counts as 1 at steps that its mask excludes.

    Raises: ValueError for shapes that do not fit.
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


class Average(_Merge):
    """The mean of all inputs, element by element.

    Raises: ValueError for shapes that do not fit.
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


class Maximum(_Extremum):
    """The largest of all inputs, element by element.

    Raises: ValueError for shapes that do not fit.
    """

    combine = staticmethod(ops.maximum)


class Minimum(_Extremum):
    """The smallest of all inputs, element by element.

    Raises: ValueError for shapes that do not fit.
    """

    combine = staticmethod(ops.minimum)


class Concatenate(Layer):
    """The inputs side by side along an axis.

    Arguments:
        axis: the axis along which they are joined, not the batch; all other extents must be equal.

    Raises: ValueError for shapes that do not fit.
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = int(axis)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape([tuple(tensor.shape) for tensor in inputs])
        return ops.concatenate(inputs, axis=self.axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None or all(one is None for one in mask):
            return None
        masks = [
            ops.ones(tensor.shape[:2], dtype="bool") if one is None else one
            for tensor, one in zip(inputs, mask, strict=True)
        ]
        if self.axis % inputs[0].ndim == 1:
            return ops.concatenate(masks, axis=1)
        output = masks[0]
        for other in masks[1:]:
            output = ops.logical_or(output, other)
        return output

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shapes = _shapes(input_shape)
        rank = len(shapes[0])
        if not -rank <= self.axis < rank or self.axis % rank == 0:
            raise ValueError(f"axis must name an axis behind the batch, got {self.axis} for shapes {shapes}")
        axis = self.axis % rank
        if any(len(shape) != rank for shape in shapes):
            raise ValueError(f"expected tensors of equal rank, got shapes {shapes}")
        result: list[int | None] = []
        for place, extents in enumerate(zip(*shapes, strict=True)):
            known = [extent for extent in extents if extent is not None]
            if place == axis:
                result.append(sum(known) if len(known) == len(extents) else None)
                continue
            if len(set(known)) > 1:
                raise ValueError(f"expected tensors that differ on axis {axis} only, got shapes {shapes}")
            result.append(known[0] if known else None)
        return tuple(result)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class Dot(Layer):
    """Scalar products between two inputs along an axis of each, example by example.

    Arguments:
        axes: the axis of both inputs, or one for each; not the batch.
        normalize: whether the inputs are scaled to length 1 along it first, which gives cosines.

    Shapes: (batch, a, i), (batch, b, i) → (batch, a, b) with axes 2; (batch, i), (batch, i) → (batch, 1) with axes 1.
    Raises: ValueError unless there are two inputs with equal extents along the axes.
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, (int, list, tuple)):
            raise TypeError(f"Dot: axes must be an integer or two, got {axes!r}")
        if not isinstance(axes, int) and (len(axes) != 2 or not all(isinstance(axis, int) for axis in axes)):
            raise ValueError(f"Dot: axes must be an integer or two, got {axes!r}")
        self.axes: int | tuple[int, ...] = axes if isinstance(axes, int) else tuple(axes)
        self.normalize = bool(normalize)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def _axes_of(self, shapes: list[Shape]) -> tuple[int, int]:
        if len(shapes) != 2:
            raise ValueError(f"expected 2 tensors, got {len(shapes)}")
        given = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        for axis, shape in zip(given, shapes, strict=True):
            if not -len(shape) <= axis < len(shape) or axis % len(shape) == 0:
                raise ValueError(f"axes must name axes behind the batch, got {self.axes} for shapes {shapes}")
        first, second = (axis % len(shape) for axis, shape in zip(given, shapes, strict=True))
        ours, theirs = shapes[0][first], shapes[1][second]
        if None not in (ours, theirs) and ours != theirs:
            raise ValueError(f"axes {self.axes} have {ours} and {theirs} elements in shapes {shapes}")
        return first, second

    def call(self, inputs: Any) -> Any:
        shapes = _shapes([tuple(tensor.shape) for tensor in inputs], least=2)
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
        shapes = _shapes(input_shape, least=2)
        first, second = self._axes_of(shapes)
        x = [extent for axis, extent in enumerate(shapes[0]) if axis != first]
        y = [extent for axis, extent in enumerate(shapes[1]) if axis not in (0, second)]
        return (*x, *y) if len(x) + len(y) > 1 else (x[0], 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def _unit(x: Any, axis: int) -> Any:
    square = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return x / ops.sqrt(ops.maximum(square, config.epsilon() ** 2))


def add(inputs: Any, **kwargs: Any) -> Any:
    """The sum of tensors; see `Add`."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """The difference of two tensors; see `Subtract`."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """The product of tensors; see `Multiply`."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """The mean of tensors; see `Average`."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """The elementwise maximum of tensors; see `Maximum`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """The elementwise minimum of tensors; see `Minimum`."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """Tensors side by side; see `Concatenate`."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """Scalar products of two tensors; see `Dot`."""
    return Dot(axes=axes, **kwargs)(inputs)
