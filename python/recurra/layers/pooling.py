"""Pooling layers: maximum and mean over windows or over the whole sequence or image.

Shapes are given channels last; with `data_format="channels_first"` the channels stand on axis 1 instead.
"""

from __future__ import annotations

from typing import Any

from recurra import _engine, ops
from recurra.layers.arguments import Shape, shape_as_given, shape_channels_last, window_extent
from recurra.layers.base import Layer
from recurra.layers.input_spec import InputSpec
from recurra.ops.windows import as_given, channels_last, data_format_name, integers, padding_name


class _Pooling(Layer):
    """A window without weights."""

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
        self.pool_size = integers(owner, "pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else integers(owner, "strides", strides, self.rank)
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

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
        }


class MaxPooling1D(_Pooling):
    """The largest number of every channel in a window: y[t, c] = max over k of x[t·stride + k, c].

    Arguments:
        pool_size: steps in a window.
        strides: steps from one window to the next; `pool_size` by default.
        padding: `valid` (whole windows only) or `same` (ceil(T/stride) windows, which may be incomplete).
        data_format: `channels_last` or `channels_first`.

    Shapes: (batch, time, channels) → (batch, new time, channels).
    Raises: ValueError for a sequence shorter than the window with `valid` padding.
    """

    def _pool(self, inputs: Any) -> Any:
        return _engine.max_pool1d(inputs, self.pool_size[0], self.strides[0], self.padding)


class AveragePooling1D(_Pooling):
    """The mean of every channel in a window, over those steps of it that exist.

    Arguments, shapes and errors: as MaxPooling1D.
    """

    def _pool(self, inputs: Any) -> Any:
        return _engine.average_pool1d(inputs, self.pool_size[0], self.strides[0], self.padding)


class MaxPooling2D(_Pooling):
    """The largest number of every channel in a window of pixels.

    Arguments: as MaxPooling1D, with one integer or two for pool_size and strides.

    Shapes: (batch, height, width, channels) → (batch, new height, new width, channels).
    Raises: ValueError for an image smaller than the window with `valid` padding.
    """

    rank = 2

    def _pool(self, inputs: Any) -> Any:
        return _engine.max_pool2d(inputs, self.pool_size, self.strides, self.padding)


class AveragePooling2D(_Pooling):
    """The mean of every channel in a window of pixels, over those pixels of it that exist.

    Arguments, shapes and errors: as MaxPooling2D.
    """

    rank = 2

    def _pool(self, inputs: Any) -> Any:
        return _engine.average_pool2d(inputs, self.pool_size, self.strides, self.padding)


class _GlobalPooling(Layer):
    """One number a channel."""

    _computes_with_floats = True

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_name(type(self).__name__, data_format)
        self.keepdims = bool(keepdims)
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

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class GlobalMaxPooling1D(_GlobalPooling):
    """The largest number of every channel over time.

    Arguments:
        data_format: `channels_last` or `channels_first`.
        keepdims: whether an axis of length 1 stays in the place of time.

    Shapes: (batch, time, channels) → (batch, channels), with keepdims (batch, 1, channels).
    Raises: ValueError for empty sequences.
    """

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)
        return ops.max(inputs, axis=self._axes, keepdims=self.keepdims)


class GlobalMaxPooling2D(GlobalMaxPooling1D):
    """The largest number of every channel over all pixels.

    Arguments: as GlobalMaxPooling1D.

    Shapes: (batch, height, width, channels) → (batch, channels), with keepdims (batch, 1, 1, channels).
    """

    rank = 2


class GlobalAveragePooling1D(_GlobalPooling):
    """The mean of every channel over time; with a mask over the real steps only.

    A sequence with no real step gives zeros. Arguments, shapes and errors: as GlobalMaxPooling1D.
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
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


class GlobalAveragePooling2D(_GlobalPooling):
    """The mean of every channel over all pixels.

    Arguments: as GlobalMaxPooling1D.

    Shapes: (batch, height, width, channels) → (batch, channels), with keepdims (batch, 1, 1, channels).
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
