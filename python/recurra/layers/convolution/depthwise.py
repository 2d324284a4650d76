"""Convolution over time, channel by channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine, ops
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
class DepthwiseConv1D(Convolution):
    """Convolution over time with filters of its own for every channel.

        y[t, c·m + j] = f(bias[c·m + j] + Σ_k x[t·stride + k·dilation − p, c]·kernel[k, c, j])

    Weights: kernel (kernel_size, channels, m), bias (channels·m).

    Args:
        kernel_size: Steps that a kernel covers.
        strides: Steps from one window to the next; default 1.
        padding: "valid" (whole windows only) or "same" (zeros around, ceil(T/stride) steps; the odd zero comes last);
            default "valid".
        depth_multiplier: Number m of filters for each channel; default 1.
        data_format: "channels_last" or "channels_first", where the channels stand on axis 1; default None,
            "channels_last".
        dilation_rate: Steps from one tap of the kernel to the next; default 1.
        activation: f, by name or as a function; default None, which is linear.
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {layer arguments}

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, new time, channels·m).

    Raises:
        ValueError: An argument is out of range, or with "valid" padding a sequence is shorter than the kernel.

    Example:
        >>> layer = recurra.layers.DepthwiseConv1D(kernel_size=3, depth_multiplier=2)
        >>> layer(np.ones((2, 10, 3), "float32")).shape
        (2, 8, 6)
    """

    config_arguments = (*Convolution.window_arguments, *weight_arguments("depthwise", "bias"), "depth_multiplier")
    kernel: Variable
    depthwise_initializer: Any
    depthwise_regularizer: Any
    depthwise_constraint: Any

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
