"""The network of Jordan, whose output is fed back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from recurra import activations, ops
from recurra.checks import whole_number
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.tensor import Tensor, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


@documented
class JordanCell(BuiltInCell):
    """One step of a network whose output is fed back.

        h = f(x W + y R + b)      y' = out(h V + c)

    Weights: kernel (F, U), recurrent_kernel (P, U), bias (U), output_kernel (U, P), output_bias (P); the last two have
    the initializers, regularizers and constraints of kernel and bias. Dropout and zoneout of the state act on y.

    Args:
        units: Width U of the hidden h, at least 1.
        output_units: Width P of the output y, at least 1; default None, which is units.
        activation: f of h, by name or as a function; default "tanh".
        output_activation: out of y, by name or as a function; default None, which is linear.
        use_bias: Whether there are the biases b and c; default True.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    Input shape:
        One step (B, F) and the state [y], (B, P).

    Output shape:
        The output y', (B, P), and the new state [y'].

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> cell = recurra.layers.JordanCell(4, output_units=2)
        >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 2), "float32")])
        >>> output.shape
        (2, 2)

    Source: Jordan, Serial Order: A Parallel Distributed Processing Approach, 1986.
    """

    engine_name = "jordan"
    gates = 1
    activation_arguments: ClassVar[Sequence[str]] = ("activation", "output_activation")
    plain_arguments: ClassVar[Sequence[str]] = (*BuiltInCell.plain_arguments, "output_units")
    output_kernel: Variable
    output_bias: Variable | None = None

    def __init__(
        self,
        units: int,
        output_units: int | None = None,
        activation: Any = "tanh",
        output_activation: Any = None,
        use_bias: bool = True,
        **options: Unpack[CellOptions],
    ) -> None:
        super().__init__(units, activation, use_bias, **options)
        self.output_units = self.units
        if output_units is not None:
            self.output_units = whole_number(output_units, "Jordan", "output_units")
        self.output_activation = activations.get(output_activation)

    @property
    def state_widths(self) -> list[int]:
        return [self.output_units]

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.output_kernel = self.add_weight(
            shape=(self.units, self.output_units),
            name="output_kernel",
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.output_bias = None
        if self.use_bias:
            self.output_bias = self.add_weight(
                shape=(self.output_units,),
                name="output_bias",
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def engine_weights(self, training: bool) -> list[Any]:
        return [*super().engine_weights(training), self.output_kernel, self.output_bias]

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        (y,) = states if isinstance(states, (list, tuple)) else (states,)
        x, dropped = self.dropped(inputs, y, training)
        total = self.input_sums(x) + self.recurrent_sums(dropped, training)
        if self.bias is not None:
            total = total + self.bias
        output = ops.matmul(self.activation(total), self.output_kernel)
        if self.output_bias is not None:
            output = output + self.output_bias
        states = self.zoned([self.output_activation(output)], [y], training)
        return states[0], states


@documented
class Jordan(CellLayer):
    """Recurrent layer that feeds back its output.

        h_t = f(x_t W + y_{t-1} R + b)      y_t = out(h_t V + c)

    Args:
        units: Width U of the hidden h, at least 1.
        output_units: Width P of the output y, at least 1; default None, which is units.
        activation: f of h, by name or as a function; default "tanh".
        output_activation: out of y, by name or as a function; default None, which is linear.
        use_bias: Whether there are the biases b and c; default True.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    Input shape:
        (B, T, F): sequences, steps, features. The call also takes `initial_state`, `mask` (B, T) and `lengths` (B,);
        see `RNN`.

    Output shape:
        (B, P), or (B, T, P) with return_sequences; with return_state followed by the state y (B, P).

    Raises:
        ValueError: An argument is out of range, or at the call an input, state, mask or length does not fit.

    Example:
        >>> layer = recurra.layers.Jordan(4, output_units=2)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 2)

    Source: Jordan, Serial Order: A Parallel Distributed Processing Approach, 1986.
    """

    cell_class = JordanCell

    if TYPE_CHECKING:
        output_units: int
        output_activation: Any

        def __init__(
            self,
            units: int,
            output_units: int | None = None,
            activation: Any = "tanh",
            output_activation: Any = None,
            use_bias: bool = True,
            **options: Unpack[RecurrentOptions],
        ) -> None: ...
