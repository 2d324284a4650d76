"""The simple recurrent network with one gate."""

from __future__ import annotations

from typing import Any

from recurra import ops
from recurra.layers.documentation import documented
from recurra.layers.recurrent.gated_cell import GatedCell, GatedLayer
from recurra.tensor import Tensor


@documented
class GatedRNNCell(GatedCell):
    """One step of a simple recurrent network with one gate.

        g = σ(x W_g + h R_g + b_g)      n = f(x W_n + h R_n + b_n)      h' = (1 - g) h + g n

    The gate weighs the candidate n, not the past: at 0 the state stays. Blocks stand in the order g, n.

    Args:
        units: Width U of the state and of the output, at least 1.
        activation: f of the candidate n, by name or as a function; default "tanh".
        recurrent_activation: σ of the gate g, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    {cell shapes}

    Example:
        >>> cell = recurra.layers.GatedRNNCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
        >>> output.shape
        (2, 4)
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


@documented
class GatedRNN(GatedLayer):
    """Simple recurrent layer with one gate.

        g = σ(x_t W_g + h_{t-1} R_g + b_g)    n = f(x_t W_n + h_{t-1} R_n + b_n)    h_t = (1 - g) h_{t-1} + g n

    Args:
        units: Width U of the state and of the output, at least 1.
        activation: f of the candidate n, by name or as a function; default "tanh".
        recurrent_activation: σ of the gate g, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    {recurrent shapes}

    Example:
        >>> layer = recurra.layers.GatedRNN(4)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 4)
    """

    cell_class = GatedRNNCell
