"""The states of a recurrent layer at every step of a run, on the tape, so that a backward pass leaves their gradients.

Values are not changed: the layer runs in the package's step loop, which calls the `Recorder` as its observer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recurra import ops
from recurra.diagnostics.gates import GateCounter, counted
from recurra.layers.recurrent.rnn import RNN
from recurra.layers.recurrent.stacked import StackedRNNCells
from recurra.tensor import Tensor
from recurra.tree import flatten, pack_as


class Step:
    """The states of one time step: as computed, and as carried on (in masked rows those of the step before)."""

    def __init__(self, computed: list[Tensor], carried: list[Tensor], keep: Tensor | None) -> None:
        self.computed, self.carried, self.keep = computed, carried, keep
        for state in (*computed, *carried):
            state.retain_grad()

    def gradient(self, number: int) -> np.ndarray:
        """The gradient of a state: in masked rows that of the carried one, else of the one the output came from."""
        computed, carried = (gradient_of(states[number]) for states in (self.computed, self.carried))
        return computed if self.keep is None else np.where(self.keep.numpy()[:, None], computed, carried)


@dataclass
class Use:
    """One call of a layer on a batch: what it started from, and by cell the states after each step."""

    x: Tensor
    mask: Tensor | None
    start: list[Tensor]
    gate_counts: list[list[np.ndarray]]
    steps: list[list[Step]] = field(default_factory=lambda: [[]])

    def place(self, number: int) -> tuple[list[Step], int]:
        """The steps of the cell that has a state, by its number in the layer, and its number in the cell."""
        for steps in self.steps:
            if number < len(steps[0].carried):
                return steps, number
            number -= len(steps[0].carried)
        raise IndexError("no cell has this state")


class Recorder:
    """An `Observer` that puts all states of a layer on the tape and records them, a `Use` for each call."""

    def __init__(self, gates: list[GateCounter]) -> None:
        self.uses: list[Use] = []
        self._gates = gates
        self._computed: list[Tensor] = []
        self._keep: Tensor | None = None

    def begin(self, x: Tensor, states: Any, mask: Tensor | None) -> tuple[Tensor, Any]:
        start = flatten(states)
        for gate in self._gates:
            gate.start()
        self.uses.append(
            Use(x.detach(), mask, [state.detach() for state in start], [gate.counts for gate in self._gates])
        )
        # Adding zeros that require a gradient puts everything computed from these on the tape.
        if x.dtype.startswith("float"):
            x = x + _zeros((1,), x.dtype)
        return x, pack_as(states, [state + _zeros(state.shape, state.dtype) for state in start])

    def before_step(self, keep: Tensor | None) -> None:
        self._keep = keep
        for gate in self._gates:
            gate.before_step(None if keep is None else keep.numpy())

    def after_cell(self, output: Tensor, states: Any) -> Tensor:
        self._computed = flatten(states)
        if any(state is output for state in self._computed):
            return output
        # A cell may return its output and its state as two tensors of the same values: count their gradients together.
        return next((state for state in self._computed if _equal(state, output)), output)

    def after_step(self, states: Any) -> None:
        use = self.uses[-1]
        if len(use.steps[-1]) == use.x.shape[1]:
            use.steps.append([])  # the next one of stacked cells
        use.steps[-1].append(Step(self._computed, flatten(states), self._keep))


@contextmanager
def recording(layer: RNN) -> Iterator[Recorder]:
    """Within it the calls of a layer are recorded."""
    with ExitStack() as stack:
        recorder = Recorder([stack.enter_context(counted(cell)) for cell in cells_of(layer)])
        stack.enter_context(layer.observed(recorder))
        yield recorder


def cells_of(layer: RNN) -> list[Any]:
    """The cells of a layer, from the input upwards."""
    return list(layer.cell.cells) if isinstance(layer.cell, StackedRNNCells) else [layer.cell]


def gradient_of(tensor: Tensor) -> np.ndarray:
    """The gradient of a tensor, zeros where none has arrived."""
    return np.zeros(tensor.shape, tensor.dtype) if tensor.grad is None else tensor.grad.numpy()


def _equal(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and np.array_equal(one.numpy(), other.numpy(), equal_nan=True)


def _zeros(shape: Any, dtype: str) -> Tensor:
    leaf = ops.zeros(shape, dtype=dtype)
    leaf.requires_grad = True
    return leaf
