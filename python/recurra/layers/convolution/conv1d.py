"""Convolution over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine, activations
from recurra.layers.convolution.base import GroupedConvolution
from recurra.layers.documentation import documented
from recurra.ops.windows import channels_last

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import BaseOptions


@documented
class Conv1D(GroupedConvolution):
    """Convolution over time.

        y[t, o] = f(bias[o] + Σ_k,i x[t·stride + k·dilation − p, i]·kernel[k, i, o])

    Weights: kernel (kernel_size, channels / groups, filters), bias (filters).

    Args:
        filters: Number of output channels.
        kernel_size: Steps that a kernel covers.
        strides: Steps from one window to the next; default 1. Strides above 1 need dilation_rate 1.
        padding: "valid" (whole windows only), "same" (zeros around, ceil(T/stride) steps; the odd zero comes last) or
            "causal" (zeros in front, so that no output sees later inputs); default "valid".
        data_format: "channels_last" or "channels_first", where the channels stand on axis 1; default None,
            "channels_last".
        dilation_rate: Steps from one tap of the kernel to the next; default 1.
        groups: Number of groups of channels that see only each other; default 1.
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
        >>> layer = recurra.layers.Conv1D(4, kernel_size=3, padding="causal", dilation_rate=2)
        >>> layer(np.ones((2, 10, 3), "float32")).shape
        (2, 10, 4)

    Source: van den Oord et al., WaveNet, 2016 (causal and dilated).
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
        **kwargs: Unpack[BaseOptions],
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
