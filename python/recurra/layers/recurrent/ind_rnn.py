"""The independently recurrent network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import initializers, ops
from recurra.layers.recurrent.cell import BuiltInCell, CellOptions
from recurra.layers.recurrent.cell_layer import CellLayer, LayerOptions
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from typing_extensions import Unpack


class IndRNNCell(BuiltInCell):
    """One step of a network whose units see their own past only: h' = f(x W + u h + b), u h number by number.

    Arguments: units, activation (default relu), use_bias and those of `BuiltInCell`. recurrent_kernel, (U,), is u; it
    starts uniform in [0, 1) by default. For sequences of T steps the source keeps |u| below 2^(1/T).

    Shapes: x (B, F), state h (B, U) → output (B, U), [h'].

    Source: Li et al., Independently Recurrent Neural Network: Building a Longer and Deeper RNN, 2018.
    """

    engine_name = "ind_rnn"
    gates = 1
    refused = ("skip", "normalization", "weight_normalization", "recurrent_dropconnect")

    def __init__(
        self, units: int, activation: Any = "relu", use_bias: bool = True, **options: Unpack[CellOptions]
    ) -> None:
        options.setdefault("recurrent_initializer", initializers.RandomUniform(0.0, 1.0))
        super().__init__(units, activation, use_bias, **options)

    def recurrent_shape(self) -> tuple[int, ...]:
        return (self.units,)

    def engine_weights(self, training: bool) -> list[Any]:
        return [self.kernel, None, self.bias, ops.reshape(self.recurrent_kernel, (1, self.units))]

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        (h,) = states if isinstance(states, (list, tuple)) else (states,)
        x, dropped = self.dropped(inputs, h, training)
        total = ops.matmul(x, self.kernel) + self.recurrent_kernel * dropped
        if self.bias is not None:
            total = total + self.bias
        states = self.zoned([self.activation(total)], [h], training)
        return states[0], states


class IndRNN(CellLayer):
    """Recurrent layer of independent units: h_t = f(x_t W + u h_{t-1} + b), u h number by number.

    Layers of it are stacked to let units meet. Its cost per step does not grow with U² as that of the others does.

    Arguments:
        units: width U of the state and of the output.
        activation: f, by name or as a function; default relu, None for none.
        use_bias: whether there is a b; default True.
        options: see `BuiltInCell` (initializers, regularizers, constraints, dropout, zoneout, seed) and `RNN`
            (return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask, checkpoint, …).

    Shapes: (B, T, F) → (B, U), or (B, T, U) with return_sequences; with return_state followed by the state (B, U).

    Raises: ValueError for arguments out of range, and at the call for inputs, states and masks that do not fit.

    Source: Li et al., Independently Recurrent Neural Network: Building a Longer and Deeper RNN, 2018.
    """

    cell_class = IndRNNCell

    def __init__(
        self, units: int, activation: Any = "relu", use_bias: bool = True, **options: Unpack[LayerOptions]
    ) -> None:
        super().__init__({"units": units, "activation": activation, "use_bias": use_bias}, options)
