"""Activation functions with settings as layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import activations, ops
from recurra.layers.arguments import add_weight, store_weight_arguments, weight_settings
from recurra.layers.base import Layer
from recurra.layers.input_spec import InputSpec


class _Elementwise(Layer):
    """A layer that works on each number and keeps shape and mask."""

    _computes_with_floats = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


def _number(layer: str, argument: str, value: Any, least: float = 0.0) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)) or not value >= least:
        raise ValueError(f"{layer}: {argument} must be a number >= {least:g}, got {value!r}")
    return float(value)


class ReLU(_Elementwise):
    """f(x) = min(x, max_value) for x ≥ threshold, negative_slope·(x − threshold) below it."""

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else _number("ReLU", "max_value", max_value)
        self.negative_slope = _number("ReLU", "negative_slope", negative_slope)
        self.threshold = _number("ReLU", "threshold", threshold)

    def call(self, inputs: Any) -> Any:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(_Elementwise):
    """f(x) = x for x ≥ 0, negative_slope·x below. Source: Maas et al. 2013."""

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = _number("LeakyReLU", "negative_slope", negative_slope)

    def call(self, inputs: Any) -> Any:
        return ops.leaky_relu(inputs, negative_slope=self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(_Elementwise):
    """f(x) = x for x > 0, alpha·(eˣ − 1) below. Source: Clevert et al. 2016."""

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = _number("ELU", "alpha", alpha)

    def call(self, inputs: Any) -> Any:
        return ops.elu(inputs, alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class PReLU(_Elementwise):
    """f(x) = x for x ≥ 0, alpha·x below, with an alpha for every number of an example that training finds.

    Arguments:
        alpha_initializer, alpha_regularizer, alpha_constraint: names or objects.
        shared_axes: axes along which one alpha serves all, for example [1] for all steps of a sequence.

    Shapes: any, unchanged; alpha has the shape of an example, 1 along shared axes.
    Source: He et al. 2015.
    """

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        store_weight_arguments(self, "alpha", alpha_initializer, alpha_regularizer, alpha_constraint)
        axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = None if axes is None else [int(axis) for axis in axes]

    def build(self, input_shape: Any) -> None:
        shared = self.shared_axes or []
        if any(not 1 <= axis < len(input_shape) for axis in shared):
            raise ValueError(f"shared_axes must name axes behind the batch, got {shared} for shape {input_shape}")
        shape = [1 if axis in shared else extent for axis, extent in enumerate(input_shape)][1:]
        self.alpha = add_weight(self, "alpha", tuple(shape))
        own = {axis: input_shape[axis] for axis in range(1, len(input_shape)) if axis not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=own)

    def call(self, inputs: Any) -> Any:
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **weight_settings(self, "alpha"), "shared_axes": self.shared_axes}


class Softmax(_Elementwise):
    """f(x)ᵢ = e^xᵢ / Σⱼ e^xⱼ along `axis`; where a `mask` of the input's rank is False the result is 0.

    Arguments:
        axis: integer, or several.
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis if isinstance(axis, int) else [int(one) for one in axis]

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None and mask.ndim == inputs.ndim:  # a mask of time steps concerns no single number
            lowest = -3e38 if inputs.dtype == "float32" else -1e300
            inputs = ops.where(mask, inputs, lowest)
        if isinstance(self.axis, int):
            return ops.softmax(inputs, axis=self.axis)
        axes = tuple(self.axis)
        return ops.exp(inputs - ops.logsumexp(inputs, axis=axes, keepdims=True))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
