"""The simple recurrent network of Elman."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra.layers.recurrent.cell import BuiltInCell, CellOptions
from recurra.layers.recurrent.cell_layer import CellLayer, LayerOptions
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from typing_extensions import Unpack


class SimpleRNNCell(BuiltInCell):
    """One step of a simple recurrent network: h' = f(x W + h R + b).

    Arguments: units, activation, use_bias and those of `BuiltInCell`.

    Shapes: x (B, F), state h (B, U) → output (B, U), [h'].

    Source: Elman, Finding Structure in Time, 1990.
    """

    gates = 1
    refused = ()

    def __init__(
        self, units: int, activation: Any = "tanh", use_bias: bool = True, **options: Unpack[CellOptions]
    ) -> None:
        super().__init__(units, activation, use_bias, **options)

    @property
    def engine_name(self) -> str:  # type: ignore[override]
        return "simple_rnn" if self.normalization is None else "simple_rnn_normalised"

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        (h,) = states if isinstance(states, (list, tuple)) else (states,)
        x, dropped = self.dropped(inputs, h, training)
        total = self.input_sums(x) + self.recurrent_sums(dropped, training)
        if self.bias is not None:
            total = total + self.bias
        states = self.zoned([self.activation(total)], [h], training)
        return states[0], states


class SimpleRNN(CellLayer):
    """Simple recurrent layer: h_t = f(x_t W + h_{t-1} R + b).

    Arguments:
        units: width U of the state and of the output.
        activation: f, by name or as a function; default tanh, None for none.
        use_bias: whether there is a b; default True.
        options: see `BuiltInCell` (initializers, regularizers, constraints, dropout, zoneout, seed) and `RNN`
            (return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask, checkpoint, …).

    Shapes: (B, T, F) → (B, U), or (B, T, U) with return_sequences; with return_state followed by the state (B, U).

    Raises: ValueError for arguments out of range, and at the call for inputs, states and masks that do not fit.

    Source: Elman, Finding Structure in Time, 1990.
    """

    cell_class = SimpleRNNCell

    def __init__(
        self, units: int, activation: Any = "tanh", use_bias: bool = True, **options: Unpack[LayerOptions]
    ) -> None:
        super().__init__({"units": units, "activation": activation, "use_bias": use_bias}, options)
