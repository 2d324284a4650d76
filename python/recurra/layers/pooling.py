"""Pooling layers: maximum and mean over windows or over the whole sequence or image.

Shapes are given channels last; with `data_format="channels_first"` the channels stand on axis 1 instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine, ops
from recurra.checks import MOST_STEPS, boolean, whole_numbers
from recurra.layers.arguments import Shape, shape_as_given, shape_channels_last, window_extent
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.ops.windows import as_given, channels_last, data_format_name, padding_name

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions


class _Pooling(Layer):
    """A window without weights."""

    config_arguments = ("pool_size", "strides", "padding", "data_format")

    _computes_with_floats = True

    rank = 1

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        owner = type(self).__name__
        self.pool_size = whole_numbers(pool_size, owner, "pool_size", self.rank, most=MOST_STEPS)
        self.strides = self.pool_size
        if strides is not None:
            self.strides = whole_numbers(strides, owner, "strides", self.rank, most=MOST_STEPS)
        self.padding = padding_name(owner, padding)
        self.data_format = data_format_name(owner, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _pool(self, inputs: Any) -> Any:
        """The pooled sequence or image, channels last."""
        raise TypeError(f"{type(self).__name__} defines no pooling")

    def call(self, inputs: Any) -> Any:
        return as_given(self.data_format, self._pool(channels_last(self.data_format, inputs)))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shape = shape_channels_last(self.data_format, input_shape)
        windows = zip(shape[1:-1], self.pool_size, self.strides, strict=True)
        extents = [window_extent(length, size, stride, 1, self.padding) for length, size, stride in windows]
        return shape_as_given(self.data_format, (shape[0], *extents, shape[-1]))


@documented
class MaxPooling1D(_Pooling):
    """The largest number of every channel in a window of steps: y[t, c] = max_k x[t·stride + k, c].

    Args:
        pool_size: Steps in a window; default 2.
        strides: Steps from one window to the next; default None, which is pool_size.
        padding: "valid" (whole windows only) or "same" (ceil(extent/stride) windows, which may be incomplete); default
            "valid".
        data_format: "channels_last" or "channels_first", where the channels stand on axis 1; default None,
            "channels_last".
        {layer arguments}

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, new time, channels).

    Raises:
        ValueError: An argument is out of range, or with "valid" padding the input is smaller than the window.

    Example:
        >>> recurra.layers.MaxPooling1D(2)(np.ones((2, 8, 3), "float32")).shape
        (2, 4, 3)
    """

    def _pool(self, inputs: Any) -> Any:
        return _engine.max_pool1d(inputs, self.pool_size[0], self.strides[0], self.padding)


@documented
class AveragePooling1D(_Pooling):
    """The mean of every channel in a window of steps, over those of them that exist.

    Args:
        pool_size: Steps in a window; default 2.
        strides: Steps from one window to the next; default None, which is pool_size.
        padding: "valid" (whole windows only) or "same" (ceil(extent/stride) windows, which may be incomplete); default
            "valid".
        data_format: "channels_last" or "channels_first", where the channels stand on axis 1; default None,
            "channels_last".
        {layer arguments}

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, new time, channels).

    Raises:
        ValueError: An argument is out of range, or with "valid" padding the input is smaller than the window.

    Example:
        >>> recurra.layers.AveragePooling1D(2)(np.ones((2, 8, 3), "float32")).shape
        (2, 4, 3)
    """

    def _pool(self, inputs: Any) -> Any:
        return _engine.average_pool1d(inputs, self.pool_size[0], self.strides[0], self.padding)


@documented
class MaxPooling2D(_Pooling):
    """The largest number of every channel in a window of pixels.

    Args:
        pool_size: Pixels in a window, one integer or (height, width); default 2.
        strides: Pixels from one window to the next, one integer or (height, width); default None, which is pool_size.
        padding: "valid" (whole windows only) or "same" (ceil(extent/stride) windows, which may be incomplete); default
            "valid".
        data_format: "channels_last" or "channels_first", where the channels stand on axis 1; default None,
            "channels_last".
        {layer arguments}

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, new height, new width, channels).

    Raises:
        ValueError: An argument is out of range, or with "valid" padding the input is smaller than the window.

    Example:
        >>> recurra.layers.MaxPooling2D(2)(np.ones((2, 8, 6, 3), "float32")).shape
        (2, 4, 3, 3)
    """

    rank = 2

    def _pool(self, inputs: Any) -> Any:
        return _engine.max_pool2d(inputs, self.pool_size, self.strides, self.padding)


@documented
class AveragePooling2D(_Pooling):
    """The mean of every channel in a window of pixels, over those of them that exist.

    Args:
        pool_size: Pixels in a window, one integer or (height, width); default 2.
        strides: Pixels from one window to the next, one integer or (height, width); default None, which is pool_size.
        padding: "valid" (whole windows only) or "same" (ceil(extent/stride) windows, which may be incomplete); default
            "valid".
        data_format: "channels_last" or "channels_first", where the channels stand on axis 1; default None,
            "channels_last".
        {layer arguments}

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, new height, new width, channels).

    Raises:
        ValueError: An argument is out of range, or with "valid" padding the input is smaller than the window.

    Example:
        >>> recurra.layers.AveragePooling2D(2)(np.ones((2, 8, 6, 3), "float32")).shape
        (2, 4, 3, 3)
    """

    rank = 2

    def _pool(self, inputs: Any) -> Any:
        return _engine.average_pool2d(inputs, self.pool_size, self.strides, self.padding)


class _GlobalPooling(Layer):
    """One number a channel."""

    config_arguments = ("data_format", "keepdims")

    _computes_with_floats = True

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_name(type(self).__name__, data_format)
        self.keepdims = boolean(keepdims, type(self).__name__, "keepdims")
        self.input_spec = InputSpec(ndim=self.rank + 2)
        first = 1 if self.data_format == "channels_last" else 2
        self._axes = tuple(range(first, first + self.rank))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        if 0 in [input_shape[axis] for axis in self._axes]:
            raise ValueError(f"there is nothing to pool in an input of shape {tuple(input_shape)}")
        kept = (1,) * self.rank if self.keepdims else ()
        shape = shape_channels_last(self.data_format, input_shape)
        pooled: Shape = (shape[0], *kept, shape[-1])
        return shape_as_given(self.data_format, pooled) if self.keepdims else pooled


@documented
class GlobalMaxPooling1D(_GlobalPooling):
    """The largest number of every channel over time.

    Args:
        data_format: "channels_last" or "channels_first", where the channels stand on axis 1; default None,
            "channels_last".
        keepdims: Whether an axis of length 1 stays in the place of time; default False.
        {layer arguments}

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, channels), with keepdims (batch, 1, channels).

    Raises:
        ValueError: There is nothing to pool.

    Example:
        >>> recurra.layers.GlobalMaxPooling1D()(np.ones((2, 8, 3), "float32")).shape
        (2, 3)
    """

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)
        return ops.max(inputs, axis=self._axes, keepdims=self.keepdims)


@documented
class GlobalMaxPooling2D(GlobalMaxPooling1D):
    """The largest number of every channel over all pixels.

    Args:
        data_format: "channels_last" or "channels_first", where the channels stand on axis 1; default None,
            "channels_last".
        keepdims: Whether axes of length 1 stay in the place of height and width; default False.
        {layer arguments}

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, channels), with keepdims (batch, 1, 1, channels).

    Raises:
        ValueError: There is nothing to pool.

    Example:
        >>> recurra.layers.GlobalMaxPooling2D()(np.ones((2, 8, 6, 3), "float32")).shape
        (2, 3)
    """

    rank = 2


@documented
class GlobalAveragePooling1D(_GlobalPooling):
    """The mean of every channel over time; with a mask over the real steps only.

    A sequence without any real step gives zeros.

    Args:
        data_format: "channels_last" or "channels_first", where the channels stand on axis 1; default None,
            "channels_last".
        keepdims: Whether an axis of length 1 stays in the place of time; default False.
        {layer arguments}

    Input shape:
        (batch, time, channels).

    Output shape:
        (batch, channels), with keepdims (batch, 1, channels).

    Raises:
        ValueError: There is nothing to pool.

    Example:
        >>> recurra.layers.GlobalAveragePooling1D()(np.ones((2, 8, 3), "float32")).shape
        (2, 3)
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(data_format=data_format, keepdims=keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        self.compute_output_shape(inputs.shape)
        if mask is None:
            return ops.mean(inputs, axis=self._axes, keepdims=self.keepdims)
        mask = ops.expand_dims(ops.cast(mask, "bool"), 2 if self.data_format == "channels_last" else 1)
        total = ops.sum(ops.where(mask, inputs, 0.0), axis=self._axes, keepdims=self.keepdims)
        count = ops.sum(ops.cast(mask, inputs.dtype), axis=self._axes, keepdims=self.keepdims)
        return total / ops.maximum(count, 1.0)

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        return None


@documented
class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of every channel over all pixels.

    Args:
        data_format: "channels_last" or "channels_first", where the channels stand on axis 1; default None,
            "channels_last".
        keepdims: Whether axes of length 1 stay in the place of height and width; default False.
        {layer arguments}

    Input shape:
        (batch, height, width, channels).

    Output shape:
        (batch, channels), with keepdims (batch, 1, 1, channels).

    Raises:
        ValueError: There is nothing to pool.

    Example:
        >>> recurra.layers.GlobalAveragePooling2D()(np.ones((2, 8, 6, 3), "float32")).shape
        (2, 3)
    """

    rank = 2

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)
        return ops.mean(inputs, axis=self._axes, keepdims=self.keepdims)


MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
