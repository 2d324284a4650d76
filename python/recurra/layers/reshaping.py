"""Layers that move, repeat, pad and cut: Reshape, Permute, RepeatVector, UpSampling1D, ZeroPadding1D and so on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from recurra import ops
from recurra.checks import whole_number
from recurra.layers.arguments import Shape, closed
from recurra.layers.base import Layer
from recurra.layers.input_spec import InputSpec
from recurra.ops.windows import data_format_name, integers


class Reshape(Layer):
    """The same numbers of every example in another shape.

    Arguments:
        target_shape: shape without the batch; one extent may be -1 and follows from the others.

    Shapes: (batch, *any) → (batch, *target_shape).
    Raises: ValueError if the numbers of an example do not fill the shape.
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        extents = (target_shape,) if isinstance(target_shape, (int, np.integer)) else tuple(target_shape)
        self.target_shape = tuple(int(extent) for extent in extents)
        if any(extent < -1 for extent in self.target_shape) or self.target_shape.count(-1) > 1:
            raise ValueError(
                f"Reshape: target_shape must have extents >= 0 and at most one -1, got {self.target_shape}"
            )

    def call(self, inputs: Any) -> Any:
        return ops.reshape(inputs, closed(self.compute_output_shape(inputs.shape)))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        batch, *rest = input_shape
        if None in rest:
            return (batch, *(None if extent == -1 else extent for extent in self.target_shape))
        size = math.prod(rest)
        known = math.prod(extent for extent in self.target_shape if extent != -1)
        shape = [(size // known if known else 0) if extent == -1 else extent for extent in self.target_shape]
        if math.prod(shape) != size:
            raise ValueError(f"the {size} numbers of an example of shape {tuple(rest)} do not fill {self.target_shape}")
        return (batch, *shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


class Permute(Layer):
    """The axes in another order.

    Arguments:
        dims: a permutation of 1, 2, …, of the axes behind the batch: output axis i is input axis dims[i - 1].

    Shapes: with dims (2, 1), (batch, a, b) → (batch, b, a).
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(int(dim) for dim in dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"Permute: dims must be a permutation of 1, …, n, got {self.dims}")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return (input_shape[0], *(input_shape[dim] for dim in self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Layer):
    """Every vector as a sequence of n equal steps: (batch, features) → (batch, n, features)."""

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = whole_number(n, "RepeatVector", "n")
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}


class UpSampling1D(Layer):
    """Every step `size` times in a row: (batch, time, features) → (batch, time·size, features)."""

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = whole_number(size, "UpSampling1D", "size")
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        return ops.repeat(inputs, self.size, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        batch, time, features = input_shape
        return (batch, None if time is None else time * self.size, features)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size}


class ZeroPadding1D(Layer):
    """Zeros in front of and behind every sequence.

    Arguments:
        padding: steps on either side, or (in front, behind).
        data_format: `channels_last`, or `channels_first` where time is the last axis.

    Shapes: (batch, time, channels) → (batch, time + padding, channels).
    """

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = integers("ZeroPadding1D", "padding", padding, 2, least=0)
        self.data_format = data_format_name("ZeroPadding1D", data_format)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        if self.data_format == "channels_first":
            return ops.pad(inputs, ((0, 0), (0, 0), self.padding))
        return ops.pad(inputs, ((0, 0), self.padding, (0, 0)))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shape = list(input_shape)
        axis = 1 if self.data_format == "channels_last" else 2
        shape[axis] = None if shape[axis] is None else shape[axis] + sum(self.padding)
        return tuple(shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding, "data_format": self.data_format}


class Cropping1D(Layer):
    """Sequences without their first and last steps.

    Arguments:
        cropping: steps on either side, or (in front, behind).

    Shapes: (batch, time, features) → (batch, time − cropping, features).
    Raises: ValueError if nothing would be left.
    """

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = integers("Cropping1D", "cropping", cropping, 2, least=0)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)
        return inputs[:, self.cropping[0] : inputs.shape[1] - self.cropping[1], :]

    def compute_output_shape(self, input_shape: Any) -> Shape:
        batch, time, features = input_shape
        if time is None:
            return (batch, None, features)
        if time <= sum(self.cropping):
            raise ValueError(f"cropping {self.cropping} leaves nothing of a sequence of {time} steps")
        return (batch, time - sum(self.cropping), features)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cropping": self.cropping}


class Slice(Layer):
    """A part of one axis, as Python's slices: Slice(-24) keeps the last 24 steps, Slice(step=-1) turns time round.

    Arguments:
        start, stop, step: as in x[start:stop:step]; what lies beyond the ends is left out.
        axis: the axis that is cut, not the batch; 1 (time) by default. A mask is cut along with time.

    Shapes: (batch, …) → the same with a shorter axis.
    """

    def __init__(
        self,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        axis: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for argument, value in (("start", start), ("stop", stop), ("step", step)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, (int, np.integer))):
                raise TypeError(f"Slice: {argument} must be an integer or None, got {value!r}")
        if step == 0:
            raise ValueError("Slice: step must not be 0")
        if axis == 0:
            raise ValueError("Slice: axis 0 is the batch, which layers leave whole")
        self.start, self.stop, self.step, self.axis = start, stop, step, int(axis)
        least = self.axis + 1 if self.axis > 0 else 1 - self.axis
        self.input_spec = InputSpec(min_ndim=least)
        self.supports_masking = True

    def _cut(self, tensor: Any, axis: int) -> Any:
        return tensor[(slice(None),) * axis + (slice(self.start, self.stop, self.step),)]

    def call(self, inputs: Any) -> Any:
        return self._cut(inputs, self.axis % inputs.ndim)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self._cut(mask, 1) if mask is not None and self.axis % inputs.ndim == 1 else mask

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "start": self.start,
            "stop": self.stop,
            "step": self.step,
            "axis": self.axis,
        }
