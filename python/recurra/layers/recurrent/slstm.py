"""The scalar long short-term memory of xLSTM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recurra import activations, ops
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
class SLSTMCell(BuiltInCell):
    """One step of a long short-term memory with exponential gates.

        ĩ, f̃, õ, g̃ = x W + h R + b      m' = max(log sigmoid(f̃) + m, ĩ)
        i = exp(ĩ - m')      f = exp(log sigmoid(f̃) + m - m')
        c' = f c + i act(g̃)      n' = f n + i      h' = σ(õ) c' / n'

    The normaliser n sums what the gates let in; the stabiliser m keeps the exponents at or below 0 and does not change
    h'. Where n is 0 nothing has been stored: there m' = ĩ and f = 0. Gates stand in the order i, f, c, o.

    Weights: kernel (F, 4U), recurrent_kernel (U, 4U), bias (4U).

    Args:
        units: Width U of the states and of the output, at least 1.
        activation: act of the candidate, by name or as a function; default "tanh".
        recurrent_activation: σ of the output gate, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        forget_bias: Initial bias of the forget gate; default 1.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    Input shape:
        One step (B, F) and the states [h, c, n, m], (B, U) each; n must not be negative.

    Output shape:
        The output h' and the new states [h', c', n', m'].

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> cell = recurra.layers.SLSTMCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), cell.get_initial_state(batch_size=2))
        >>> output.shape, len(states)
        ((2, 4), 4)

    Source: Beck et al., xLSTM: Extended Long Short-Term Memory, 2024, with one head.
    """

    engine_name = "slstm"
    gates = 4
    state_count = 4
    refused = ("zoneout", "normalization")
    activation_arguments: ClassVar[Sequence[str]] = ("activation", "recurrent_activation")
    plain_arguments: ClassVar[Sequence[str]] = (*BuiltInCell.plain_arguments, "forget_bias")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        forget_bias: float = 1.0,
        **options: Unpack[CellOptions],
    ) -> None:
        super().__init__(units, activation, use_bias, **options)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.forget_bias = number(forget_bias, "SLSTM", "forget_bias")

    def first_bias(self) -> Any:
        def with_forget_bias(shape: Sequence[int], dtype: Any = None) -> Any:
            bias = np.array(self.bias_initializer(shape, dtype=dtype))
            bias[self.units : 2 * self.units] = self.forget_bias
            return bias

        return with_forget_bias

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        h, c, n, m = states
        x, dropped = self.dropped(inputs, h, training)
        total = self.input_sums(x) + self.recurrent_sums(dropped, training)
        if self.bias is not None:
            total = total + self.bias
        i_sum, f_sum, g, o = ops.split(total, 4, axis=1)
        fresh = ops.equal(n, 0)
        kept = ops.where(fresh, i_sum, m - ops.softplus(-f_sum))
        new_m = ops.maximum(kept, i_sum)
        i, f = ops.exp(i_sum - new_m), ops.where(fresh, 0.0, ops.exp(kept - new_m))
        new_c = f * c + i * self.activation(g)
        new_n = f * n + i
        new_h = self.recurrent_activation(o) * (new_c / new_n)
        return new_h, [new_h, new_c, new_n, new_m]


@documented
class SLSTM(CellLayer):
    """Long short-term memory layer with exponential gates, the sLSTM of xLSTM.

        ĩ, f̃, õ, g̃ = x_t W + h_{t-1} R + b      m_t = max(log sigmoid(f̃) + m_{t-1}, ĩ)
        i = exp(ĩ - m_t)      f = exp(log sigmoid(f̃) + m_{t-1} - m_t)
        c_t = f c_{t-1} + i act(g̃)      n_t = f n_{t-1} + i      h_t = σ(õ) c_t / n_t

    An exponential input gate can outweigh all that was stored before. Weights and gates are those of `SLSTMCell`.

    Args:
        units: Width U of the states and of the output, at least 1.
        activation: act of the candidate, by name or as a function; default "tanh".
        recurrent_activation: σ of the output gate, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        forget_bias: Initial bias of the forget gate; default 1.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    Input shape:
        (B, T, F): sequences, steps, features. The call also takes `initial_state`, `mask` (B, T) and `lengths` (B,);
        see `RNN`.

    Output shape:
        (B, U), or (B, T, U) with return_sequences; with return_state followed by the states h, c, n and m, (B, U).

    Raises:
        ValueError: An argument is out of range, or at the call an input, state, mask or length does not fit.

    Example:
        >>> layer = recurra.layers.SLSTM(4)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 4)

    Source: Beck et al., xLSTM: Extended Long Short-Term Memory, 2024, with one head.
    """

    cell_class = SLSTMCell

    if TYPE_CHECKING:
        recurrent_activation: Any
        forget_bias: float

        def __init__(
            self,
            units: int,
            activation: Any = "tanh",
            recurrent_activation: Any = "sigmoid",
            use_bias: bool = True,
            *,
            forget_bias: float = 1.0,
            **options: Unpack[RecurrentOptions],
        ) -> None: ...
