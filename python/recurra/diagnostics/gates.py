"""The gates of recurrent cells: how many of their values are saturated, and what the gates are called."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from recurra import ops
from recurra.diagnostics.report import OPEN, SHUT
from recurra.tensor import Tensor
from recurra.tree import flatten

#: Names of the blocks of a cell's matrices, by the number of them.
_BLOCKS: dict[str, dict[int, tuple[str, ...]]] = {
    "LSTMCell": {4: ("i", "f", "c", "o"), 3: ("i", "c", "o")},
    "GRUCell": {3: ("z", "r", "h")},
}


class GateCounter:
    """Counts saturated values of a cell's gates; takes the place of its `recurrent_activation`."""

    def __init__(self, cell: Any) -> None:
        self.cell = cell
        self.function = getattr(cell, "recurrent_activation", None)
        self.counts: list[np.ndarray] = []  # for each gate: values that are shut, that are open, all of them
        self._keep: np.ndarray | None = None
        self._next = 0

    def start(self) -> None:
        """Start new counts, in another list."""
        self.counts = []

    def before_step(self, keep: np.ndarray | None) -> None:
        """Start a time step; `keep` (B,) tells which sequences count."""
        self._keep, self._next = keep, 0

    def __call__(self, x: Tensor) -> Tensor:
        assert self.function is not None
        gates: Tensor = self.function(x)
        units = getattr(self.cell, "units", gates.shape[-1])
        values = gates.numpy() if self._keep is None else gates.numpy()[self._keep]
        for gate in np.split(values, max(1, values.shape[-1] // units), axis=-1):
            if self._next == len(self.counts):
                self.counts.append(np.zeros(3, np.int64))
            self.counts[self._next] += [(gate < SHUT).sum(), (gate > OPEN).sum(), gate.size]
            self._next += 1
        return gates


@contextmanager
def counted(cell: Any) -> Iterator[GateCounter]:
    """Within it the gates of a cell that has any are counted."""
    counter = GateCounter(cell)
    if not callable(counter.function):
        yield counter
        return
    cell.recurrent_activation = counter
    try:
        yield counter
    finally:
        cell.recurrent_activation = counter.function


def saturation(cell: Any, counts: list[np.ndarray]) -> dict[str, tuple[float, float]]:
    """By gate: the shares of its values that are shut and that are open."""
    named = sorted(zip(_gate_names(cell, len(counts)), counts, strict=True), key=lambda pair: pair[0])
    return {
        name: (float(shut / max(count, 1)), float(opened / max(count, 1))) for (_, name), (shut, opened, count) in named
    }


def block_names(cell: Any, count: int) -> tuple[str, ...] | None:
    """The names of the blocks of a cell's matrices, by their number; a subclass has those of its base."""
    for cls in type(cell).__mro__:
        names = _BLOCKS.get(cls.__name__, {}).get(count)
        if names is not None:
            return names
    return None


def _gate_names(cell: Any, count: int) -> list[tuple[int, str]]:
    """For each gate, in the order in which `call` computes them: its block in the cell's matrices, and its name.

    The block of a gate is found by a gradient: that of the gate's pre-activation with respect to the kernel.
    """
    unknown = [(i, f"gate {i + 1}") for i in range(count)]
    kernel, units = getattr(cell, "kernel", None), getattr(cell, "units", 0)
    if not isinstance(kernel, Tensor) or kernel.ndim != 2 or not units or kernel.shape[1] % units:
        return unknown
    names = block_names(cell, kernel.shape[1] // units)
    if names is None:
        return unknown
    found = []
    for gate in range(count):
        probe = Tensor(kernel.numpy().copy())
        probe.requires_grad = True
        arguments: list[Tensor] = []
        own = cell.recurrent_activation
        cell.kernel, cell.recurrent_activation = probe, _recording_arguments(own, arguments)
        try:
            step = ops.ones((1, kernel.shape[0]), dtype=kernel.dtype)
            cell.call(step, flatten(cell.get_initial_state(batch_size=1)))
        finally:
            cell.kernel, cell.recurrent_activation = kernel, own
        if len(arguments) != count:
            return unknown
        ops.sum(arguments[gate]).backward()
        gradient = np.zeros(probe.shape) if probe.grad is None else np.abs(probe.grad.numpy())
        blocks = gradient.reshape(kernel.shape[0], -1, units).sum(axis=(0, 2))
        found.append((int(blocks.argmax()), names[int(blocks.argmax())]))
    return found if len(set(found)) == count else unknown


def _recording_arguments(function: Callable[[Tensor], Tensor], arguments: list[Tensor]) -> Callable[[Tensor], Tensor]:
    def recording(x: Tensor) -> Tensor:
        arguments.append(x)
        return function(x)

    return recording
