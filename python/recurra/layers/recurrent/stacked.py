"""Several cells on top of each other as one cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from recurra.layers.base import Layer
from recurra.layers.documentation import documented
from recurra.layers.recurrent.protocol import call_cell, check_cell, initial_state, output_size
from recurra.tensor import Tensor


@documented
class StackedRNNCells(Layer):
    """Cells of which each reads the output of the one before; one state entry for each cell.

    Args:
        cells: A list of built-in cells or cells of your own, the first one nearest to the input.
        {layer arguments}

    Input shape:
        One step (B, F) and the list of the cells' states.

    Output shape:
        The output of the last cell, and the list of the cells' new states.

    Raises:
        ValueError: There are no cells, or an object is not a cell.

    Example:
        >>> cells = recurra.layers.StackedRNNCells([recurra.layers.GRUCell(4), recurra.layers.GRUCell(2)])
        >>> recurra.layers.RNN(cells)(np.ones((2, 5, 3), "float32")).shape
        (2, 2)
    """

    config_arguments: ClassVar[tuple[str, ...]] = ("cells",)
    layer_arguments: ClassVar[tuple[str, ...]] = ("cells",)

    def __init__(self, cells: Sequence[Any], **options: Any) -> None:
        super().__init__(**options)
        if not isinstance(cells, (list, tuple)) or not cells:
            raise ValueError(f"StackedRNNCells: expected a list of at least one cell, got {cells!r}")
        for cell in cells:
            check_cell("StackedRNNCells", cell)
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        return output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int) -> list[Any]:
        """The initial states of the cells, one entry for each."""
        states = [initial_state(cell, batch_size, self.compute_dtype) for cell in self.cells]
        return [_bare(state, cell) for state, cell in zip(states, self.cells, strict=True)]

    def build(self, input_shape: Any) -> None:
        for cell in self.cells:
            if hasattr(cell, "build") and not getattr(cell, "built", False):
                cell.build(input_shape)
            input_shape = (input_shape[0], output_size(cell))

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Any]]:
        new_states = []
        for cell, state in zip(self.cells, states, strict=True):
            inputs, new_state = call_cell(cell, inputs, state, training)
            new_states.append(new_state)
        return inputs, new_states


def _bare(state: Any, cell: Any) -> Any:
    """The state itself, not a list of one, for a cell that has one state."""
    one = isinstance(state, (list, tuple)) and not isinstance(cell.state_size, (list, tuple))
    return state[0] if one else state
