"""The simple recurrent network of Elman."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from typing_extensions import Unpack


@documented
class SimpleRNNCell(BuiltInCell):
    """One step of a simple recurrent network.

        h' = f(x W + h R + b)

    Args:
        units: Width U of the state and of the output, at least 1.
        activation: f, by name or as a function; default "tanh".
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    {cell shapes}

    Example:
        >>> cell = recurra.layers.SimpleRNNCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
        >>> output.shape
        (2, 4)

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


@documented
class SimpleRNN(CellLayer):
    """Simple recurrent layer, the network of Elman.

        h_t = f(x_t W + h_{t-1} R + b)

    Args:
        units: Width U of the state and of the output, at least 1.
        activation: f, by name or as a function; default "tanh".
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    {recurrent shapes}

    Example:
        >>> layer = recurra.layers.SimpleRNN(4, return_sequences=True)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 5, 4)

    Source: Elman, Finding Structure in Time, 1990.
    """

    cell_class = SimpleRNNCell

    if TYPE_CHECKING:

        def __init__(
            self, units: int, activation: Any = "tanh", use_bias: bool = True, **options: Unpack[RecurrentOptions]
        ) -> None: ...
