"""Convolutions over sequences and images.

All are cross-correlations (no kernel is flipped). Letters: B batch, T time, H height, W width, C channels, O outputs,
K and L taps of the kernel. With `data_format="channels_first"` the channels stand on axis 1 of inputs and outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine
from recurra.checks import whole_numbers
from recurra.ops.joining import pad
from recurra.ops.layout import flip
from recurra.ops.operation import composed
from recurra.ops.windows import (
    as_given,
    channels_last,
    data_format_name,
    padding_name,
    spatial_rank,
    transposed_window,
)
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Window = int | tuple[int, ...] | list[int]


class _Call:
    """The arguments of one call, checked: inputs with channels last, one stride and dilation an axis."""

    def __init__(
        self, owner: str, inputs: Any, strides: Any, padding: Any, data_format: Any, dilation_rate: Any
    ) -> None:
        self.owner = owner
        given = _engine.operand(inputs)
        self.rank = spatial_rank(owner, given)
        self.data_format = data_format_name(owner, data_format)
        self.inputs = channels_last(self.data_format, given)
        self.channels = self.inputs.shape[-1]
        self.strides = whole_numbers(strides, owner, "strides", self.rank)
        self.dilation = whole_numbers(dilation_rate, owner, "dilation_rate", self.rank)
        self.padding = padding_name(owner, padding)

    def kernel(self, name: str, value: Any, channel_axis: int | None = None) -> Tensor:
        """A kernel as a tensor; `channel_axis` is the one that must be as long as the inputs have channels."""
        kernel = _engine.operand(value)
        if kernel.ndim != self.rank + 2:
            raise ValueError(
                f"{self.owner}: {name} must have {self.rank + 2} axes as the inputs have, got shape {kernel.shape}"
            )
        if channel_axis is not None and kernel.shape[channel_axis] != self.channels:
            raise ValueError(
                f"{self.owner}: {name} of shape {kernel.shape} is for {kernel.shape[channel_axis]} channels, but the "
                f"inputs have {self.channels}"
            )
        return kernel

    def convolved(self, kernel: Tensor, groups: int) -> Tensor:
        if self.rank == 1:
            stride, dilation = self.strides[0], self.dilation[0]
            return _engine.conv1d(self.inputs, kernel, None, stride, dilation, groups, self.padding)
        return _engine.conv2d(self.inputs, kernel, None, self.strides, self.dilation, groups, self.padding)

    def depthwise(self, kernel: Tensor) -> Tensor:
        if self.rank == 1:
            return _engine.depthwise_conv1d(self.inputs, kernel, self.strides[0], self.dilation[0], self.padding)
        grouped = _engine.reshape(kernel, (*kernel.shape[:2], 1, self.channels * kernel.shape[-1]))
        return self.convolved(grouped, self.channels)


@composed
def conv(
    inputs: ArrayLike | Tensor,
    kernel: ArrayLike | Tensor,
    strides: Window = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Window = 1,
) -> Tensor:
    """Convolution: y[t, o] = sum over k, c of x[t stride + k dilation - p, c] kernel[k, c, o].

    For images likewise on two axes. A kernel for fewer channels than the inputs have divides them into groups that see
    only each other.

    Args:
        inputs: (B, T, C), or (B, H, W, C).
        kernel: (K, C/groups, O), or (K, L, C/groups, O).
        strides: From one window to the next, one number or one an axis; 1 by default.
        padding: "valid" (whole windows only, the default) or "same" (zeros around; the odd one comes last).
        data_format: "channels_last" (also for None) or "channels_first".
        dilation_rate: From one tap to the next, one number or one an axis; 1 by default.

    Returns:
        A tensor (B, T', O), or (B, H', W', O).

    Raises:
        ValueError: Arguments or shapes do not fit, or inputs are shorter than the kernel with "valid".

    Example:
        >>> recurra.ops.conv(np.ones((1, 5, 1)), np.ones((3, 1, 2))).shape
        (1, 3, 2)
    """
    call = _Call("conv", inputs, strides, padding, data_format, dilation_rate)
    weights = call.kernel("kernel", kernel)
    taken = weights.shape[-2]
    if taken < 1 or call.channels % taken:
        raise ValueError(
            f"conv: kernel of shape {weights.shape} is for {taken} channels a group, which does not divide the "
            f"{call.channels} channels of the inputs"
        )
    return as_given(call.data_format, call.convolved(weights, max(call.channels // taken, 1)))


@composed
def depthwise_conv(
    inputs: ArrayLike | Tensor,
    kernel: ArrayLike | Tensor,
    strides: Window = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Window = 1,
) -> Tensor:
    """M filters for every channel.

    y[t, c M + m] = sum over k of x[t stride + k dilation - p, c] kernel[k, c, m].

    Args:
        inputs: (B, T, C), or (B, H, W, C).
        kernel: (K, C, M), or (K, L, C, M).
        strides: From one window to the next, one number or one an axis; 1 by default.
        padding: "valid" (whole windows only, the default) or "same" (zeros around; the odd one comes last).
        data_format: "channels_last" (also for None) or "channels_first".
        dilation_rate: From one tap to the next, one number or one an axis; 1 by default.

    Returns:
        A tensor (B, T', C M), or (B, H', W', C M).

    Raises:
        ValueError: Arguments or shapes do not fit, or inputs are shorter than the kernel with "valid".

    Example:
        >>> recurra.ops.depthwise_conv(np.ones((1, 5, 2)), np.ones((3, 2, 1))).shape
        (1, 3, 2)
    """
    call = _Call("depthwise_conv", inputs, strides, padding, data_format, dilation_rate)
    return as_given(call.data_format, call.depthwise(call.kernel("kernel", kernel, -2)))


@composed
def separable_conv(
    inputs: ArrayLike | Tensor,
    depthwise_kernel: ArrayLike | Tensor,
    pointwise_kernel: ArrayLike | Tensor,
    strides: Window = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Window = 1,
) -> Tensor:
    """A `depthwise_conv`, then a mixture of its outputs at every place.

    Args:
        inputs: (B, T, C), or (B, H, W, C).
        depthwise_kernel: (K, C, M), or (K, L, C, M).
        pointwise_kernel: (1, C M, O), or (1, 1, C M, O).
        strides: From one window to the next, one number or one an axis; 1 by default.
        padding: "valid" (whole windows only, the default) or "same" (zeros around; the odd one comes last).
        data_format: "channels_last" (also for None) or "channels_first".
        dilation_rate: From one tap to the next, one number or one an axis; 1 by default.

    Returns:
        A tensor (B, T', O), or (B, H', W', O).

    Raises:
        ValueError: Arguments or shapes do not fit, or inputs are shorter than the kernel with "valid".

    Example:
        >>> recurra.ops.separable_conv(np.ones((1, 5, 2)), np.ones((3, 2, 1)), np.ones((1, 2, 4))).shape
        (1, 3, 4)

    Source: Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, 2017.
    """
    call = _Call("separable_conv", inputs, strides, padding, data_format, dilation_rate)
    depthwise = call.kernel("depthwise_kernel", depthwise_kernel, -2)
    pointwise = call.kernel("pointwise_kernel", pointwise_kernel)
    expected = (*(1,) * call.rank, call.channels * depthwise.shape[-1])
    if tuple(pointwise.shape[:-1]) != expected:
        raise ValueError(
            f"separable_conv: pointwise_kernel must have shape {(*expected, 'outputs')}, got {tuple(pointwise.shape)}"
        )
    mixture = _engine.reshape(pointwise, pointwise.shape[-2:])
    return as_given(call.data_format, _engine.matmul(call.depthwise(depthwise), mixture))


@composed
def conv_transpose(
    inputs: ArrayLike | Tensor,
    kernel: ArrayLike | Tensor,
    strides: Window = 1,
    padding: str = "valid",
    output_padding: Window | None = None,
    data_format: str | None = None,
    dilation_rate: Window = 1,
) -> Tensor:
    """Adjoint of `conv`.

    y[u, o] = sum over t, k, c with t stride + k dilation - p = u of x[t, c] kernel[k, o, c].

    Args:
        inputs: (B, T, C), or (B, H, W, C).
        kernel: (K, O, C), or (K, L, O, C).
        strides: From one window to the next, one number or one an axis; 1 by default.
        padding: "valid" (the default) or "same" (T' = T stride).
        output_padding: Steps added to the shortest possible output, less than `strides`; None: as many as `padding`
            asks for.
        data_format: "channels_last" (also for None) or "channels_first".
        dilation_rate: From one tap to the next, one number or one an axis; 1 by default.

    Returns:
        A tensor (B, T', O), or (B, H', W', O).

    Raises:
        ValueError: Arguments or shapes do not fit.

    Example:
        >>> recurra.ops.conv_transpose(np.ones((1, 5, 1)), np.ones((3, 2, 1)), strides=2).shape
        (1, 11, 2)
    """
    owner = "conv_transpose"
    call = _Call(owner, inputs, strides, padding, data_format, dilation_rate)
    weights = call.kernel("kernel", kernel, -1)
    added: tuple[int | None, ...] = (None,) * call.rank
    if output_padding is not None:
        added = whole_numbers(output_padding, owner, "output_padding", call.rank, least=0)
        if any(a is not None and a >= s for a, s in zip(added, call.strides, strict=True)):
            raise ValueError(
                f"{owner}: output_padding must be less than strides, got output_padding={output_padding} and "
                f"strides={call.strides}"
            )
    sizes = zip(call.inputs.shape[1:-1], weights.shape[:-2], call.strides, call.dilation, added, strict=True)
    windows = [transposed_window(n, k, s, d, call.padding, more) for n, k, s, d, more in sizes]
    if call.rank == 1:
        extent, before = windows[0]
        stride, dilation = call.strides[0], call.dilation[0]
        outputs = _engine.conv1d_transpose(
            call.inputs, weights, output=extent, stride=stride, dilation=dilation, before=before
        )
    else:
        outputs = _transposed_images(call, weights, windows)
    return as_given(call.data_format, outputs)


def _transposed_images(call: _Call, kernel: Tensor, windows: list[tuple[int, int]]) -> Tensor:
    """A convolution with the kernel turned around, over inputs with strides - 1 zeros between two neighbours."""
    batch, height, width, channels = call.inputs.shape
    rows, columns = call.strides
    apart = _engine.reshape(call.inputs, (batch, height, 1, width, 1, channels))
    apart = pad(apart, [(0, 0), (0, 0), (0, rows - 1), (0, 0), (0, columns - 1), (0, 0)])
    apart = _engine.reshape(apart, (batch, height * rows, width * columns, channels))
    apart = apart[:, : (height - 1) * rows + 1, : (width - 1) * columns + 1]
    around = []
    for axis, (extent, before) in enumerate(windows):
        reach = (kernel.shape[axis] - 1) * call.dilation[axis]
        around.append((reach - before, extent + before - apart.shape[axis + 1]))
    turned = _engine.transpose(flip(kernel, (0, 1)), (0, 1, 3, 2))
    return _engine.conv2d(pad(apart, [(0, 0), *around, (0, 0)]), turned, None, (1, 1), call.dilation, 1, "valid")
