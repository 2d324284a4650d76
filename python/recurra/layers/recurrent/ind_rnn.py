"""The independently recurrent network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import initializers, ops
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from typing_extensions import Unpack


@documented
class IndRNNCell(BuiltInCell):
    """One step of a network whose units see no other unit's past.

        h' = f(x W + u h + b),  u h element by element

    Weights: kernel (F, U), recurrent_kernel (U), which is u, bias (U).

    Args:
        units: Width U of the state and of the output, at least 1.
        activation: f, by name or as a function; default "relu".
        use_bias: Whether there is a bias; default True.
        recurrent_initializer: Initial values of u, by name or as an object; default `RandomUniform(0, 1)`. For
            sequences of T steps the source keeps |u| below 2^(1/T).
        {weight arguments}
        {cell arguments}
        {layer arguments}

    {cell shapes}

    Example:
        >>> cell = recurra.layers.IndRNNCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
        >>> output.shape
        (2, 4)

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


@documented
class IndRNN(CellLayer):
    """Recurrent layer of independent units.

        h_t = f(x_t W + u h_{t-1} + b),  u h element by element

    Units meet in the next layer of a stack. The cost per step does not grow with U² as that of most others does.

    Args:
        units: Width U of the state and of the output, at least 1.
        activation: f, by name or as a function; default "relu".
        use_bias: Whether there is a bias; default True.
        recurrent_initializer: Initial values of u, by name or as an object; default `RandomUniform(0, 1)`. For
            sequences of T steps the source keeps |u| below 2^(1/T).
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    {recurrent shapes}

    Example:
        >>> layer = recurra.layers.IndRNN(4)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 4)

    Source: Li et al., Independently Recurrent Neural Network: Building a Longer and Deeper RNN, 2018.
    """

    cell_class = IndRNNCell

    if TYPE_CHECKING:

        def __init__(
            self, units: int, activation: Any = "relu", use_bias: bool = True, **options: Unpack[RecurrentOptions]
        ) -> None: ...
