"""Depthwise convolution over time, then a pointwise one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.checks import whole_number
from recurra.layers.arguments import (
    add_weight,
    store_weight_arguments,
)
from recurra.layers.configuration import weight_arguments
from recurra.layers.convolution.base import Convolution
from recurra.layers.documentation import documented
from recurra.ops.windows import channels_last
from recurra.tensor import Variable

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import BaseOptions


@documented
class SeparableConv1D(Convolution):
    """A depthwise convolution over time, then a linear combination of its outputs at every step.

        d[t, c·m + j] = Σ_k x[t·stride + k·dilation − p, c]·depthwise_kernel[k, c, j]
        y[t, o] = f(bias[o] + Σ_i d[t, i]·pointwise_kernel[0, i, o])

    Weights: depthwise_kernel (kernel_size, channels, m), pointwise_kernel (1, channels·m, filters), bias (filters).

    Args:
        filters: Number of output channels.
        kernel_size: Steps that a kernel covers.
        strides: Steps from one window to the next; default 1.
        padding: "valid" (whole windows only) or "same" (zeros around, ceil(T/stride) steps; the odd zero comes last);
            default "valid".
        data_format: "channels_last" or "channels_first", where the channels stand on axis 1; default None,
            "channels_last".
        dilation_rate: Steps from one tap of the kernel to the next; default 1.
        depth_multiplier: Number m of depthwise filters for each channel; default 1.
        activation: f, by name or as a function; default None, which is linear.
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {layer arguments}

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, new time, filters).

    Raises:
        ValueError: An argument is out of range, or with "valid" padding a sequence is shorter than the kernel.

    Example:
        >>> layer = recurra.layers.SeparableConv1D(4, kernel_size=3)
        >>> layer(np.ones((2, 10, 3), "float32")).shape
        (2, 8, 4)

    Source: Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, 2017.
    """

    config_arguments = (
        *Convolution.window_arguments,
        *weight_arguments("depthwise", "pointwise", "bias"),
        "filters",
        "depth_multiplier",
    )
    depthwise_kernel: Variable
    pointwise_kernel: Variable
    depthwise_initializer: Any
    depthwise_regularizer: Any
    depthwise_constraint: Any
    pointwise_initializer: Any
    pointwise_regularizer: Any
    pointwise_constraint: Any

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
        **kwargs: Unpack[BaseOptions],
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
