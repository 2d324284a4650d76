"""Activation functions with settings as layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import activations, checks, ops
from recurra.checks import is_number, number
from recurra.layers.arguments import add_weight, store_weight_arguments
from recurra.layers.base import Layer
from recurra.layers.configuration import weight_arguments
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions


class _Elementwise(Layer):
    """A layer that works element by element; shape and mask stay the same."""

    _computes_with_floats = True

    def __init__(self, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@documented
class ReLU(_Elementwise):
    """The rectified linear unit.

        f(x) = min(x, max_value) for x > threshold, negative_slope·(x − threshold) up to it

    Args:
        max_value: Upper bound, >= 0; default None, no bound.
        negative_slope: Slope below the threshold, >= 0; default 0.0.
        threshold: Up to it values are set to zero or damped, >= 0; default 0.0.
        {layer arguments}

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: An argument is negative.

    Example:
        >>> recurra.layers.ReLU(max_value=1.0)(np.array([-1.0, 0.5, 2.0], "float32")).numpy()
        array([0. , 0.5, 1. ], dtype=float32)
    """

    config_arguments = ("max_value", "negative_slope", "threshold")

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        unbounded = max_value is None or (is_number(max_value) and max_value == np.inf)
        self.max_value = None if unbounded else number(max_value, "ReLU", "max_value", 0)
        self.negative_slope = number(negative_slope, "ReLU", "negative_slope", 0)
        self.threshold = number(threshold, "ReLU", "threshold", 0)

    def call(self, inputs: Any) -> Any:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


@documented
class LeakyReLU(_Elementwise):
    """The rectified linear unit with a slope for negative numbers.

        f(x) = x for x ≥ 0, negative_slope·x below

    Args:
        negative_slope: Slope below zero, >= 0; default 0.3. `alpha` is another name for it.
        {layer arguments}

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: The slope is negative.

    Example:
        >>> recurra.layers.LeakyReLU(0.5)(np.array([-1.0, 2.0], "float32")).numpy()
        array([-0.5,  2. ], dtype=float32)

    Source: Maas et al., Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013.
    """

    config_arguments = ("negative_slope",)

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.negative_slope = number(negative_slope, "LeakyReLU", "negative_slope", 0)

    def call(self, inputs: Any) -> Any:
        return ops.leaky_relu(inputs, negative_slope=self.negative_slope)


@documented
class ELU(_Elementwise):
    """The exponential linear unit.

        f(x) = x for x > 0, alpha·(eˣ − 1) below

    Args:
        alpha: Minus the limit for large negative numbers, >= 0; default 1.0.
        {layer arguments}

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: alpha is negative.

    Example:
        >>> recurra.layers.ELU()(np.array([-100.0, 2.0], "float32")).numpy()
        array([-1.,  2.], dtype=float32)

    Source: Clevert et al., Fast and Accurate Deep Network Learning by Exponential Linear Units, 2016.
    """

    config_arguments = ("alpha",)

    def __init__(self, alpha: float = 1.0, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.alpha = number(alpha, "ELU", "alpha", 0)

    def call(self, inputs: Any) -> Any:
        return ops.elu(inputs, alpha=self.alpha)


@documented
class PReLU(_Elementwise):
    """The rectified linear unit with a trained slope for negative numbers.

        f(x) = x for x ≥ 0, alpha·x below

    Weights: alpha, of the shape of a sample, with extent 1 along shared axes.

    Args:
        {weight arguments}
        shared_axes: Axes along which one alpha serves all, for example [1] for all steps of a sequence; default None.
        {layer arguments}

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: An axis to share is not behind the batch.

    Example:
        >>> layer = recurra.layers.PReLU(alpha_initializer="ones", shared_axes=[1])
        >>> layer(-np.ones((2, 5, 3), "float32")).numpy().mean()
        np.float32(-1.0)
        >>> layer.alpha.shape
        (1, 3)

    Source: He et al., Delving Deep into Rectifiers, 2015.
    """

    config_arguments = (*weight_arguments("alpha"), "shared_axes")
    alpha_initializer: Any
    alpha_regularizer: Any
    alpha_constraint: Any

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        store_weight_arguments(self, "alpha", alpha_initializer, alpha_regularizer, alpha_constraint)
        self.shared_axes: list[int] | None = None
        if shared_axes is not None:
            axes = checks.axes(shared_axes, "PReLU", "shared_axes")
            self.shared_axes = [axes] if isinstance(axes, int) else axes

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


@documented
class Softmax(_Elementwise):
    """Positive numbers that add up to one along an axis.

        f(x)_i = exp(x_i) / Σ_j exp(x_j)

    Where a `mask` of the input's rank is False the result is 0 and the others add up to one; a row that is masked as a
    whole is 0.

    Args:
        axis: An integer, or several; default -1.
        {layer arguments}

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: `axis` is not an integer or a list of them.

    Example:
        >>> y = recurra.layers.Softmax()(np.zeros((1, 3), "float32"), mask=np.array([[True, True, False]]))
        >>> y.numpy()
        array([[0.5, 0.5, 0. ]], dtype=float32)
    """

    config_arguments = ("axis",)

    def __init__(self, axis: Any = -1, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.axis = checks.axes(axis, "Softmax")

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is not None and mask.ndim == inputs.ndim:  # a mask of time steps concerns no single number
            lowest = -3e38 if inputs.dtype == "float32" else -1e300
            shares = self._shares(ops.where(mask, inputs, lowest))
            return ops.where(mask, shares, 0.0)  # also where nothing is left of a row
        return self._shares(inputs)

    def _shares(self, inputs: Any) -> Any:
        if isinstance(self.axis, int):
            return ops.softmax(inputs, axis=self.axis)
        return ops.exp(inputs - ops.logsumexp(inputs, axis=tuple(self.axis), keepdims=True))
