"""Flatten, Activation, Identity, Lambda."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from recurra import activations, ops, serialization
from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.layers.signature import argument_names
from recurra.ops.windows import data_format_name
from recurra.tree import is_shape, map_shapes

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import LayerOptions


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
