"""One time step of adaptive computation: a cell runs until each row has halted, and what it gave is averaged.

Rows that have halted are left out, so that a row has the same bits whatever rows are beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from recurra import ops
from recurra.layers.pondering.flags import flagged
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.layers.recurrent.protocol import output_size
from recurra.layers.recurrent.run_options import RunOptions
from recurra.layers.recurrent.sequence import run
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.layers.recurrent.step_loop import spread
from recurra.tensor import Tensor, Variable
from recurra.tree import flatten, map_structure, pack_as


@dataclass(frozen=True)
class Halting:
    """The halting unit h = σ(y w + b), and when a row halts."""

    kernel: Variable  # (U, 1)
    bias: Variable  # (1,)
    epsilon: float
    max_steps: int

    def probability(self, output: Tensor) -> Tensor:
        """h of rows (B, U), (B, 1)."""
        return ops.dense(output, self.kernel, self.bias, "sigmoid")

    def halts(self, total: np.ndarray, n: int) -> np.ndarray:
        """Which rows halt at step n, by the sum of their h so far."""
        return (total >= 1 - self.epsilon) | (n == self.max_steps)


class Pondered(NamedTuple):
    """What a time step gave; in rows that do not count the output is 0."""

    output: Tensor  # (B, U)
    states: Any
    steps: np.ndarray  # (B,), N; 0 in rows that do not count
    remainder: Tensor | None  # (B, 1), R; None where every row halted at once, with R = 1


class Entry(NamedTuple):
    """The rows computed in one pondering step."""

    rows: np.ndarray
    done: np.ndarray  # whether a row halts here
    output: Tensor
    states: list[Tensor]
    probability: Tensor


class Ponderer:
    """Computes the time steps of one call.

    Args:
        cell: What runs; weights are built.
        halting: When rows halt.
        training: Whether the cell's dropout is active.
        engine: Whether the engine may run the cell.
    """

    def __init__(self, cell: Any, halting: Halting, training: bool, engine: bool = True) -> None:
        self._cell, self._halting, self._training = cell, halting, training
        # The first state of a cell that the engine runs is its output; a single state need not be copied beside it.
        self._gives_state = isinstance(cell, BuiltInCell) and cell.engine_name is not None
        single = self._gives_state and len(cell.state_widths) == 1
        self._options = RunOptions(return_state=not single, engine=engine)
        # A cell that draws noise, or one of a user's, always sees the whole batch.
        cells = cell.cells if type(cell) is StackedRNNCells else [cell]
        self._apart = engine and all(isinstance(one, BuiltInCell) and not self._draws(one) for one in cells)

    def _draws(self, cell: BuiltInCell) -> bool:
        return self._training and bool(cell.dropout or cell.recurrent_dropout or any(cell.zoneout_rates))

    def step(self, x: Tensor, states: Any, keep: np.ndarray | None) -> Pondered:
        """One time step of x (B, F); `keep` (B,) says which rows count."""
        batch = x.shape[0]
        entries: list[Entry] = []
        rows = np.arange(batch) if keep is None else np.flatnonzero(keep)
        total, first, now = np.zeros(batch, x.dtype), states, states
        if self._apart and rows.size < batch:
            x, now = ops.take(x, rows, axis=0), _rows_of(now, rows)
        seen = flagged(x, True)
        for n in range(1, self._halting.max_steps + 1):
            if rows.size == 0:
                break
            if n == 2:
                seen = flagged(x, False)
            output, new = self._call(seen, now)
            shown = (output, new) if output.shape[0] == rows.size else _rows_of((output, new), rows)
            h = self._halting.probability(shown[0])
            total[rows] += h.numpy()[:, 0]
            done = self._halting.halts(total[rows], n)
            entries.append(Entry(rows, done, shown[0], flatten(shown[1]), h))
            going = np.flatnonzero(~done)
            if not self._apart:
                now = new if going.size == batch else _chosen(rows[going], new, now)
            elif going.size == rows.size:
                now = new
            elif going.size:
                now = _rows_of(new, going)
                x, seen = (ops.take(x, going, axis=0), seen) if n == 1 else (x, ops.take(seen, going, axis=0))
            rows = rows[going]
        return self._averaged(entries, batch, first)

    def _call(self, x: Tensor, states: Any) -> tuple[Tensor, Any]:
        output, new = run(self._cell, x, states, None, self._options, self._training)
        return output, [output, *new[1:]] if self._gives_state else new

    def _averaged(self, entries: list[Entry], batch: int, first: Any) -> Pondered:
        steps = np.zeros(batch, np.int32)
        for entry in entries:
            steps[entry.rows] += 1
        if not entries:
            output = ops.zeros((batch, output_size(self._cell)), dtype=flatten(first)[0].dtype)
            return Pondered(output, first, steps, None)
        if len(entries) == 1 and entries[0].rows.size == batch:
            return Pondered(entries[0].output, pack_as(first, entries[0].states), steps, None)
        rows = np.concatenate([entry.rows for entry in entries])
        done = np.concatenate([entry.done for entry in entries])[:, None]
        early = ops.where(done, 0.0, _joined([entry.probability for entry in entries]))
        remainder = 1.0 - ops.segment_sum(early, rows, batch)
        weight = ops.where(done, ops.take(remainder, rows, axis=0), early)

        def mean(values: list[Tensor]) -> Tensor:
            return ops.segment_sum(weight * _joined(values), rows, batch)

        output = mean([entry.output for entry in entries])
        states = [
            output if entries[0].states[k] is entries[0].output else mean([entry.states[k] for entry in entries])
            for k in range(len(entries[0].states))
        ]
        return Pondered(output, pack_as(first, states), steps, remainder)


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=0)


def _rows_of(structure: Any, rows: np.ndarray) -> Any:
    """Some rows of all tensors; a tensor that stands in two places is taken once."""
    taken: dict[int, Tensor] = {}

    def take(tensor: Tensor) -> Tensor:
        if id(tensor) not in taken:
            taken[id(tensor)] = ops.take(tensor, rows, axis=0)
        return taken[id(tensor)]

    return map_structure(take, structure)


def _chosen(rows: np.ndarray, new: Any, old: Any) -> Any:
    """The new states in these rows, the old ones in the others."""
    chosen = np.zeros(flatten(old)[0].shape[0], bool)
    chosen[rows] = True
    pairs = zip(flatten(new), flatten(old), strict=True)
    return pack_as(old, [ops.where(spread(ops.convert_to_tensor(chosen), one.ndim), one, two) for one, two in pairs])
