"""Long short-term memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recurra import ops
from recurra.layers.recurrent.cell import BuiltInCell, CellOptions
from recurra.layers.recurrent.cell_layer import CellLayer, LayerOptions
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


class LSTMCell(BuiltInCell):
    """One step of an LSTM, gates in the order i, f, c, o.

        i, f, o = σ(x W + h R + b)   g = act(x W + h R + b)   c' = f c + i g   h' = o act(c')

    Arguments: units, activation, recurrent_activation (σ), use_bias, those of `BuiltInCell`, and
        unit_forget_bias: whether the bias of the forget gate starts at one; default True.

    Shapes: x (B, F), states h, c (B, U) → output (B, U), [h', c'].

    Sources: Hochreiter & Schmidhuber, Long Short-Term Memory, 1997; Gers et al., Learning to Forget, 2000.
    """

    engine_name = "lstm"
    gates = 4
    state_count = 2
    activation_arguments: ClassVar[Sequence[str]] = ("activation", "recurrent_activation")
    plain_arguments: ClassVar[Sequence[str]] = (*BuiltInCell.plain_arguments, "unit_forget_bias")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        unit_forget_bias: bool = True,
        **options: Unpack[CellOptions],
    ) -> None:
        super().__init__(units, activation, use_bias, recurrent_activation=recurrent_activation, **options)
        self.unit_forget_bias = bool(unit_forget_bias)

    def first_bias(self) -> Any:
        if not self.unit_forget_bias:
            return super().first_bias()

        def with_open_forget_gate(shape: Sequence[int], dtype: Any = None) -> Any:
            bias = np.array(self.bias_initializer(shape, dtype=dtype))
            bias[self.units : 2 * self.units] = 1
            return bias

        return with_open_forget_gate

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        h, c = states
        x, h = self.dropped(inputs, h, training)
        total = ops.matmul(x, self.kernel) + ops.matmul(h, self.recurrent_kernel)
        if self.bias is not None:
            total = total + self.bias
        i, f, g, o = ops.split(total, 4, axis=1)
        sigma = self.recurrent_activation
        c = sigma(f) * c + sigma(i) * self.activation(g)
        h = sigma(o) * self.activation(c)
        return h, [h, c]


class LSTM(CellLayer):
    """Long short-term memory layer, gates in the order i, f, c, o; equations at `LSTMCell`.

    Arguments:
        units: width U of the states and of the output.
        activation: of the candidate and of the cell state on its way out; default tanh.
        recurrent_activation: of the gates; default sigmoid.
        use_bias: default True.
        unit_forget_bias: whether the bias of the forget gate starts at one; default True.
        options: see `BuiltInCell` (initializers, regularizers, constraints, dropout, recurrent_dropout, seed) and `RNN`
            (return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask, checkpoint, …).

    Shapes: (B, T, F) → (B, U), or (B, T, U) with return_sequences; with return_state followed by h and c (B, U).

    Raises: ValueError for arguments out of range, and at the call for inputs, states and masks that do not fit.

    Sources: Hochreiter & Schmidhuber, Long Short-Term Memory, 1997; Gers et al., Learning to Forget, 2000.
    """

    cell_class = LSTMCell

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        unit_forget_bias: bool = True,
        use_cudnn: Any = "auto",
        **options: Unpack[LayerOptions],
    ) -> None:
        cell = {
            "units": units,
            "activation": activation,
            "recurrent_activation": recurrent_activation,
            "use_bias": use_bias,
            "unit_forget_bias": unit_forget_bias,
        }
        super().__init__(cell, options, use_cudnn)
