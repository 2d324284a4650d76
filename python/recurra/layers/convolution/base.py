"""What convolutions share: the window, the bias, the activation, the order of the axes.

All compute a cross-correlation (no kernel is flipped). Shapes are given channels last; with
`data_format="channels_first"` the channels stand on axis 1 instead.
"""

from __future__ import annotations

from typing import Any, ClassVar

from recurra import activations
from recurra.checks import MOST_STEPS, boolean, whole_number, whole_numbers
from recurra.layers.arguments import (
    Shape,
    add_weight,
    shape_as_given,
    shape_channels_last,
    store_weight_arguments,
    window_extent,
)
from recurra.layers.base import Layer
from recurra.layers.configuration import weight_arguments
from recurra.layers.input_spec import InputSpec
from recurra.ops.windows import as_given, data_format_name, padding_name
from recurra.tensor import Variable


class Convolution(Layer):
    """What convolutions share: the window, the bias, the activation, the order of the axes."""

    _computes_with_floats = True

    rank = 1
    #: Arguments of all convolutions; a class adds its own.
    window_arguments: ClassVar[tuple[str, ...]] = (
        "kernel_size",
        "strides",
        "padding",
        "data_format",
        "dilation_rate",
        "activation",
        "use_bias",
    )
    bias: Variable | None
    bias_initializer: Any
    bias_regularizer: Any
    bias_constraint: Any

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: str,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        causal: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.kernel_size = whole_numbers(kernel_size, owner, "kernel_size", self.rank, most=MOST_STEPS)
        self.strides = whole_numbers(strides, owner, "strides", self.rank, most=MOST_STEPS)
        self.dilation_rate = whole_numbers(dilation_rate, owner, "dilation_rate", self.rank, most=MOST_STEPS)
        self.padding = padding_name(owner, padding, causal)
        self.data_format = data_format_name(owner, data_format)
        self.activation = activations.get(activation)
        self.use_bias = boolean(use_bias, owner, "use_bias")
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _refuse_stride_with_dilation(self) -> None:
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{type(self).__name__}: strides > 1 cannot be combined with dilation_rate > 1, got "
                f"strides={self.strides} and dilation_rate={self.dilation_rate}"
            )

    def _channels_of(self, input_shape: Any) -> int:
        """The number of input channels; from now on inputs must have it."""
        axis = -1 if self.data_format == "channels_last" else 1
        channels = input_shape[axis]
        if channels is None:
            raise ValueError(f"the number of channels (axis {axis}) must be known, got shape {tuple(input_shape)}")
        self.compute_output_shape(input_shape)  # refuses what is too short before any weight is made
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return int(channels)

    def _add_bias(self, filters: int) -> None:
        self.bias = add_weight(self, "bias", (filters,)) if self.use_bias else None

    def _finished(self, outputs: Any, activated: bool = False) -> Any:
        if not activated and self.activation is not activations.linear:
            outputs = self.activation(outputs)
        return as_given(self.data_format, outputs)

    def _output_filters(self, channels: int | None) -> int | None:
        """The number of filters, given the number of input channels."""
        raise TypeError(f"{type(self).__name__} defines no number of filters")

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shape = shape_channels_last(self.data_format, input_shape)
        windows = zip(shape[1:-1], self.kernel_size, self.strides, self.dilation_rate, strict=True)
        extents = [window_extent(*window, self.padding) for window in windows]
        return shape_as_given(self.data_format, (shape[0], *extents, self._output_filters(shape[-1])))


class GroupedConvolution(Convolution):
    """Conv1D and Conv2D: `filters` kernels over all channels, or over the channels of their group."""

    config_arguments = (*Convolution.window_arguments, *weight_arguments("kernel", "bias"), "filters", "groups")
    kernel: Variable
    kernel_initializer: Any
    kernel_regularizer: Any
    kernel_constraint: Any

    def __init__(
        self,
        filters: int,
        groups: int,
        kernel_initializer: Any,
        bias_initializer: Any,
        kernel_regularizer: Any,
        bias_regularizer: Any,
        kernel_constraint: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self._refuse_stride_with_dilation()
        self.filters = whole_number(filters, owner, "filters")
        self.groups = whole_number(groups, owner, "groups")
        if self.filters % self.groups:
            raise ValueError(f"{owner}: groups={self.groups} must divide the number of filters, {self.filters}")
        store_weight_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        store_weight_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Any) -> None:
        channels = self._channels_of(input_shape)
        if channels % self.groups:
            raise ValueError(f"groups={self.groups} must divide the number of input channels, {channels}")
        self.kernel = add_weight(self, "kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self._add_bias(self.filters)

    def _output_filters(self, channels: int | None) -> int | None:
        return self.filters
