"""Convolution layers: Conv1D, Conv2D, DepthwiseConv1D, SeparableConv1D, Conv1DTranspose.

All compute a cross-correlation (no kernel is flipped). Shapes are given channels last; with
`data_format="channels_first"` the channels stand on axis 1 instead.
"""

from __future__ import annotations

from typing import Any

from recurra import _engine, activations, ops
from recurra.checks import whole_number
from recurra.layers.arguments import (
    Shape,
    add_weight,
    shape_as_given,
    shape_channels_last,
    store_weight_arguments,
    weight_settings,
    window_extent,
)
from recurra.layers.base import Layer
from recurra.layers.input_spec import InputSpec
from recurra.ops.windows import as_given, channels_last, data_format_name, integers, padding_name, transposed_window
from recurra.tensor import Variable


class _Convolution(Layer):
    """What convolutions share: the window, the bias, the activation, the order of the axes."""

    _computes_with_floats = True

    rank = 1
    kernel_weights: tuple[str, ...] = ("kernel",)
    bias: Variable | None

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
        self.kernel_size = integers(owner, "kernel_size", kernel_size, self.rank)
        self.strides = integers(owner, "strides", strides, self.rank)
        self.dilation_rate = integers(owner, "dilation_rate", dilation_rate, self.rank)
        self.padding = padding_name(owner, padding, causal)
        self.data_format = data_format_name(owner, data_format)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
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

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            **weight_settings(self, *self.kernel_weights, "bias"),
        }


class _GroupedConvolution(_Convolution):
    """Conv1D and Conv2D: `filters` kernels over all channels, or over the channels of their group."""

    kernel: Variable

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

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "groups": self.groups}


class Conv1D(_GroupedConvolution):
    """Convolution over time.

    y[t, o] = f(bias[o] + Σ over k, i of x[t·stride + k·dilation − p, i]·kernel[k, i, o])

    Arguments:
        filters: number of outputs a step.
        kernel_size: taps over time.
        strides: steps from one window to the next; > 1 only with dilation_rate 1.
        padding: `valid` (whole windows only), `same` (zeros around, ceil(T/stride) steps; the odd zero comes last) or
            `causal` (zeros in front, so that no output sees later inputs).
        data_format: `channels_last` or `channels_first`.
        dilation_rate: steps from one tap to the next.
        groups: number of groups of channels that see only each other.
        activation: name or function f; linear by default.
        use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: as in Dense.

    Shapes: (batch, time, channels) → (batch, new time, filters); kernel (kernel_size, channels / groups, filters).
    Raises: ValueError for impossible arguments, and for a sequence shorter than the kernel with `valid` padding.
    Source: causal dilated use in van den Oord et al. 2016.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            groups,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            kernel_constraint,
            bias_constraint,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            causal=True,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )

    def call(self, inputs: Any) -> Any:
        inputs = channels_last(self.data_format, inputs)
        stride, dilation = self.strides[0], self.dilation_rate[0]
        known = activations.name_in_engine(self.activation)
        outputs = _engine.conv1d(
            inputs, self.kernel, self.bias, stride, dilation, self.groups, self.padding, known or "linear"
        )
        return self._finished(outputs, activated=known is not None)


class Conv2D(_GroupedConvolution):
    """Convolution over images.

    y[i, j, o] = f(bias[o] + Σ over k, l, c of x[i·s + k·d − p, j·s + l·d − p, c]·kernel[k, l, c, o]), with stride s and
    dilation d of either axis.

    Arguments: as Conv1D, with one integer or two for kernel_size, strides and dilation_rate; no causal padding.

    Shapes: (batch, height, width, channels) → (batch, new height, new width, filters); kernel (*kernel_size, channels /
    groups, filters).
    Raises: ValueError for impossible arguments, and for an image smaller than the kernel with `valid` padding.
    """

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            filters,
            groups,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            kernel_constraint,
            bias_constraint,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            data_format=data_format,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )

    def call(self, inputs: Any) -> Any:
        inputs = channels_last(self.data_format, inputs)
        known = activations.name_in_engine(self.activation)
        outputs = _engine.conv2d(
            inputs,
            self.kernel,
            self.bias,
            self.strides,
            self.dilation_rate,
            self.groups,
            self.padding,
            known or "linear",
        )
        return self._finished(outputs, activated=known is not None)


class DepthwiseConv1D(_Convolution):
    """Convolution over time with filters of its own for every channel.

    y[t, c·m + j] = f(bias[c·m + j] + Σ over k of x[t·stride + k·dilation − p, c]·kernel[k, c, j])

    Arguments:
        kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias: as Conv1D (no causal padding).
        depth_multiplier: filters m for each channel.
        depthwise_initializer, bias_initializer, depthwise_regularizer, bias_regularizer, activity_regularizer,
        depthwise_constraint, bias_constraint: names or objects.

    Shapes: (batch, time, channels) → (batch, new time, channels·m); kernel (kernel_size, channels, m).
    """

    kernel_weights = ("depthwise",)
    kernel: Variable

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.depth_multiplier = whole_number(depth_multiplier, "DepthwiseConv1D", "depth_multiplier")
        store_weight_arguments(self, "depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        store_weight_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Any) -> None:
        channels = self._channels_of(input_shape)
        self.kernel = add_weight(self, "depthwise", (*self.kernel_size, channels, self.depth_multiplier), "kernel")
        self._add_bias(channels * self.depth_multiplier)

    def call(self, inputs: Any) -> Any:
        inputs = channels_last(self.data_format, inputs)
        stride, dilation = self.strides[0], self.dilation_rate[0]
        outputs = _engine.depthwise_conv1d(inputs, self.kernel, stride, dilation, self.padding)
        return self._finished(outputs if self.bias is None else ops.add(outputs, self.bias))

    def _output_filters(self, channels: int | None) -> int | None:
        return None if channels is None else channels * self.depth_multiplier

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "depth_multiplier": self.depth_multiplier}


class SeparableConv1D(_Convolution):
    """A depthwise convolution over time, then a mixture of its outputs at every step.

    Arguments:
        filters: outputs of the mixture.
        kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias: as Conv1D (no causal padding).
        depth_multiplier: depthwise filters for each channel.
        depthwise_initializer, pointwise_initializer, bias_initializer, and so on: names or objects.

    Shapes: (batch, time, channels) → (batch, new time, filters); depthwise_kernel (kernel_size, channels, m),
    pointwise_kernel (1, channels·m, filters).
    Source: Chollet 2017.
    """

    kernel_weights = ("depthwise", "pointwise")
    depthwise_kernel: Variable
    pointwise_kernel: Variable

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.filters = whole_number(filters, "SeparableConv1D", "filters")
        self.depth_multiplier = whole_number(depth_multiplier, "SeparableConv1D", "depth_multiplier")
        store_weight_arguments(self, "depthwise", depthwise_initializer, depthwise_regularizer, depthwise_constraint)
        store_weight_arguments(self, "pointwise", pointwise_initializer, pointwise_regularizer, pointwise_constraint)
        store_weight_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Any) -> None:
        channels = self._channels_of(input_shape)
        depth = self.depth_multiplier
        self.depthwise_kernel = add_weight(self, "depthwise", (*self.kernel_size, channels, depth), "depthwise_kernel")
        self.pointwise_kernel = add_weight(self, "pointwise", (1, channels * depth, self.filters), "pointwise_kernel")
        self._add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        inputs = channels_last(self.data_format, inputs)
        stride, dilation = self.strides[0], self.dilation_rate[0]
        outputs = _engine.depthwise_conv1d(inputs, self.depthwise_kernel, stride, dilation, self.padding)
        return self._finished(_engine.conv1d(outputs, self.pointwise_kernel, self.bias))

    def _output_filters(self, channels: int | None) -> int | None:
        return self.filters

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "depth_multiplier": self.depth_multiplier}


class Conv1DTranspose(_Convolution):
    """The adjoint of Conv1D's map, which makes sequences longer.

    y[u, o] = f(bias[o] + Σ over t, k, i with t·stride + k·dilation − p = u of x[t, i]·kernel[k, o, i])

    Arguments:
        filters, kernel_size, strides, data_format, dilation_rate, activation, use_bias, kernel_initializer, and so on:
            as Conv1D.
        padding: `valid` or `same` (time·stride steps).
        output_padding: steps added to the shortest possible output, less than `strides`; None: as many as `padding`
            asks for.

    Shapes: (batch, time, channels) → (batch, new time, filters); kernel (kernel_size, filters, channels).
    """

    kernel: Variable

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        owner = "Conv1DTranspose"
        self._refuse_stride_with_dilation()
        self.filters = whole_number(filters, owner, "filters")
        self.output_padding = (
            None if output_padding is None else integers(owner, "output_padding", output_padding, 1, least=0)
        )
        if self.output_padding is not None and self.output_padding[0] >= self.strides[0]:
            raise ValueError(
                f"{owner}: output_padding must be less than strides, got output_padding={self.output_padding} and "
                f"strides={self.strides}"
            )
        store_weight_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        store_weight_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)

    def build(self, input_shape: Any) -> None:
        channels = self._channels_of(input_shape)
        self.kernel = add_weight(self, "kernel", (*self.kernel_size, self.filters, channels))
        self._add_bias(self.filters)

    def _window(self, length: int) -> tuple[int, int]:
        added = None if self.output_padding is None else self.output_padding[0]
        size, stride, dilation = self.kernel_size[0], self.strides[0], self.dilation_rate[0]
        return transposed_window(length, size, stride, dilation, self.padding, added)

    def call(self, inputs: Any) -> Any:
        inputs = channels_last(self.data_format, inputs)
        output, before = self._window(inputs.shape[1])
        outputs = _engine.conv1d_transpose(
            inputs,
            self.kernel,
            output=output,
            bias=self.bias,
            stride=self.strides[0],
            dilation=self.dilation_rate[0],
            before=before,
        )
        return self._finished(outputs)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        batch, length, _ = shape_channels_last(self.data_format, input_shape)
        extent = None if length is None else self._window(length)[0]
        return shape_as_given(self.data_format, (batch, extent, self.filters))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "filters": self.filters, "output_padding": self.output_padding}
