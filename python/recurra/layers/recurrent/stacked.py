"""Several cells on top of each other as one cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recurra import serialization
from recurra.layers.base import Layer
from recurra.layers.recurrent.protocol import call_cell, check_cell, initial_state, output_size
from recurra.tensor import Tensor


class StackedRNNCells(Layer):
    """Cells of which each reads the output of the one before; one state entry for each cell.

    Arguments:
        cells: built-in cells or the user's own, the first one nearest to the input.

    Raises: ValueError without cells, or for an object that is no cell.
    """

    def __init__(self, cells: Sequence[Any], **options: Any) -> None:
        super().__init__(**options)
        if not cells:
            raise ValueError("StackedRNNCells: expected at least one cell, got none")
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

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cells": [serialization.serialize(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        arguments = dict(config)
        return cls([serialization.deserialize(cell) for cell in arguments.pop("cells")], **arguments)


def _bare(state: Any, cell: Any) -> Any:
    """The state itself, not a list of one, for a cell that has one state."""
    one = isinstance(state, (list, tuple)) and not isinstance(cell.state_size, (list, tuple))
    return state[0] if one else state
