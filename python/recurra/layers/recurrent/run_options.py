"""How a recurrent layer runs its cell over a sequence, and which results it asks for."""

from __future__ import annotations

from typing import NamedTuple


class RunOptions(NamedTuple):
    """Settings of one run over a sequence; `RNN` documents the arguments of the same names.

    Attributes:
        go_backwards: read the last step first.
        return_sequences: return the outputs of all steps, (B, T, O), instead of the last one, (B, O).
        return_state: return the final states; the engine skips copying them otherwise.
        zero_output_for_mask: masked steps put out zeros instead of repeating the output before them.
        checkpoint: recompute states in the backward pass instead of storing all of them.
        engine: let the engine run the whole sequence in one call where it knows the cell.
    """

    go_backwards: bool = False
    return_sequences: bool = False
    return_state: bool = True
    zero_output_for_mask: bool = False
    checkpoint: bool = False
    engine: bool = True
