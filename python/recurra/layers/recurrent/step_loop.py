"""The loop over time steps in Python: for cells that the engine does not know, and wherever each step is observed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recurra import ops
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.observer import Observer
from recurra.layers.recurrent.protocol import call_cell
from recurra.layers.recurrent.run_options import RunOptions
from recurra.tensor import Tensor
from recurra.tree import flatten, pack_as


def run_steps(
    cell: Any,
    x: Tensor,
    states: Any,
    mask: Tensor | None,
    options: RunOptions,
    training: bool,
    observe: Observer | None = None,
) -> tuple[Tensor, Any]:
    """The output, (B, T, O) or (B, O), and the final states of a cell that is called step by step."""
    time = x.shape[1]
    if mask is not None:
        # Padding may hold NaN, which a product with a zero gradient would let through.
        x = ops.where(spread(mask, x.ndim), x, ops.zeros_like(x))
    steps = ops.unstack(x, axis=1)
    keeps: Sequence[Tensor | None] = ops.unstack(mask, axis=1) if mask is not None else [None] * time
    outputs: list[Tensor] = []
    skips = cell.skips if isinstance(cell, BuiltInCell) else ()
    past = [flatten(states)[0]]  # first states, after 0, 1, 2, … steps
    for t in reversed(range(time)) if options.go_backwards else range(time):
        keep = keeps[t]
        if skips:
            cell.earlier = [past[-k] if k <= len(past) else ops.zeros_like(past[0]) for k in skips]
        if observe is not None:
            observe.before_step(keep)
        output, new_states = call_cell(cell, steps[t], states, training)
        if observe is not None:
            output = observe.after_cell(output, new_states)
        if keep is not None:
            held = outputs[-1] if outputs and not options.zero_output_for_mask else ops.zeros_like(output)
            output = ops.where(spread(keep, output.ndim), output, held)
            carried = [
                ops.where(spread(keep, new.ndim), new, old)
                for new, old in zip(flatten(new_states), flatten(states), strict=True)
            ]
            new_states = pack_as(states, carried)
        if observe is not None:
            observe.after_step(new_states)
        states = new_states
        if skips:
            past.append(flatten(states)[0])
        outputs.append(output)
    if skips:
        cell.earlier = []
    return ops.stack(outputs, axis=1) if options.return_sequences else outputs[-1], states


def spread(mask: Tensor, rank: int) -> Tensor:
    """The mask with axes of one element behind, so that it broadcasts to a tensor of that rank."""
    return ops.reshape(mask, (*mask.shape, *[1] * (rank - mask.ndim)))
