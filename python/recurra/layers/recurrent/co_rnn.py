"""The coupled oscillatory recurrent network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from recurra import ops
from recurra.checks import number
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


@documented
class CoRNNCell(BuiltInCell):
    """One step of a coupled oscillatory network: damped oscillators that input and neighbours drive.

        z' = z + Δ (act(x W + y R + z S + b) - γ y - ε z)      y' = y + Δ z'

    y are the places of the oscillators, z their speeds. With small steps Δ gradients neither vanish nor explode.

    Weights: kernel (F, U), recurrent_kernel (U, 2U), R and S side by side, bias (U).

    Args:
        units: Width U of the states and of the output, at least 1.
        time_step: Δ, above 0; default 0.042.
        frequency: γ, the square of the frequency of an oscillator alone, at least 0; default 2.7.
        damping: ε, at least 0; default 4.7.
        activation: act, by name or as a function; default "tanh".
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    Input shape:
        One step (B, F) and the states [y, z], (B, U) each.

    Output shape:
        The output y' and the new states [y', z'].

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> cell = recurra.layers.CoRNNCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")] * 2)
        >>> output.shape, len(states)
        ((2, 4), 2)

    Source: Rusch & Mishra, Coupled Oscillatory Recurrent Neural Network (coRNN), 2021, whose settings for images in
    sequence are the defaults.
    """

    engine_name = "co_rnn"
    gates = 1
    state_count = 2
    refused = ("skip", "normalization", "weight_normalization")
    plain_arguments: ClassVar[Sequence[str]] = (*BuiltInCell.plain_arguments, "time_step", "frequency", "damping")

    def __init__(
        self,
        units: int,
        time_step: float = 0.042,
        frequency: float = 2.7,
        damping: float = 4.7,
        activation: Any = "tanh",
        use_bias: bool = True,
        **options: Unpack[CellOptions],
    ) -> None:
        super().__init__(units, activation, use_bias, **options)
        self.time_step = number(time_step, "CoRNN", "time_step", above=0)
        self.frequency = number(frequency, "CoRNN", "frequency", least=0)
        self.damping = number(damping, "CoRNN", "damping", least=0)

    def recurrent_shape(self) -> tuple[int, ...]:
        return (self.units, 2 * self.units)

    def engine_weights(self, training: bool) -> list[Any]:
        numbers = [
            ops.full((1, self.units), value, dtype=self.compute_dtype)
            for value in (self.time_step, self.frequency, self.damping)
        ]
        return [self.kernel, self.recurrent_matrix(training), self.bias, ops.concatenate(numbers, axis=0)]

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        y, z = states
        x, dropped = self.dropped(inputs, y, training)
        total = self.input_sums(x) + self.recurrent_sums(dropped, training, last=1)
        total = total + self.recurrent_sums(z, training, first=1, last=2)
        if self.bias is not None:
            total = total + self.bias
        new_z = z + self.time_step * (self.activation(total) - self.frequency * y - self.damping * z)
        new = self.zoned([y + self.time_step * new_z, new_z], [y, z], training)
        return new[0], new


@documented
class CoRNN(CellLayer):
    """Coupled oscillatory recurrent layer: damped oscillators that input and neighbours drive.

        z_t = z_{t-1} + Δ (act(x_t W + y_{t-1} R + z_{t-1} S + b) - γ y_{t-1} - ε z_{t-1})      y_t = y_{t-1} + Δ z_t

    With small steps Δ gradients neither vanish nor explode. Weights are those of `CoRNNCell`.

    Args:
        units: Width U of the states and of the output, at least 1.
        time_step: Δ, above 0; default 0.042.
        frequency: γ, the square of the frequency of an oscillator alone, at least 0; default 2.7.
        damping: ε, at least 0; default 4.7.
        activation: act, by name or as a function; default "tanh".
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    Input shape:
        (B, T, F): sequences, steps, features. The call also takes `initial_state`, `mask` (B, T) and `lengths` (B,);
        see `RNN`.

    Output shape:
        (B, U), or (B, T, U) with return_sequences; with return_state followed by the states y and z, (B, U).

    Raises:
        ValueError: An argument is out of range, or at the call an input, state, mask or length does not fit.

    Example:
        >>> layer = recurra.layers.CoRNN(4)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 4)

    Source: Rusch & Mishra, Coupled Oscillatory Recurrent Neural Network (coRNN), 2021, whose settings for images in
    sequence are the defaults.
    """

    cell_class = CoRNNCell

    if TYPE_CHECKING:
        time_step: float
        frequency: float
        damping: float

        def __init__(
            self,
            units: int,
            time_step: float = 0.042,
            frequency: float = 2.7,
            damping: float = 4.7,
            activation: Any = "tanh",
            use_bias: bool = True,
            **options: Unpack[RecurrentOptions],
        ) -> None: ...
