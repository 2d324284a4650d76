"""The minimal gated unit."""

from __future__ import annotations

from typing import Any

from recurra import ops
from recurra.layers.recurrent.gated_cell import GatedCell, GatedLayer
from recurra.tensor import Tensor


class MGUCell(GatedCell):
    """One step of a minimal gated unit, blocks in the order f, n.

        f = σ(x W_f + h R_f + b_f)      n = act(x W_n + (f h) R_n + b_n)      h' = (1 - f) h + f n

    Arguments: units, activation, recurrent_activation (σ), use_bias and those of `BuiltInCell`.

    Shapes: x (B, F), state h (B, U) → output (B, U), [h'].

    Source: Zhou et al., Minimal Gated Unit for Recurrent Neural Networks, 2016.
    """

    engine_name = "mgu"
    refused = ("skip", "normalization")

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        (h,) = states if isinstance(states, (list, tuple)) else (states,)
        x, dropped = self.dropped(inputs, h, training)
        total = self.input_sums(x)
        if self.bias is not None:
            total = total + self.bias
        to_gate, to_candidate = ops.split(total, 2, axis=1)
        f = self.recurrent_activation(to_gate + self.recurrent_sums(dropped, training, last=1))
        n = self.activation(to_candidate + self.recurrent_sums(f * dropped, training, first=1))
        states = self.zoned([h + f * (n - h)], [h], training)
        return states[0], states


class MGU(GatedLayer):
    """Minimal gated recurrent layer: h_t = (1 - f) h_{t-1} + f n; equations at `MGUCell`.

    Arguments:
        units: width U of the state and of the output.
        activation: of the candidate n; default tanh.
        recurrent_activation: of the gate f; default sigmoid.
        use_bias: default True.
        options: see `BuiltInCell` (initializers, regularizers, constraints, dropout, zoneout, seed) and `RNN`
            (return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask, checkpoint, …).

    Shapes: (B, T, F) → (B, U), or (B, T, U) with return_sequences; with return_state followed by the state (B, U).

    Raises: ValueError for arguments out of range, and at the call for inputs, states and masks that do not fit.

    Source: Zhou et al., Minimal Gated Unit for Recurrent Neural Networks, 2016.
    """

    cell_class = MGUCell
