"""What can be seen of a run over a sequence: its start, and each time step."""

from __future__ import annotations

from typing import Any, Protocol

from recurra.tensor import Tensor


class Observer(Protocol):
    """Called by the step loop. Stacked cells run one after the other, each over all of its steps."""

    def begin(self, x: Tensor, states: Any, mask: Tensor | None) -> tuple[Tensor, Any]:
        """Called once before a run; returns the input and the initial states to run from."""

    def before_step(self, keep: Tensor | None) -> None:
        """Called before each step with the mask (B,) of the step, None where all sequences count."""

    def after_cell(self, output: Tensor, states: Any) -> Tensor:
        """Called with what the cell computed, before masking; returns the output to go on with."""

    def after_step(self, states: Any) -> None:
        """Called with the states that are carried to the next step, after masking."""
