"""The linear diagonal recurrence."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from recurra import initializers, ops
from recurra.layers.documentation import documented
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions
from recurra.layers.recurrent.linear_cell import LinearCell
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


@documented
class LinearRNNCell(LinearCell):
    """One step of a linear diagonal recurrence.

        h' = a h + √(1 - a²) (x W + b),  a = exp(-exp(ν)), element by element

    a lies in (0, 1); ν, the weight recurrent_kernel (U), is trained. The factor √(1 - a²) keeps the size of the state
    whatever a is. This is the linear recurrent unit of the source with real instead of complex a.

    Args:
        units: Width U of the state and of the output, at least 1.
        use_bias: Whether there is a bias; default True.
        recurrent_initializer: Initial values of ν; default `RandomDecay(0.4, 0.99)`, with which a starts in that range.
        {weight arguments}
        {cell arguments}
        {layer arguments}

    {cell shapes}

    Example:
        >>> cell = recurra.layers.LinearRNNCell(4)
        >>> output, states = cell(np.ones((2, 3), "float32"), [np.zeros((2, 4), "float32")])
        >>> output.shape
        (2, 4)

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


@documented
class LinearRNN(CellLayer):
    """Linear diagonal recurrent layer.

        h_t = a h_{t-1} + √(1 - a²) (x_t W + b),  a = exp(-exp(ν)), element by element

    Its cost per step does not grow with U², and in training on few sequences whole blocks of time are computed at once.

    Args:
        units: Width U of the state and of the output, at least 1.
        use_bias: Whether there is a bias; default True.
        recurrent_initializer: Initial values of ν; default `RandomDecay(0.4, 0.99)`, with which a starts in that range.
        {weight arguments}
        {cell arguments}
        {recurrence arguments}
        {layer arguments}

    {recurrent shapes}

    Example:
        >>> layer = recurra.layers.LinearRNN(4)
        >>> layer(np.ones((2, 5, 3), "float32")).shape
        (2, 4)

    Source: Orvieto et al., Resurrecting Recurrent Neural Networks for Long Sequences, 2023.
    """

    cell_class = LinearRNNCell

    if TYPE_CHECKING:

        def __init__(self, units: int, use_bias: bool = True, **options: Unpack[RecurrentOptions]) -> None: ...
