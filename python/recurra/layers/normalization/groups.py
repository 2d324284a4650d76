"""Normalisation of every sample over groups of its channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import ops
from recurra.checks import boolean, is_whole_number, number, whole_number
from recurra.layers.arguments import Shape, add_weight, store_weight_arguments
from recurra.layers.base import Layer
from recurra.layers.configuration import weight_arguments
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.tensor import Variable

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions


@documented
class GroupNormalization(Layer):
    """Every sample normalised over groups of channels, each together with all steps or places.

        y = gamma·(x − mean) / √(variance + epsilon) + beta

    Mean and variance are those of a group, gamma and beta those of a channel. Steps that a mask leaves out do not count
    in mean and variance (in Keras they do).

    Weights: gamma and beta, one number for each channel.

    Args:
        groups: Number of groups, which divides the channels; -1 for as many as channels (instance normalisation);
            default 32.
        axis: Axis of the channels, default -1.
        epsilon: Added to the variance, > 0; default 0.001.
        center: Whether there is a beta; default True.
        scale: Whether there is a gamma; default True.
        {weight arguments}
        {layer arguments}

    Input shape:
        Any with at least two axes.

    Output shape:
        That of the input.

    Raises:
        ValueError: An argument is out of range, or the groups do not divide the channels.

    Example:
        >>> x = np.array([[1.0, 3.0, 10.0, 30.0]], "float32")
        >>> recurra.layers.GroupNormalization(groups=2)(x).numpy().round(2)
        array([[-1.,  1., -1.,  1.]], dtype=float32)

    Source: Wu & He, Group Normalization, 2018.
    """

    config_arguments = ("groups", "axis", "epsilon", "center", "scale", *weight_arguments("beta", "gamma"))
    _computes_with_floats = True

    gamma: Variable | None
    beta: Variable | None
    beta_initializer: Any
    beta_regularizer: Any
    beta_constraint: Any
    gamma_initializer: Any
    gamma_regularizer: Any
    gamma_constraint: Any

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        owner = "GroupNormalization"
        self.groups = -1 if is_whole_number(groups) and groups == -1 else whole_number(groups, owner, "groups")
        self.axis = whole_number(axis, owner, "axis", None)
        self.epsilon = number(epsilon, owner, "epsilon", above=0)
        self.center = boolean(center, owner, "center")
        self.scale = boolean(scale, owner, "scale")
        store_weight_arguments(self, "beta", beta_initializer, beta_regularizer, beta_constraint)
        store_weight_arguments(self, "gamma", gamma_initializer, gamma_regularizer, gamma_constraint)
        self.supports_masking = True

    def _place(self, rank: int) -> int:
        if not -rank <= self.axis < rank or self.axis % rank == 0:
            raise ValueError(f"axis must name an axis behind the batch, got {self.axis} for an input of {rank} axes")
        return self.axis % rank

    def build(self, input_shape: Any) -> None:
        place = self._place(len(input_shape))
        channels = input_shape[place]
        if channels is None:
            raise ValueError(f"the number of channels (axis {self.axis}) must be known, got shape {input_shape}")
        if self.groups != -1 and channels % self.groups:
            raise ValueError(
                f"groups must divide the channels, got {self.groups} groups of {channels} channels; "
                "set groups to a divisor, or to -1 for one group a channel"
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={place: channels})
        self.gamma = add_weight(self, "gamma", (channels,)) if self.scale else None
        self.beta = add_weight(self, "beta", (channels,)) if self.center else None

    def call(self, inputs: Any, mask: Any = None) -> Any:
        shape = tuple(inputs.shape)
        place = self._place(len(shape))
        groups = shape[place] if self.groups == -1 else self.groups
        grouped = (*shape[:place], groups, shape[place] // groups, *shape[place + 1 :])
        counted = None
        if mask is not None and place > 1:
            steps = ops.reshape(ops.convert_to_tensor(mask), (*shape[:2], *[1] * (len(shape) - 2)))
            counted = ops.reshape(ops.broadcast_to(steps, shape), grouped)
        x = ops.reshape(inputs, grouped)
        mean = self._mean(x, counted, place)
        variance = self._mean(ops.square(x - mean), counted, place)
        y = ops.reshape((x - mean) * ops.rsqrt(variance + self.epsilon), shape)
        of_channels = [1] * len(shape)
        of_channels[place] = shape[place]
        if self.gamma is not None:
            y = y * ops.reshape(self.gamma, of_channels)
        return y if self.beta is None else y + ops.reshape(self.beta, of_channels)

    def _mean(self, x: Any, counted: Any, place: int) -> Any:
        axes = tuple(axis for axis in range(1, x.ndim) if axis != place)
        if counted is None:
            return ops.mean(x, axis=axes, keepdims=True)
        number_of = ops.maximum(ops.sum(ops.cast(counted, x.dtype), axis=axes, keepdims=True), 1.0)
        return ops.sum(ops.where(counted, x, 0.0), axis=axes, keepdims=True) / number_of

    def compute_output_shape(self, input_shape: Any) -> Shape:
        self._place(len(input_shape))
        return tuple(input_shape)
