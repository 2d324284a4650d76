"""Layers that move, repeat, pad and cut: Reshape, Permute, RepeatVector, UpSampling1D, ZeroPadding1D and so on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from recurra import ops
from recurra.checks import MOST_STEPS, is_whole_number, whole_number, whole_numbers
from recurra.layers.arguments import Shape, closed
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.ops.windows import data_format_name

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions

_MOST_NUMBERS = 2**40  # of a sample


@documented
class Reshape(Layer):
    """The same numbers of every sample in another shape.

    Args:
        target_shape: Shape without the batch; one extent may be -1 and follows from the others.
        {layer arguments}

    Input shape:
        (batch, …).

    Output shape:
        (batch, *target_shape).

    Raises:
        ValueError: The numbers of a sample do not fill the shape.

    Example:
        >>> recurra.layers.Reshape((3, -1))(np.ones((2, 6), "float32")).shape
        (2, 3, 2)
    """

    config_arguments = ("target_shape",)

    def __init__(self, target_shape: Any, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        extents = [target_shape] if is_whole_number(target_shape) else target_shape
        if not isinstance(extents, (list, tuple)):
            raise ValueError(f"Reshape: target_shape must be a list of integers, got {target_shape!r}")
        self.target_shape = tuple(whole_number(one, "Reshape", "target_shape", -1, _MOST_NUMBERS) for one in extents)
        if self.target_shape.count(-1) > 1:
            raise ValueError(f"Reshape: target_shape may have one -1 at most, got {self.target_shape}")

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
            raise ValueError(
                f"the {size} numbers of a sample of shape {tuple(rest)} do not fill {self.target_shape}; "
                "one extent may be -1 and follows from the others"
            )
        return (batch, *shape)


@documented
class Permute(Layer):
    """The axes in another order.

    Args:
        dims: A permutation of 1, 2, …, of the axes behind the batch: output axis i is input axis dims[i - 1].
        {layer arguments}

    Input shape:
        (batch, …) with as many axes behind the batch as dims.

    Output shape:
        With dims (2, 1), (batch, b, a) for (batch, a, b).

    Raises:
        ValueError: dims is not a permutation.

    Example:
        >>> recurra.layers.Permute((2, 1))(np.ones((2, 5, 3), "float32")).shape
        (2, 3, 5)
    """

    config_arguments = ("dims",)

    def __init__(self, dims: Any, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        if not isinstance(dims, (list, tuple)):
            raise ValueError(f"Permute: dims must be a list of integers, got {dims!r}")
        self.dims = tuple(whole_number(dim, "Permute", "dims") for dim in dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"Permute: dims must be a permutation of 1, …, n, got {self.dims}")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return (input_shape[0], *(input_shape[dim] for dim in self.dims))


@documented
class RepeatVector(Layer):
    """Every vector as a sequence of equal steps.

    Args:
        n: Number of steps, from 1 to 2²⁴.
        {layer arguments}

    Input shape:
        (batch, features).

    Output shape:
        (batch, n, features).

    Raises:
        ValueError: n is out of range.

    Example:
        >>> recurra.layers.RepeatVector(5)(np.ones((2, 3), "float32")).shape
        (2, 5, 3)
    """

    config_arguments = ("n",)

    def __init__(self, n: int, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.n = whole_number(n, "RepeatVector", "n", most=MOST_STEPS)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return (input_shape[0], self.n, input_shape[1])


@documented
class UpSampling1D(Layer):
    """Every step several times in a row.

    Args:
        size: How many times, from 1 to 2²⁴; default 2.
        {layer arguments}

    Input shape:
        (batch, time, features).

    Output shape:
        (batch, time·size, features).

    Raises:
        ValueError: size is out of range.

    Example:
        >>> recurra.layers.UpSampling1D(3)(np.ones((2, 5, 4), "float32")).shape
        (2, 15, 4)
    """

    config_arguments = ("size",)

    def __init__(self, size: int = 2, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.size = whole_number(size, "UpSampling1D", "size", most=MOST_STEPS)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        return ops.repeat(inputs, self.size, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        batch, time, features = input_shape
        return (batch, None if time is None else time * self.size, features)


@documented
class ZeroPadding1D(Layer):
    """Zeros in front of and behind every sequence.

    Args:
        padding: Steps on either side, or (in front, behind); default 1.
        data_format: "channels_last", or "channels_first" where time is the last axis; default None, "channels_last".
        {layer arguments}

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, time + padding, channels).

    Raises:
        ValueError: padding is out of range.

    Example:
        >>> recurra.layers.ZeroPadding1D((2, 1))(np.ones((2, 5, 3), "float32")).shape
        (2, 8, 3)
    """

    config_arguments = ("padding", "data_format")

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.padding = whole_numbers(padding, "ZeroPadding1D", "padding", 2, 0, MOST_STEPS)
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


@documented
class Cropping1D(Layer):
    """Sequences without their first and last steps.

    Args:
        cropping: Steps on either side, or (in front, behind); default (1, 1).
        {layer arguments}

    Input shape:
        (batch, time, features).

    Output shape:
        (batch, time − cropping, features).

    Raises:
        ValueError: Nothing would be left.

    Example:
        >>> recurra.layers.Cropping1D((2, 1))(np.ones((2, 5, 3), "float32")).shape
        (2, 2, 3)
    """

    config_arguments = ("cropping",)

    def __init__(self, cropping: Any = (1, 1), **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.cropping = whole_numbers(cropping, "Cropping1D", "cropping", 2, 0, MOST_STEPS)
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


@documented
class Slice(Layer):
    """A part of one axis, as Python's slices: Slice(-24) keeps the last 24 steps, Slice(step=-1) reverses time.

    Args:
        start: First element, as in x[start:stop:step]; default None. What lies beyond the ends is left out.
        stop: Element behind the last one; default None.
        step: Distance of the elements, not 0; default None.
        axis: The axis that is cut, not the batch; default 1, which is time. A mask is cut along with time.
        {layer arguments}

    Input shape:
        (batch, …).

    Output shape:
        The same with a shorter axis.

    Raises:
        ValueError: An argument is not an integer, step is 0, or axis is the batch.

    Example:
        >>> recurra.layers.Slice(-3)(np.ones((2, 10, 4), "float32")).shape
        (2, 3, 4)
    """

    config_arguments = ("start", "stop", "step", "axis")

    def __init__(
        self,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        axis: int = 1,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        ends = {"start": start, "stop": stop, "step": step}
        ends = {name: None if one is None else whole_number(one, "Slice", name, None) for name, one in ends.items()}
        self.start, self.stop, self.step = ends["start"], ends["stop"], ends["step"]
        if self.step == 0:
            raise ValueError("Slice: step must not be 0")
        self.axis = whole_number(axis, "Slice", "axis", None)
        if self.axis == 0:
            raise ValueError("Slice: axis 0 is the batch, which layers leave whole")
        least = self.axis + 1 if self.axis > 0 else 1 - self.axis
        self.input_spec = InputSpec(min_ndim=least)
        self.supports_masking = True

    def _cut(self, tensor: Any, axis: int) -> Any:
        return tensor[(slice(None),) * axis + (slice(self.start, self.stop, self.step),)]

    def call(self, inputs: Any) -> Any:
        return self._cut(inputs, self.axis % inputs.ndim)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self._cut(mask, 1) if mask is not None and self.axis % inputs.ndim == 1 else mask
