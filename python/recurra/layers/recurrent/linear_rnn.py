"""The linear diagonal recurrence."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from recurra import initializers, ops
from recurra.layers.recurrent.cell import CellOptions
from recurra.layers.recurrent.cell_layer import CellLayer, LayerOptions
from recurra.layers.recurrent.linear_cell import LinearCell
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


class LinearRNNCell(LinearCell):
    """One step of a linear diagonal recurrence: h' = a h + √(1 - a²) (x W + b), number by number.

    a = exp(-exp(ν)) lies in (0, 1); ν, the weight recurrent_kernel (U,), is trained. The factor √(1 - a²) keeps the
    size of the state whatever a is. This is the linear recurrent unit of the source with real instead of complex a.

    Arguments: units, use_bias and those of `BuiltInCell`. recurrent_initializer, of ν, is `RandomDecay` by default: a
    lies between 0.4 and 0.99 at first.

    Shapes: x (B, F), state h (B, U) → output (B, U), [h'].

    Source: Orvieto et al., Resurrecting Recurrent Neural Networks for Long Sequences, 2023.
    """

    activation_arguments: ClassVar[Sequence[str]] = ()

    def __init__(self, units: int, use_bias: bool = True, **options: Unpack[CellOptions]) -> None:
        options.setdefault("recurrent_initializer", initializers.RandomDecay(0.4, 0.99))
        super().__init__(units, None, use_bias, **options)

    def recurrent_shape(self) -> tuple[int, ...]:
        return (self.units,)

    def coefficients(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        a = ops.exp(-ops.exp(self.recurrent_kernel))
        return a, ops.sqrt(1 - a * a) * ops.dense(inputs, self.kernel, self.bias)


class LinearRNN(CellLayer):
    """Linear diagonal recurrent layer: h_t = a h_{t-1} + √(1 - a²) (x_t W + b); more at `LinearRNNCell`.

    Its cost per step does not grow with U², and in training on few sequences blocks of time are computed at once.

    Arguments:
        units: width U of the state and of the output.
        use_bias: default True.
        options: see `BuiltInCell` (initializers, regularizers, constraints, dropout, zoneout, seed) and `RNN`
            (return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask, …).

    Shapes: (B, T, F) → (B, U), or (B, T, U) with return_sequences; with return_state followed by the state (B, U).

    Raises: ValueError for arguments out of range, and at the call for inputs, states and masks that do not fit.

    Source: Orvieto et al., Resurrecting Recurrent Neural Networks for Long Sequences, 2023.
    """

    cell_class = LinearRNNCell

    def __init__(self, units: int, use_bias: bool = True, **options: Unpack[LayerOptions]) -> None:
        super().__init__({"units": units, "use_bias": use_bias}, options)
