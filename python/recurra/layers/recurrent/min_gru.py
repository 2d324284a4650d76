"""A gated recurrent unit that is linear in its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from recurra import ops
from recurra.layers.recurrent.cell import CellOptions, features_of
from recurra.layers.recurrent.cell_layer import CellLayer, LayerOptions
from recurra.layers.recurrent.linear_cell import LinearCell
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


class MinGRUCell(LinearCell):
    """One step of a GRU whose gate and candidate see the input only, blocks in the order z, g.

        z = σ(x W_z + b_z)      g = act(x W_g + b_g)      h' = (1 - z) h + z g

    Arguments: units, activation (default none), recurrent_activation (σ), use_bias and those of `BuiltInCell`; there
    are no recurrent weights. As in the source, z weighs the candidate.

    Shapes: x (B, F), state h (B, U) → output (B, U), [h'].

    Source: Feng et al., Were RNNs All We Needed?, 2024.
    """

    engine_name = "min_gru"
    gates = 2
    activation_arguments: ClassVar[Sequence[str]] = ("activation", "recurrent_activation")

    def __init__(
        self,
        units: int,
        activation: Any = None,
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        **options: Unpack[CellOptions],
    ) -> None:
        super().__init__(units, activation, use_bias, recurrent_activation=recurrent_activation, **options)

    def build(self, input_shape: Any) -> None:
        self.kernel = self._add("kernel", (features_of(input_shape), 2 * self.units))
        self.bias = self._add("bias", (2 * self.units,)) if self.use_bias else None

    def engine_weights(self, training: bool) -> list[Any]:
        return [self.kernel, None, self.bias]

    def coefficients(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        gate, candidate = ops.split(ops.dense(inputs, self.kernel, self.bias), 2, axis=-1)
        z = self.recurrent_activation(gate)
        return 1 - z, z * self.activation(candidate)


class MinGRU(CellLayer):
    """Gated recurrent layer that is linear in its state: h_t = (1 - z_t) h_{t-1} + z_t g_t; equations at `MinGRUCell`.

    Its cost per step does not grow with U², and in training on few sequences blocks of time are computed at once.

    Arguments:
        units: width U of the state and of the output.
        activation: of the candidate g; default none.
        recurrent_activation: of the gate z; default sigmoid.
        use_bias: default True.
        options: see `BuiltInCell` (initializers, regularizers, constraints, dropout, zoneout, seed) and `RNN`
            (return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask, …).

    Shapes: (B, T, F) → (B, U), or (B, T, U) with return_sequences; with return_state followed by the state (B, U).

    Raises: ValueError for arguments out of range, and at the call for inputs, states and masks that do not fit.

    Source: Feng et al., Were RNNs All We Needed?, 2024.
    """

    cell_class = MinGRUCell

    def __init__(
        self,
        units: int,
        activation: Any = None,
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        **options: Unpack[LayerOptions],
    ) -> None:
        cell = {
            "units": units,
            "activation": activation,
            "recurrent_activation": recurrent_activation,
            "use_bias": use_bias,
        }
        super().__init__(cell, options)
