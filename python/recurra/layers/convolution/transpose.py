"""Transposed convolution over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.checks import MOST_STEPS, whole_number, whole_numbers
from recurra.layers.arguments import (
    Shape,
    add_weight,
    shape_as_given,
    shape_channels_last,
    store_weight_arguments,
)
from recurra.layers.configuration import weight_arguments
from recurra.layers.convolution.base import Convolution
from recurra.layers.documentation import documented
from recurra.ops.windows import channels_last, transposed_window
from recurra.tensor import Variable

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import BaseOptions


@documented
class Conv1DTranspose(Convolution):
    """The adjoint of the linear map of `Conv1D`, which makes sequences longer.

        y[u, o] = f(bias[o] + Σ x[t, i]·kernel[k, o, i] over t, k, i with t·stride + k·dilation − p = u)

    Weights: kernel (kernel_size, filters, channels), bias (filters).

    Args:
        filters: Number of output channels.
        kernel_size: Steps that a kernel covers.
        strides: Steps of the output for each step of the input; default 1. Strides above 1 need dilation_rate 1.
        padding: "valid" or "same" (time·stride steps); default "valid".
        output_padding: Steps added to the shortest possible output, less than `strides`; default None, which adds what
            `padding` asks for.
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
        (batch, new time, filters).

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> layer = recurra.layers.Conv1DTranspose(4, kernel_size=3, strides=2, padding="same")
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 10, 4)
    """

    config_arguments = (*Convolution.window_arguments, *weight_arguments("kernel", "bias"), "filters", "output_padding")
    kernel: Variable
    kernel_initializer: Any
    kernel_regularizer: Any
    kernel_constraint: Any

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
        owner = "Conv1DTranspose"
        self._refuse_stride_with_dilation()
        self.filters = whole_number(filters, owner, "filters")
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = whole_numbers(output_padding, owner, "output_padding", 1, 0, MOST_STEPS)
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
