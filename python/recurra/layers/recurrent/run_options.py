"""How a recurrent layer runs its cell over a sequence, and which results it asks for."""

from __future__ import annotations

from typing import NamedTuple


class RunOptions(NamedTuple):
    """Settings of one run over a sequence; `RNN` documents the arguments of the same names.

    Attributes:
        go_backwards: Read the last step first.
        return_sequences: Return the outputs of all steps, (B, T, O), instead of the last one, (B, O).
        return_state: Return the final states; the engine skips copying them otherwise.
        zero_output_for_mask: Masked steps put out zeros instead of repeating the output before them.
        checkpoint: Recompute states in the backward pass instead of storing all of them.
        engine: Let the engine run the whole sequence in one call where it knows the cell.
    """

    go_backwards: bool = False
    return_sequences: bool = False
    return_state: bool = True
    zero_output_for_mask: bool = False
    checkpoint: bool = False
    engine: bool = True
