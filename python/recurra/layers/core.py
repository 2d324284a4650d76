"""Dense, Flatten, Activation, Dropout, Lambda, Identity."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from recurra import _engine, activations, constraints, initializers, ops, random, regularizers, serialization
from recurra.checks import whole_number
from recurra.layers.base import Layer
from recurra.layers.input_spec import InputSpec
from recurra.layers.signature import argument_names
from recurra.tensor import Variable
from recurra.tree import is_shape, map_shapes


class Dense(Layer):
    """A linear map of the last axis with an activation: y = f(x·kernel + bias).

    Arguments:
        units: number of outputs.
        activation: name or function f; linear by default.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
        kernel_constraint, bias_constraint: names or objects.

    Shapes: (batch, …, features) → (batch, …, units); kernel (features, units), bias (units,).
    """

    _computes_with_floats = True

    kernel: Variable
    bias: Variable | None

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
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = whole_number(units, "Dense", "units")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        features = input_shape[-1]
        self.kernel = self.add_weight(
            (features, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs: Any) -> Any:
        if inputs.dtype != self._dtype:
            inputs = ops.cast(inputs, self._dtype)
        known = activations.name_in_engine(self.activation)
        outputs = _engine.dense(inputs, self.kernel, self.bias, known or "linear")
        return outputs if known else self.activation(outputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }


class Flatten(Layer):
    """Joins all axes but the batch: (batch, a, b, …) → (batch, a·b·…); (batch,) → (batch, 1).

    Arguments:
        data_format: `channels_last` (default) or `channels_first`, whose channels are moved to the end before.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if data_format not in (None, "channels_last", "channels_first"):
            raise ValueError(f"Flatten: data_format must be 'channels_last' or 'channels_first', got {data_format!r}")
        self.data_format = data_format or "channels_last"
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        if self.data_format == "channels_first" and inputs.ndim > 2:
            inputs = ops.transpose(inputs, (0, *range(2, inputs.ndim), 1))
        return ops.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> Any:
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else math.prod(rest))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class Activation(Layer):
    """Applies an activation function, given by name or as a function."""

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class Identity(Layer):
    """Returns its input."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Dropout(Layer):
    """In training sets each number to zero with probability `rate` and divides the others by 1 − rate.

    Arguments:
        rate: in [0, 1].
        noise_shape: shape of the drawn mask, 1 or None along axes that share it; None: as the input.
        seed: integer, or None for the global generator.

    Source: Srivastava et al. 2014.
    """

    _computes_with_floats = True

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise ValueError(f"Dropout: rate must be a number in [0, 1], got {rate!r}")
        self.rate = rate
        self.seed = seed
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed_generator = None if seed is None else random.SeedGenerator(seed)
        self.supports_masking = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1:
            return ops.zeros_like(inputs)
        return random.dropout(inputs, self.rate, noise_shape=self.noise_shape, seed=self.seed_generator)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "noise_shape": self.noise_shape, "seed": self.seed}


class Lambda(Layer):
    """Any function of tensors as a layer.

    Arguments:
        function: of the inputs (and `mask`, `training` if it takes them).
        output_shape: shape without the batch, or a function of the input shape; found by running on zeros by default.
        mask: mask of the output, or a function (inputs, mask) that makes it; none by default.
        arguments: further keyword arguments of the function.

    A model with it can be saved if the function has a name, and is loaded with the function in `custom_objects` or
    registered with `recurra.saving.register_serializable`.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
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
