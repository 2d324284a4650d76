"""Dense, Flatten, Activation, Dropout, Lambda, Identity."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from recurra import _engine, activations, checks, ops, random, serialization
from recurra.checks import boolean, number, whole_number
from recurra.layers.arguments import add_weight, checked_noise_shape, shape_of_noise, store_weight_arguments
from recurra.layers.base import Layer
from recurra.layers.configuration import weight_arguments
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.layers.signature import argument_names
from recurra.ops.windows import data_format_name
from recurra.tensor import Variable
from recurra.tree import is_shape, map_shapes

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import BaseOptions, LayerOptions


@documented
class Dense(Layer):
    """A linear map of the last axis with an activation.

        y = f(x·kernel + bias)

    Weights: kernel (features, units), bias (units).

    Args:
        units: Number of outputs.
        activation: f, by name or as a function; default None, which is linear.
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {layer arguments}

    Input shape:
        (batch, …, features).

    Output shape:
        (batch, …, units).

    Raises:
        ValueError: An argument is out of range, or at the call the input has another number of features.

    Example:
        >>> layer = recurra.layers.Dense(4, activation="relu")
        >>> layer(np.ones((2, 3), "float32")).shape
        (2, 4)
    """

    config_arguments = ("units", "activation", "use_bias", *weight_arguments("kernel", "bias"))

    _computes_with_floats = True

    kernel: Variable
    bias: Variable | None
    kernel_initializer: Any
    kernel_regularizer: Any
    kernel_constraint: Any
    bias_initializer: Any
    bias_regularizer: Any
    bias_constraint: Any

    def __init__(
        self,
        units: int,
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
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = whole_number(units, "Dense", "units")
        self.activation = activations.get(activation)
        self.use_bias = boolean(use_bias, "Dense", "use_bias")
        store_weight_arguments(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        store_weight_arguments(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        features = input_shape[-1]
        self.kernel = add_weight(self, "kernel", (features, self.units))
        self.bias = add_weight(self, "bias", (self.units,)) if self.use_bias else None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs: Any) -> Any:
        if inputs.dtype != self._dtype:
            inputs = ops.cast(inputs, self._dtype)
        known = activations.name_in_engine(self.activation)
        outputs = _engine.dense(inputs, self.kernel, self.bias, known or "linear")
        return outputs if known else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units)


@documented
class Flatten(Layer):
    """Joins all axes but the batch.

    Args:
        data_format: "channels_last" or "channels_first", whose channels are moved to the end before; default None,
            "channels_last".
        {layer arguments}

    Input shape:
        (batch, a, b, …), or (batch,).

    Output shape:
        (batch, a·b·…), or (batch, 1).

    Example:
        >>> recurra.layers.Flatten()(np.ones((2, 3, 4), "float32")).shape
        (2, 12)
    """

    config_arguments = ("data_format",)

    def __init__(self, data_format: str | None = None, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_name("Flatten", data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        if self.data_format == "channels_first" and inputs.ndim > 2:
            inputs = ops.transpose(inputs, (0, *range(2, inputs.ndim), 1))
        return ops.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> Any:
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else math.prod(rest))


@documented
class Activation(Layer):
    """Applies an activation function.

    Args:
        activation: Name or function; see `recurra.activations`.
        {layer arguments}

    Input shape:
        Any.

    Output shape:
        That of the input.

    Example:
        >>> recurra.layers.Activation("relu")(np.array([-1.0, 2.0], "float32")).numpy()
        array([0., 2.], dtype=float32)
    """

    config_arguments = ("activation",)

    def __init__(self, activation: Any, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@documented
class Identity(Layer):
    """Returns its input.

    Args:
        {layer arguments}

    Input shape:
        Any.

    Output shape:
        That of the input.

    Example:
        >>> recurra.layers.Identity()(np.ones((2, 3), "float32")).shape
        (2, 3)
    """

    def __init__(self, **kwargs: Unpack[LayerOptions]) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@documented
class Dropout(Layer):
    """In training sets each number to zero with probability `rate` and divides the others by 1 − rate.

    Args:
        rate: In [0, 1].
        noise_shape: Shape of the random mask, 1 along axes that share a draw, None along the others, for example
            (None, 1, None) for one draw for all steps of a sequence; default None, which draws for every number.
        seed: Integer; default None, which draws from the global generator.
        {layer arguments}

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: An argument is out of range, or at the call noise_shape does not fit the input.

    Example:
        >>> layer = recurra.layers.Dropout(0.5, seed=1)
        >>> y = layer(np.ones((2, 4), "float32"), training=True)
        >>> sorted(set(y.numpy().ravel().tolist()))
        [0.0, 2.0]

    Source: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014.
    """

    config_arguments: ClassVar[tuple[str, ...]] = ("rate", "noise_shape", "seed")

    _computes_with_floats = True

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Unpack[LayerOptions]
    ) -> None:
        super().__init__(**kwargs)
        owner = type(self).__name__
        self.rate = number(rate, owner, "rate", 0, 1)
        self.noise_shape = checked_noise_shape(noise_shape, owner)
        self.seed = checks.seed(seed, owner)
        self.seed_generator = None if self.seed is None else random.SeedGenerator(self.seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return ops.zeros_like(inputs)
        shape = None if self.noise_shape is None else shape_of_noise(self.noise_shape, inputs)
        return random.dropout(inputs, self.rate, noise_shape=shape, seed=self.seed_generator)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@documented
class Lambda(Layer):
    """Any function of tensors as a layer.

    A model with it can be saved if the function has a name, and is loaded with the function in `custom_objects` or
    registered with `recurra.saving.register_serializable`.

    Args:
        function: Of the inputs (and `mask`, `training` if it takes them).
        output_shape: Shape without the batch, or a function of the input shape; default None, which runs the function
            on zeros to find it.
        mask: Mask of the output, or a function (inputs, mask) that makes it; default None.
        arguments: Further keyword arguments of the function; default None.
        {layer arguments}

    Input shape:
        Any that the function takes.

    Output shape:
        That of what the function returns.

    Raises:
        TypeError: `function` is not callable.

    Example:
        >>> layer = recurra.layers.Lambda(lambda x: x[:, -1])
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 3)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Unpack[LayerOptions],
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(function, dict):
            function = serialization.restored(function)
        if not callable(function):
            raise TypeError(f"Lambda: expected a function, got {function!r}")
        self.function = function
        self.arguments = dict(arguments or {})
        self.mask = mask
        self.output_shape_rule = output_shape
        self.supports_masking = mask is not None
        self._offered = tuple(name for name in ("mask", "training") if name in argument_names(function))

    def call(self, inputs: Any, mask: Any = None, training: bool = False) -> Any:
        offer = {"mask": mask, "training": training}
        return self.function(inputs, **{name: offer[name] for name in self._offered}, **self.arguments)

    def compute_output_shape(self, input_shape: Any) -> Any:
        rule = self.output_shape_rule
        if rule is None:
            return super().compute_output_shape(input_shape)
        if callable(rule):
            return rule(input_shape)
        first = input_shape if is_shape(input_shape) else next(iter(input_shape))
        return map_shapes(lambda shape: (first[0], *shape), rule)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "function": serialization.plain(self.function),
            "output_shape": serialization.plain(self.output_shape_rule),
            "mask": serialization.plain(self.mask),
            "arguments": serialization.plain(self.arguments),
        }
