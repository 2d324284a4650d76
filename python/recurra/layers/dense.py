"""The dense layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import _engine, activations, ops
from recurra.checks import boolean, whole_number
from recurra.layers.arguments import add_weight, store_weight_arguments
from recurra.layers.base import Layer
from recurra.layers.configuration import weight_arguments
from recurra.layers.documentation import documented
from recurra.layers.input_spec import InputSpec
from recurra.tensor import Variable

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from recurra.layers.options import BaseOptions


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
