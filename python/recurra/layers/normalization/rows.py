"""Normalisation of every sample by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine, checks
from recurra.checks import boolean, number
from recurra.layers.arguments import Shape, add_weight, store_weight_arguments
from recurra.layers.base import Layer
from recurra.layers.configuration import weight_arguments
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.ops.normalization import normalized_rows
from recurra.tensor import Variable

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions


class _RowNormalization(Layer):
    """Normalises every example by itself, over one or more axes."""

    _computes_with_floats = True

    norm = _engine.RowNorm.layer
    gamma: Variable | None
    beta: Variable | None

    def __init__(self, axis: Any, epsilon: float, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.axis: int | list[int] = checks.axes(axis, owner)
        self.epsilon = number(epsilon, owner, "epsilon", above=0)
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


@documented
class LayerNormalization(_RowNormalization):
    """Every sample normalised by itself.

        y = gamma·(x − mean) / √(variance + epsilon) + beta

    Weights: gamma and beta, with the extents of the axes.

    Args:
        axis: The axis, or a list of axes, over which mean and variance are taken; default -1.
        epsilon: Added to the variance, > 0; default 0.001.
        center: Whether there is a beta; default True.
        scale: Whether there is a gamma; default True.
        {weight arguments}
        rms_scaling: y = gamma·x / √(variance + epsilon) instead, as in Keras; for the root mean square see
            `RMSNormalization`; default False.
        {layer arguments}

    Input shape:
        Any with at least two axes.

    Output shape:
        That of the input.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> y = recurra.layers.LayerNormalization()(np.array([[1.0, 2.0, 3.0]], "float32"))
        >>> y.numpy().round(2)
        array([[-1.22,  0.  ,  1.22]], dtype=float32)

    Source: Ba, Kiros & Hinton, Layer Normalization, 2016.
    """

    config_arguments = ("axis", "epsilon", "center", "scale", "rms_scaling", *weight_arguments("beta", "gamma"))
    beta_initializer: Any
    beta_regularizer: Any
    beta_constraint: Any
    gamma_initializer: Any
    gamma_regularizer: Any
    gamma_constraint: Any

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
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(axis, epsilon, **kwargs)
        self.center = boolean(center, "LayerNormalization", "center")
        self.scale = boolean(scale, "LayerNormalization", "scale")
        self.rms_scaling = boolean(rms_scaling, "LayerNormalization", "rms_scaling")
        if self.rms_scaling:
            self.norm = _engine.RowNorm.variance
        store_weight_arguments(self, "beta", beta_initializer, beta_regularizer, beta_constraint)
        store_weight_arguments(self, "gamma", gamma_initializer, gamma_regularizer, gamma_constraint)

    def build(self, input_shape: Any) -> None:
        shape = self._weight_shape(input_shape)
        self.gamma = add_weight(self, "gamma", shape) if self.scale or self.rms_scaling else None
        self.beta = add_weight(self, "beta", shape) if self.center and not self.rms_scaling else None


@documented
class RMSNormalization(_RowNormalization):
    """Every sample divided by its root mean square.

        y = scale·x / √(mean(x²) + epsilon)

    Weights: scale, with the extents of the axes.

    Args:
        axis: The axis, or a list of axes, over which the mean is taken; default -1.
        epsilon: Added to the mean square, > 0; default 1e-6.
        {layer arguments}

    Input shape:
        Any with at least two axes.

    Output shape:
        That of the input.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> y = recurra.layers.RMSNormalization()(np.array([[3.0, 4.0]], "float32"))
        >>> y.numpy().round(2)
        array([[0.85, 1.13]], dtype=float32)

    Source: Zhang & Sennrich, Root Mean Square Layer Normalization, 2019.
    """

    config_arguments = ("axis", "epsilon")

    norm = _engine.RowNorm.root_mean_square
    beta = None

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(axis, epsilon, **kwargs)

    def build(self, input_shape: Any) -> None:
        shape = self._weight_shape(input_shape)
        self.gamma = self.add_weight(shape, initializer="ones", name="scale")

    @property
    def scale(self) -> Variable | None:
        """The factor of every number."""
        return self.gamma
