"""What was generated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Generated:
    """Generated sequences, those of one prompt one below the other, best first.

    Args:
        sequences: Integers (rows, L), rows = prompts × num_return_sequences: the tokens behind the prompt, the end mark
            included; what follows it is padding.
        lengths: Integers (rows,): tokens of each row, with the end mark.
        scores: Floats (rows,): the sum of the log probabilities of the tokens; beam search divides it by
            lengths ** length_penalty.
        end: The end mark, or None.

    Example:
        >>> found = recurra.generation.Generated(np.array([[4, 2, 0]]), np.array([2]), np.array([-0.5]), end=2)
        >>> found.lists()
        [[4]]
    """

    sequences: np.ndarray
    lengths: np.ndarray
    scores: np.ndarray
    end: int | None = None

    def lists(self) -> list[list[int]]:
        """The tokens of each row as a list, without end mark and padding.

        Returns:
            One list for each row.
        """
        rows = [row[:length].tolist() for row, length in zip(self.sequences, self.lengths, strict=True)]
        return [row[:-1] if row and row[-1] == self.end else row for row in rows]


def padded(rows: list[list[int]], pad: int) -> tuple[np.ndarray, np.ndarray]:
    """Lists of tokens as one array (rows, L), and their lengths."""
    lengths = np.array([len(row) for row in rows], np.int64)
    sequences = np.full((len(rows), int(lengths.max(initial=0))), pad, np.int64)
    for target, row in zip(sequences, rows, strict=True):
        target[: len(row)] = row
    return sequences, lengths
