"""The network of Jordan, whose output is fed back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from recurra import activations, ops
from recurra.checks import whole_number
from recurra.layers.recurrent.cell import BuiltInCell, CellOptions
from recurra.layers.recurrent.cell_layer import CellLayer, LayerOptions
from recurra.tensor import Tensor, Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


class JordanCell(BuiltInCell):
    """One step of a network with its output layer inside: h = act(x W + y R + b), y' = out(h V + c).

    Arguments: units, activation, use_bias (of b and c), those of `BuiltInCell`, and
        output_units: width P of the output y; default units.
        output_activation: out, by name or as a function; default none.

    Weights: kernel (F, U), recurrent_kernel (P, U), bias (U), output_kernel (U, P), output_bias (P); the last two start
    and are penalised as kernel and bias. Dropout and zoneout of the state act on y.

    Shapes: x (B, F), state y (B, P) → output (B, P), [y'].

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


class Jordan(CellLayer):
    """Recurrent layer that feeds back its output: h_t = act(x_t W + y_{t-1} R + b), y_t = out(h_t V + c).

    Arguments:
        units: width U of the hidden h.
        output_units: width P of the output y; default units.
        activation: of h; default tanh.
        output_activation: of y; default none.
        use_bias: whether there are a b and a c; default True.
        options: see `BuiltInCell` (initializers, regularizers, constraints, dropout, zoneout, seed) and `RNN`
            (return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask, checkpoint, …).

    Shapes: (B, T, F) → (B, P), or (B, T, P) with return_sequences; with return_state followed by the state y (B, P).

    Raises: ValueError for arguments out of range, and at the call for inputs, states and masks that do not fit.

    Source: Jordan, Serial Order: A Parallel Distributed Processing Approach, 1986.
    """

    cell_class = JordanCell

    def __init__(
        self,
        units: int,
        output_units: int | None = None,
        activation: Any = "tanh",
        output_activation: Any = None,
        use_bias: bool = True,
        **options: Unpack[LayerOptions],
    ) -> None:
        cell = {
            "units": units,
            "output_units": output_units,
            "activation": activation,
            "output_activation": output_activation,
            "use_bias": use_bias,
        }
        super().__init__(cell, options)
