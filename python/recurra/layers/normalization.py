"""Normalisation layers: BatchNormalization, LayerNormalization, RMSNormalization."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import _engine, ops
from recurra.layers.arguments import Shape, add_weight, store_weight_arguments, weight_settings
from recurra.layers.base import Layer
from recurra.layers.input_spec import InputSpec
from recurra.ops.normalization import normalized_rows
from recurra.tensor import Variable


def _positive(owner: str, argument: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not value > 0:
        raise ValueError(f"{owner}: {argument} must be a number > 0, got {value!r}")
    return float(value)


def _moved_last(inputs: Any, axes: list[int]) -> tuple[Any, list[int] | None]:
    """The tensor with these axes at the end, and the order of axes that undoes it (None where nothing moved)."""
    order = [axis for axis in range(inputs.ndim) if axis not in axes] + axes
    if order == list(range(inputs.ndim)):
        return inputs, None
    return ops.transpose(inputs, order), [order.index(axis) for axis in range(inputs.ndim)]


class BatchNormalization(Layer):
    """Every channel normalised over the batch: y = gamma·(x − mean) / √(variance + epsilon) + beta.

    In training, mean and variance are those of the batch (with a mask, of its real steps) and move the moving ones by a
    fraction 1 − momentum; otherwise, and when the layer is not trainable, the moving ones are used.

    Arguments:
        axis: the axis of the channels.
        momentum: share of the old moving statistics that is kept at each step, in [0, 1].
        epsilon: added to the variance.
        center, scale: whether there are beta and gamma.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer, beta_regularizer,
        gamma_regularizer, beta_constraint, gamma_constraint: names or objects.

    Shapes: any, unchanged; gamma, beta, moving_mean, moving_variance (channels,).
    Source: Ioffe & Szegedy 2015.
    """

    _computes_with_floats = True

    gamma: Variable | None
    beta: Variable | None
    moving_mean: Variable
    moving_variance: Variable

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = int(axis)
        if isinstance(momentum, bool) or not 0 <= momentum <= 1:
            raise ValueError(f"BatchNormalization: momentum must be a number in [0, 1], got {momentum!r}")
        self.momentum = float(momentum)
        self.epsilon = _positive("BatchNormalization", "epsilon", epsilon)
        self.center = bool(center)
        self.scale = bool(scale)
        store_weight_arguments(self, "beta", beta_initializer, beta_regularizer, beta_constraint)
        store_weight_arguments(self, "gamma", gamma_initializer, gamma_regularizer, gamma_constraint)
        store_weight_arguments(self, "moving_mean", moving_mean_initializer)
        store_weight_arguments(self, "moving_variance", moving_variance_initializer)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        if not -rank <= self.axis < rank or self.axis % rank == 0:
            raise ValueError(f"axis must name an axis behind the batch, got {self.axis} for shape {tuple(input_shape)}")
        channels = input_shape[self.axis]
        self.gamma = add_weight(self, "gamma", (channels,)) if self.scale else None
        self.beta = add_weight(self, "beta", (channels,)) if self.center else None
        self.moving_mean = self._statistic("moving_mean", channels)
        self.moving_variance = self._statistic("moving_variance", channels)
        self.input_spec = InputSpec(ndim=rank, axes={self.axis: channels})

    def _statistic(self, name: str, channels: int) -> Variable:
        initializer = getattr(self, f"{name}_initializer")
        return self.add_weight((channels,), initializer=initializer, trainable=False, name=name)

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        if mask is not None and mask.ndim != inputs.ndim - 1:
            raise ValueError(f"expected a mask of {inputs.ndim - 1} axes, got shape {mask.shape}")
        axis = self.axis % inputs.ndim
        if not (training and self.trainable):
            moving = self.moving_mean, self.moving_variance
            return ops.batch_normalization(inputs, *moving, axis, self.beta, self.gamma, self.epsilon)
        x, back = _moved_last(inputs, [axis])
        if mask is not None and back is not None:  # the mask is about the last axis of the input, which has moved
            mask = _moved_last(ops.broadcast_to(ops.expand_dims(mask, -1), inputs.shape), [axis])[0]
        outputs, mean, variance = _engine.batch_normalization(x, self.gamma, self.beta, mask, self.epsilon)
        self._move(self.moving_mean, mean)
        self._move(self.moving_variance, variance)
        return outputs if back is None else ops.transpose(outputs, back)

    def _move(self, moving: Variable, current: Any) -> None:
        moving.assign(moving.numpy() * self.momentum + current.numpy() * (1 - self.momentum))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        settings = weight_settings(self, "beta", "gamma", "moving_mean", "moving_variance")
        unused = [f"moving_{what}_{kind}" for what in ("mean", "variance") for kind in ("regularizer", "constraint")]
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **{key: value for key, value in settings.items() if key not in unused},
        }


class _RowNormalization(Layer):
    """Normalises every example by itself, over one or more axes."""

    _computes_with_floats = True

    norm = _engine.RowNorm.layer
    gamma: Variable | None
    beta: Variable | None

    def __init__(self, axis: Any, epsilon: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        if isinstance(axis, bool) or not isinstance(axis, (int, list, tuple)):
            raise TypeError(f"{owner}: axis must be an integer or a list of integers, got {axis!r}")
        self.axis: int | list[int] = axis if isinstance(axis, int) else [int(one) for one in axis]
        self.epsilon = _positive(owner, "epsilon", epsilon)
        self.supports_masking = True

    def _axes(self, rank: int) -> list[int]:
        given = [self.axis] if isinstance(self.axis, int) else self.axis
        if not given or any(not -rank <= axis < rank or axis % rank == 0 for axis in given):
            raise ValueError(f"axis must name axes behind the batch, got {self.axis} for an input of {rank} axes")
        axes = sorted(axis % rank for axis in given)
        if len(set(axes)) != len(axes):
            raise ValueError(f"axis names an axis twice: {self.axis}")
        return axes

    def _weight_shape(self, input_shape: Any) -> tuple[int, ...]:
        axes = self._axes(len(input_shape))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: input_shape[axis] for axis in axes})
        return tuple(input_shape[axis] for axis in axes)

    def call(self, inputs: Any) -> Any:
        weights = {"gamma": self.gamma, "beta": self.beta}
        return normalized_rows(type(self).__name__, inputs, weights, self._axes(inputs.ndim), self.epsilon, self.norm)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        self._axes(len(input_shape))
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}


class LayerNormalization(_RowNormalization):
    """Every example normalised by itself: y = gamma·(x − mean) / √(variance + epsilon) + beta.

    Arguments:
        axis: the axis, or list of axes, over which mean and variance are taken.
        epsilon: added to the variance.
        center, scale: whether there are beta and gamma.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint:
            names or objects.
        rms_scaling: y = gamma·x / √(variance + epsilon) instead, as Keras has it; for the root mean square see
            RMSNormalization.

    Shapes: any, unchanged; gamma and beta have the extents of the axes.
    Source: Ba, Kiros & Hinton 2016.
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(axis, epsilon, **kwargs)
        self.center = bool(center)
        self.scale = bool(scale)
        self.rms_scaling = bool(rms_scaling)
        if self.rms_scaling:
            self.norm = _engine.RowNorm.variance
        store_weight_arguments(self, "beta", beta_initializer, beta_regularizer, beta_constraint)
        store_weight_arguments(self, "gamma", gamma_initializer, gamma_regularizer, gamma_constraint)

    def build(self, input_shape: Any) -> None:
        shape = self._weight_shape(input_shape)
        self.gamma = add_weight(self, "gamma", shape) if self.scale or self.rms_scaling else None
        self.beta = add_weight(self, "beta", shape) if self.center and not self.rms_scaling else None

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "center": self.center,
            "scale": self.scale,
            "rms_scaling": self.rms_scaling,
            **weight_settings(self, "beta", "gamma"),
        }


class RMSNormalization(_RowNormalization):
    """Every example divided by its root mean square: y = scale·x / √(mean(x²) + epsilon).

    Arguments:
        axis: the axis, or list of axes, over which the mean is taken.
        epsilon: added to the mean square.

    Shapes: any, unchanged; scale has the extents of the axes.
    Source: Zhang & Sennrich 2019.
    """

    norm = _engine.RowNorm.root_mean_square
    beta = None

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(axis, epsilon, **kwargs)

    def build(self, input_shape: Any) -> None:
        shape = self._weight_shape(input_shape)
        self.gamma = self.add_weight(shape, initializer="ones", name="scale")

    @property
    def scale(self) -> Variable | None:
        """The factor of every number."""
        return self.gamma
