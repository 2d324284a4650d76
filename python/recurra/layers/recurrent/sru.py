"""The simple recurrent unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from recurra import activations, initializers, ops
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import BuiltInCell, features_of
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


@documented
class SRUCell(BuiltInCell):
    """One step of a simple recurrent unit, whose gates see the input and their own unit's memory.

        f = σ(x W_f + v_f c + b_f)      r = σ(x W_r + v_r c + b_r)
        c' = f c + (1 - f) x W      h' = r act(c') + (1 - r) x P

    v c is a product element by element. P is there where F differs from U; else x itself passes by the memory. Blocks
    stand in the order W, W_f, W_r, P.

    Weights: kernel (F, 3U) or, with P, (F, 4U), recurrent_kernel (2, U), which is v of f and r, bias (2U).

    Args:
        units: Width U of the states and of the output, at least 1.
        activation: act of the memory on its way out, by name or as a function; default None, which is linear.
        recurrent_activation: σ of the gates, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        recurrent_initializer: Initial values of v, by name or as an object; default `RandomUniform(-1, 1)`.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    Input shape:
        One step (B, F) and the states [h, c], (B, U) each.

    Output shape:
        The output h' and the new states [h', c'].

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> cell = recurra.layers.SRUCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")] * 2)
        >>> output.shape, len(states)
        ((2, 4), 2)

    Source: Lei et al., Simple Recurrent Units for Highly Parallelizable Recurrence, 2018.
    """

    engine_name = "sru"
    gates = 3
    state_count = 2
    refused = ("skip", "normalization", "weight_normalization", "recurrent_dropconnect", "recurrent_dropout")
    activation_arguments: ClassVar[Sequence[str]] = ("activation", "recurrent_activation")

    def __init__(
        self,
        units: int,
        activation: Any = None,
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        **options: Unpack[CellOptions],
    ) -> None:
        options.setdefault("recurrent_initializer", initializers.RandomUniform(-1.0, 1.0))
        super().__init__(units, activation, use_bias, **options)
        self.recurrent_activation = activations.get(recurrent_activation)

    def build(self, input_shape: Any) -> None:
        features = features_of(input_shape)
        self.kernel = self._add("kernel", (features, (3 if features == self.units else 4) * self.units))
        self.recurrent_kernel = self._add("recurrent_kernel", (2, self.units))
        self.bias = self._add("bias", (2 * self.units,)) if self.use_bias else None

    def engine_weights(self, training: bool) -> list[Any]:
        kernel: Tensor = self.kernel
        bias: Tensor | None = self.bias
        if kernel.shape[1] == 3 * self.units:
            kernel = ops.concatenate([kernel, ops.eye(self.units, dtype=kernel.dtype)], axis=1)
        if bias is not None:
            bias = ops.pad(bias, [[self.units, self.units]])
        return [kernel, None, bias, self.recurrent_kernel]

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        h, c = states
        x, _ = self.dropped(inputs, h, training)
        blocks = ops.split(ops.matmul(x, self.kernel), self.kernel.shape[1] // self.units, axis=1)
        candidate, f_sum, r_sum, passing = blocks if len(blocks) == 4 else [*blocks, x]
        gates = ops.concatenate([f_sum, r_sum], axis=1) + ops.reshape(self.recurrent_kernel, (-1,)) * ops.tile(
            c, (1, 2)
        )
        if self.bias is not None:
            gates = gates + self.bias
        f, r = ops.split(self.recurrent_activation(gates), 2, axis=1)
        new_c = candidate + f * (c - candidate)
        new_h = passing + r * (self.activation(new_c) - passing)
        new_states = self.zoned([new_h, new_c], states, training)
        return new_states[0], new_states


@documented
class SRU(CellLayer):
    """Simple recurrent unit layer.

        f = σ(x_t W_f + v_f c_{t-1} + b_f)      r = σ(x_t W_r + v_r c_{t-1} + b_r)
        c_t = f c_{t-1} + (1 - f) x_t W      h_t = r act(c_t) + (1 - r) x_t P

    v c is a product element by element. P is there where F differs from U; else x_t itself passes by the memory. The
    cost per step does not grow with U² as that of most others does. Weights are those of `SRUCell`.

    Args:
        units: Width U of the states and of the output, at least 1.
        activation: act of the memory on its way out, by name or as a function; default None, which is linear.
        recurrent_activation: σ of the gates, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        recurrent_initializer: Initial values of v, by name or as an object; default `RandomUniform(-1, 1)`.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    Input shape:
        (B, T, F): sequences, steps, features. The call also takes `initial_state`, `mask` (B, T) and `lengths` (B,);
        see `RNN`.

    Output shape:
        (B, U), or (B, T, U) with return_sequences; with return_state followed by the states h and c, (B, U).

    Raises:
        ValueError: An argument is out of range, or at the call an input, state, mask or length does not fit.

    Example:
        >>> layer = recurra.layers.SRU(4)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 4)

    Source: Lei et al., Simple Recurrent Units for Highly Parallelizable Recurrence, 2018.
    """

    cell_class = SRUCell

    if TYPE_CHECKING:
        recurrent_activation: Any

        def __init__(
            self,
            units: int,
            activation: Any = None,
            recurrent_activation: Any = "sigmoid",
            use_bias: bool = True,
            **options: Unpack[RecurrentOptions],
        ) -> None: ...
