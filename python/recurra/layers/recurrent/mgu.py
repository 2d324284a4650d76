"""The minimal gated unit."""

from __future__ import annotations

from typing import Any

from recurra import ops
from recurra.layers.documentation import documented
from recurra.layers.recurrent.gated_cell import GatedCell, GatedLayer
from recurra.tensor import Tensor


@documented
class MGUCell(GatedCell):
    """One step of a minimal gated unit.

        g = σ(x W_g + h R_g + b_g)      n = f(x W_n + (g h) R_n + b_n)      h' = (1 - g) h + g n

    The one gate g both resets and updates. Blocks stand in the order g, n.

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
        >>> cell = recurra.layers.MGUCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
        >>> output.shape
        (2, 4)

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


@documented
class MGU(GatedLayer):
    """Minimal gated recurrent layer.

        g = σ(x_t W_g + h_{t-1} R_g + b_g)    n = f(x_t W_n + (g h_{t-1}) R_n + b_n)    h_t = (1 - g) h_{t-1} + g n

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
        >>> layer = recurra.layers.MGU(4)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 4)

    Source: Zhou et al., Minimal Gated Unit for Recurrent Neural Networks, 2016.
    """

    cell_class = MGUCell
