"""One step of a cell, where something happens between the steps of a sequence: attention, a memory."""

from __future__ import annotations

from typing import Any

from recurra import ops
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.run_options import RunOptions
from recurra.layers.recurrent.sequence import run
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.tensor import Tensor

_LAST = RunOptions()


def check_single_steps(owner: str, cell: Any) -> None:
    """Raises ValueError for a cell whose step needs more than the states of the step before."""
    for one in cell.cells if type(cell) is StackedRNNCells else [cell]:
        if not isinstance(one, BuiltInCell):
            continue
        if one.skips:
            raise ValueError(f"{owner}: skip reads the states of several steps ago, which single steps do not carry")
        if one.statistics is not None or one.normalization == "batch":
            raise ValueError(
                f"{owner}: normalization='batch' needs the whole sequence at once; use normalization='layer'"
            )


def single_step(cell: Any, x: Tensor, states: list[Any], training: bool) -> tuple[Tensor, list[Any]]:
    """The output (B, U) for x (B, F), and the new states in the structure of `states`; in the engine if it can."""
    output, new = run(cell, ops.reshape(x, (x.shape[0], 1, x.shape[1])), states, None, _LAST, training)
    return output, list(new)
