"""What cells of one gate share: a candidate with the first activation, a gate with the second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from recurra import activations
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.cell_layer import CellLayer, RecurrentOptions
from recurra.layers.recurrent.cell_options import CellOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Unpack


class GatedCell(BuiltInCell):
    """A cell of a gate and a candidate, blocks in that order."""

    gates = 2
    activation_arguments: ClassVar[Sequence[str]] = ("activation", "recurrent_activation")

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        **options: Unpack[CellOptions],
    ) -> None:
        super().__init__(units, activation, use_bias, **options)
        self.recurrent_activation = activations.get(recurrent_activation)


class GatedLayer(CellLayer):
    """A layer around a `GatedCell`."""

    cell_class: ClassVar[type[BuiltInCell]] = GatedCell

    if TYPE_CHECKING:
        recurrent_activation: Any

        def __init__(
            self,
            units: int,
            activation: Any = "tanh",
            recurrent_activation: Any = "sigmoid",
            use_bias: bool = True,
            **options: Unpack[RecurrentOptions],
        ) -> None: ...
