"""The simple recurrent network with one gate."""

from __future__ import annotations

from typing import Any

from recurra import ops
from recurra.layers.recurrent.gated_cell import GatedCell, GatedLayer
from recurra.tensor import Tensor


class GatedRNNCell(GatedCell):
    """One step of a simple recurrent network with a gate, blocks in the order g, n.

        g = σ(x W_g + h R_g + b_g)      n = act(x W_n + h R_n + b_n)      h' = (1 - g) h + g n

    Arguments: units, activation, recurrent_activation (σ), use_bias and those of `BuiltInCell`. The gate weighs the
    candidate n, not the past: shut, it keeps the state.

    Shapes: x (B, F), state h (B, U) → output (B, U), [h'].
    """

    engine_name = "gated_rnn"

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        (h,) = states if isinstance(states, (list, tuple)) else (states,)
        x, dropped = self.dropped(inputs, h, training)
        total = self.input_sums(x) + self.recurrent_sums(dropped, training)
        if self.bias is not None:
            total = total + self.bias
        gate, candidate = ops.split(total, 2, axis=1)
        states = self.zoned([h + self.recurrent_activation(gate) * (self.activation(candidate) - h)], [h], training)
        return states[0], states


class GatedRNN(GatedLayer):
    """Simple recurrent layer with one gate: h_t = (1 - g) h_{t-1} + g n; equations at `GatedRNNCell`.

    Arguments:
        units: width U of the state and of the output.
        activation: of the candidate n; default tanh.
        recurrent_activation: of the gate g; default sigmoid.
        use_bias: default True.
        options: see `BuiltInCell` (initializers, regularizers, constraints, dropout, zoneout, seed) and `RNN`
            (return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask, checkpoint, …).

    Shapes: (B, T, F) → (B, U), or (B, T, U) with return_sequences; with return_state followed by the state (B, U).

    Raises: ValueError for arguments out of range, and at the call for inputs, states and masks that do not fit.
    """

    cell_class = GatedRNNCell
