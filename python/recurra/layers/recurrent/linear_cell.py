"""Cells that are linear in their state: few long sequences are computed by a scan over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from recurra import ops
from recurra.layers.recurrent.cell import BuiltInCell
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence


class LinearCell(BuiltInCell):
    """A cell h' = a h + b, number by number, whose a and b depend on the input but not on the state.

    A subclass says what a and b are (`coefficients`), for one step or for all at once; where its numbers are not real
    or its output is not the state, also what follows from that.
    """

    gates = 1
    refused: ClassVar[Sequence[str]] = ("skip", "normalization", "weight_normalization", "recurrent_dropconnect")
    refused_in_layers = ("checkpoint",)

    def coefficients(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """a and b, (..., U) each, or a (U,), for inputs (..., F)."""
        raise NotImplementedError

    def neutral(self) -> Tensor | float:
        """The a of a step that changes nothing, with b = 0."""
        return 1.0

    def scan(self, a: Tensor, b: Tensor, h: Tensor) -> Tensor:
        """The states (B, T, ·) for the coefficients of all steps, from the state h on."""
        return ops.linear_scan(a, b, h)

    def output(self, states: Tensor, inputs: Tensor) -> Tensor:
        """What the cell puts out in these states: the states themselves, unless a subclass says otherwise."""
        return states

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
        (h,) = states if isinstance(states, (list, tuple)) else (states,)
        x, dropped = self.dropped(inputs, h, training)
        a, b = self.coefficients(x)
        states = self.zoned([a * dropped + b], [h], training)
        return states[0], states
