"""Cells that read more than the step's input: what they add to it is computed in front of the engine's loop."""

from __future__ import annotations

from recurra.layers.recurrent.cell import BuiltInCell
from recurra.tensor import Tensor


class FrontedCell(BuiltInCell):
    """A cell whose last state belongs to a front, which turns inputs into what the engine's cell reads.

    The front depends on the inputs alone, not on the states of the cell, and so is computed for all steps at once. It
    sees the dropout of the input; the engine's cell has none of its own.
    """

    features: int = 0  # of a step's input that dropout acts on, once the cell is built

    @property
    def memory_width(self) -> int:
        """Numbers of the front's state; 0 where the cell needs no front, and before it is built."""
        raise NotImplementedError

    @property
    def state_widths(self) -> list[int]:
        own = super().state_widths
        return [*own, self.memory_width] if self.memory_width else own

    def front(
        self, inputs: Tensor, memory: Tensor, mask: Tensor | None, dropout: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """What the cell reads (B, T, ...), and the memory behind the last step that counts.

        Args:
            inputs: (B, T, F), in the order of processing.
            memory: (B, M), from the steps before.
            mask: (B, T), true where a step counts; None where all do.
            dropout: The scale of the input, (B, F) or (B, T, F); None without dropout.
        """
        raise NotImplementedError
