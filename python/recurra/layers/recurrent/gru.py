"""The gated recurrent unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from recurra import activations, ops
from recurra.checks import boolean
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


@documented
class GRUCell(BuiltInCell):
    """One step of a gated recurrent unit.

        z, r = σ(x W + h R + b)      h' = z h + (1 - z) g
        reset_after=True:   g = f(x W_h + b_0 + r (h R_h + b_1))
        reset_after=False:  g = f(x W_h + (r h) R_h + b_h)

    Gates stand in the order z, r, h. Where z weighs the candidate instead, h' = (1 - z) h + z g (Chung et al. 2014),
    weights are converted by negating W_z, R_z and b_z, the first U columns of kernel, recurrent_kernel and bias: 1 -
    σ(a) = σ(-a), for the sigmoid.

    Weights: kernel (F, 3U), recurrent_kernel (U, 3U), bias (2, 3U): an input row and a recurrent row; with
    reset_after=False bias (3U).

    Args:
        units: Width U of the state and of the output, at least 1.
        activation: f of the candidate g, by name or as a function; default "tanh".
        recurrent_activation: σ of the gates, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        reset_after: Whether the reset gate multiplies the recurrent product or the state in front of it; default True.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    {cell shapes}

    Example:
        >>> cell = recurra.layers.GRUCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
        >>> output.shape
        (2, 4)

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
        super().__init__(units, activation, use_bias, **options)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = boolean(reset_after, type(self).__name__.removesuffix("Cell"), "reset_after")
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


@documented
class GRU(CellLayer):
    """Gated recurrent layer.

        z, r = σ(x_t W + h_{t-1} R + b)      h_t = z h_{t-1} + (1 - z) g
        reset_after=True:   g = f(x_t W_h + b_0 + r (h_{t-1} R_h + b_1))
        reset_after=False:  g = f(x_t W_h + (r h_{t-1}) R_h + b_h)

    Gates stand in the order z, r, h; weights are those of `GRUCell`.

    Args:
        units: Width U of the state and of the output, at least 1.
        activation: f of the candidate g, by name or as a function; default "tanh".
        recurrent_activation: σ of the gates, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        reset_after: Whether the reset gate multiplies the recurrent product or the state in front of it; default True.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    {recurrent shapes}

    Example:
        >>> layer = recurra.layers.GRU(4, return_sequences=True, return_state=True)
        >>> output, state = layer(np.ones((2, 5, 3), "float32"), lengths=[5, 3])
        >>> output.shape, state.shape
        ((2, 5, 4), (2, 4))

    Source: Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014.
    """

    cell_class = GRUCell

    if TYPE_CHECKING:
        recurrent_activation: Any
        reset_after: bool

        def __init__(
            self,
            units: int,
            activation: Any = "tanh",
            recurrent_activation: Any = "sigmoid",
            use_bias: bool = True,
            *,
            reset_after: bool = True,
            **options: Unpack[RecurrentOptions],
        ) -> None: ...
