"""Normalisation of every channel over the batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine, initializers, ops
from recurra.checks import boolean, number, whole_number
from recurra.layers.arguments import Shape, add_weight, store_weight_arguments
from recurra.layers.base import Layer
from recurra.layers.configuration import weight_arguments
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.tensor import Variable

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions


def _moved_last(inputs: Any, axes: list[int]) -> tuple[Any, list[int] | None]:
    """The tensor with these axes at the end, and the order of axes that undoes it (None where nothing moved)."""
    order = [axis for axis in range(inputs.ndim) if axis not in axes] + axes
    if order == list(range(inputs.ndim)):
        return inputs, None
    return ops.transpose(inputs, order), [order.index(axis) for axis in range(inputs.ndim)]


@documented
class BatchNormalization(Layer):
    """Every channel normalised over the batch.

        y = gamma·(x − mean) / √(variance + epsilon) + beta

    In training, mean and variance are those of the batch (with a mask, of its real steps), and the moving ones go to
    momentum·moving + (1 − momentum)·batch. Otherwise, and when the layer is not trainable, the moving ones are used.

    Weights: gamma, beta, moving_mean, moving_variance (channels).

    Args:
        axis: The axis of the channels; default -1.
        momentum: Share of the old moving statistics at each step, in [0, 1]; default 0.99.
        epsilon: Added to the variance, > 0; default 0.001.
        center: Whether there is a beta; default True.
        scale: Whether there is a gamma; default True.
        {weight arguments}
        synchronized: Accepted for compatibility, without effect: there is one device; default False.
        {layer arguments}

    Input shape:
        Any with at least two axes.

    Output shape:
        That of the input.

    Raises:
        ValueError: An argument is out of range, or at the call the mask does not fit.

    Example:
        >>> layer = recurra.layers.BatchNormalization()
        >>> y = layer(np.array([[1.0], [3.0]], "float32"), training=True)
        >>> y.numpy().round(2).ravel()
        array([-1.,  1.], dtype=float32)

    Source: Ioffe & Szegedy, Batch Normalization, 2015.
    """

    config_arguments = (
        "axis",
        "momentum",
        "epsilon",
        "center",
        "scale",
        *weight_arguments("beta", "gamma"),
        "moving_mean_initializer",
        "moving_variance_initializer",
    )

    _computes_with_floats = True

    gamma: Variable | None
    beta: Variable | None
    moving_mean: Variable
    moving_variance: Variable
    beta_initializer: Any
    beta_regularizer: Any
    beta_constraint: Any
    gamma_initializer: Any
    gamma_regularizer: Any
    gamma_constraint: Any

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
        synchronized: bool = False,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        owner = "BatchNormalization"
        self.axis = whole_number(axis, owner, "axis", None)
        self.momentum = number(momentum, owner, "momentum", 0, 1)
        self.epsilon = number(epsilon, owner, "epsilon", above=0)
        boolean(synchronized, owner, "synchronized")
        self.center = boolean(center, owner, "center")
        self.scale = boolean(scale, owner, "scale")
        store_weight_arguments(self, "beta", beta_initializer, beta_regularizer, beta_constraint)
        store_weight_arguments(self, "gamma", gamma_initializer, gamma_regularizer, gamma_constraint)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
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
