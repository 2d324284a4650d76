"""A long short-term memory that is linear in its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recurra import ops
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell import features_of
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.layers.recurrent.linear_cell import LinearCell
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from typing_extensions import Unpack


@documented
class MinLSTMCell(LinearCell):
    """One step of a long short-term memory whose gates and candidate see the input only.

        i, f = sigmoid(x W + b)      g = act(x W_g + b_g)      h' = f / (f + i) h + i / (f + i) g

    The two gates share one out, so that the size of the state does not depend on the number of steps. There are no
    recurrent weights. Blocks stand in the order i, f, g.

    Args:
        units: Width U of the state and of the output, at least 1.
        activation: act of the candidate g, by name or as a function; default None, which is linear.
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    {cell shapes}

    Example:
        >>> cell = recurra.layers.MinLSTMCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
        >>> output.shape
        (2, 4)

    Source: Feng et al., Were RNNs All We Needed?, 2024.
    """

    engine_name = "min_lstm"
    gates = 3

    def __init__(
        self, units: int, activation: Any = None, use_bias: bool = True, **options: Unpack[CellOptions]
    ) -> None:
        super().__init__(units, activation, use_bias, **options)

    def build(self, input_shape: Any) -> None:
        self.kernel = self._add("kernel", (features_of(input_shape), 3 * self.units))
        self.bias = self._add("bias", (3 * self.units,)) if self.use_bias else None

    def engine_weights(self, training: bool) -> list[Any]:
        return [self.kernel, None, self.bias]

    def coefficients(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        i, f, candidate = ops.split(ops.dense(inputs, self.kernel, self.bias), 3, axis=-1)
        # z = (1 + e^-f) / (2 + e^-f + e^-i), scaled so that no exponent is above 0; the scale has no gradient.
        least = ops.stop_gradient(ops.minimum(ops.minimum(i, f), 0.0))
        one = ops.exp(least)
        keep, enter = one + ops.exp(least - i), one + ops.exp(least - f)
        total = keep + enter
        return keep / total, enter / total * self.activation(candidate)


@documented
class MinLSTM(CellLayer):
    """Long short-term memory layer that is linear in its state.

        i, f = sigmoid(x_t W + b)      g = act(x_t W_g + b_g)      h_t = f / (f + i) h_{t-1} + i / (f + i) g

    Its cost per step does not grow with U², and in training on few sequences whole blocks of time are computed at once.

    Args:
        units: Width U of the state and of the output, at least 1.
        activation: act of the candidate g, by name or as a function; default None, which is linear.
        use_bias: Whether there is a bias; default True.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    {recurrent shapes}

    Example:
        >>> layer = recurra.layers.MinLSTM(4)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 4)

    Source: Feng et al., Were RNNs All We Needed?, 2024.
    """

    cell_class = MinLSTMCell

    if TYPE_CHECKING:

        def __init__(
            self, units: int, activation: Any = None, use_bias: bool = True, **options: Unpack[RecurrentOptions]
        ) -> None: ...
