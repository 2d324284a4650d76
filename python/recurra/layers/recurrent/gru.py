"""The gated recurrent unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from recurra import ops
from recurra.layers.recurrent.cell import BuiltInCell, CellOptions
from recurra.layers.recurrent.cell_layer import CellLayer, LayerOptions
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


class GRUCell(BuiltInCell):
    """One step of a gated recurrent unit, gates in the order z, r, h.

        z, r = σ(x W + h R + b)      h' = z h + (1 - z) g
        reset after:   g = act(x W_h + b_0 + r (h R_h + b_1))
        reset before:  g = act(x W_h + (r h) R_h + b)

    Where z weighs the candidate instead, h' = (1 - z) h + z g (Chung et al. 2014), weights are carried over by negating
    W_z, R_z and b_z, the first U columns of kernel, recurrent_kernel and bias: 1 - σ(a) = σ(-a), for the sigmoid.

    Arguments: units, activation, recurrent_activation (σ), use_bias, those of `BuiltInCell`, and
        reset_after: whether the reset gate scales the recurrent product (default) or its operand. The bias is (2, 3U)
            with it (input row, recurrent row) and (3U,) without.

    Shapes: x (B, F), state h (B, U) → output (B, U), [h'].

    Source: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014.
    """

    gates = 3
    refused = ()
    activation_arguments: ClassVar[Sequence[str]] = ("activation", "recurrent_activation")
    plain_arguments: ClassVar[Sequence[str]] = (*BuiltInCell.plain_arguments, "reset_after")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        reset_after: bool = True,
        **options: Unpack[CellOptions],
    ) -> None:
        super().__init__(units, activation, use_bias, recurrent_activation=recurrent_activation, **options)
        self.reset_after = bool(reset_after)
        if self.skip and not self.reset_after:
            raise ValueError(f"{type(self).__name__.removesuffix('Cell')}: skip needs reset_after=True")

    @property
    def engine_name(self) -> str:  # type: ignore[override]
        name = "gru" if self.reset_after else "gru_reset_before"
        return name if self.normalization is None else f"{name}_normalised"

    def bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        (h,) = states if isinstance(states, (list, tuple)) else (states,)
        x, dropped = self.dropped(inputs, h, training)
        xs, gates = self.input_sums(x), 2 * self.units
        if self.bias is not None:
            xs = xs + (self.bias[0] if self.reset_after else self.bias)
        xz, xr, xh = ops.split(xs, 3, axis=1)
        if self.reset_after:
            hs = self.recurrent_sums(dropped, training)
            if self.bias is not None:
                hs = hs + self.bias[1]
        else:
            hs = self.recurrent_sums(dropped, training, last=2)
        z = self.recurrent_activation(xz + hs[:, : self.units])
        r = self.recurrent_activation(xr + hs[:, self.units : gates])
        from_state = r * hs[:, gates:] if self.reset_after else self.recurrent_sums(r * dropped, training, first=2)
        states = self.zoned([z * h + (1 - z) * self.activation(xh + from_state)], [h], training)
        return states[0], states


class GRU(CellLayer):
    """Gated recurrent layer, gates in the order z, r, h; equations at `GRUCell`.

    Arguments:
        units: width U of the state and of the output.
        activation: of the candidate; default tanh.
        recurrent_activation: of the gates; default sigmoid.
        use_bias: default True.
        reset_after: whether the reset gate scales the recurrent product (default) or its operand.
        options: see `BuiltInCell` (initializers, regularizers, constraints, dropout, zoneout, seed) and `RNN`
            (return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask, checkpoint, …).

    Shapes: (B, T, F) → (B, U), or (B, T, U) with return_sequences; with return_state followed by the state (B, U).

    Raises: ValueError for arguments out of range, and at the call for inputs, states and masks that do not fit.

    Source: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014.
    """

    cell_class = GRUCell

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        *,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **options: Unpack[LayerOptions],
    ) -> None:
        cell = {
            "units": units,
            "activation": activation,
            "recurrent_activation": recurrent_activation,
            "use_bias": use_bias,
            "reset_after": reset_after,
        }
        super().__init__(cell, options, use_cudnn)
