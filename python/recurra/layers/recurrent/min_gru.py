"""A gated recurrent unit that is linear in its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from recurra import activations, ops
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import features_of
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.layers.recurrent.linear_cell import LinearCell
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


@documented
class MinGRUCell(LinearCell):
    """One step of a gated recurrent unit whose gate and candidate see the input only.

        z = σ(x W_z + b_z)      g = f(x W_g + b_g)      h' = (1 - z) h + z g

    There are no recurrent weights. As in the source, z weighs the candidate. Blocks stand in the order z, g.

    Args:
        units: Width U of the state and of the output, at least 1.
        activation: f of the candidate g, by name or as a function; default None, which is linear.
        recurrent_activation: σ of the gate z, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    {cell shapes}

    Example:
        >>> cell = recurra.layers.MinGRUCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
        >>> output.shape
        (2, 4)

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
        super().__init__(units, activation, use_bias, **options)
        self.recurrent_activation = activations.get(recurrent_activation)

    def build(self, input_shape: Any) -> None:
        self.kernel = self._add("kernel", (features_of(input_shape), 2 * self.units))
        self.bias = self._add("bias", (2 * self.units,)) if self.use_bias else None

    def engine_weights(self, training: bool) -> list[Any]:
        return [self.kernel, None, self.bias]

    def coefficients(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        gate, candidate = ops.split(ops.dense(inputs, self.kernel, self.bias), 2, axis=-1)
        z = self.recurrent_activation(gate)
        return 1 - z, z * self.activation(candidate)


@documented
class MinGRU(CellLayer):
    """Gated recurrent layer that is linear in its state.

        z = σ(x_t W_z + b_z)      g = f(x_t W_g + b_g)      h_t = (1 - z) h_{t-1} + z g

    Its cost per step does not grow with U², and in training on few sequences whole blocks of time are computed at once.

    Args:
        units: Width U of the state and of the output, at least 1.
        activation: f of the candidate g, by name or as a function; default None, which is linear.
        recurrent_activation: σ of the gate z, by name or as a function; default "sigmoid".
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    {recurrent shapes}

    Example:
        >>> layer = recurra.layers.MinGRU(4)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 4)

    Source: Feng et al., Were RNNs All We Needed?, 2024.
    """

    cell_class = MinGRUCell

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
