"""Sources of batches for tasks: drawn by number, or sequences of any length one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from recurra.checks import whole_number
from recurra.utils import PyDataset


class DrawnBatches(PyDataset):
    """Batches that are drawn, new ones in each epoch: a function of seed, epoch and number.

    Such a source lets a run counted in steps go on where it stopped: an epoch is a fixed number of steps.

    Args:
        draw: Function of a generator of NumPy that gives a batch, (x, y) or (x, y, sample_weight).
        steps: Batches of an epoch.
        seed: Of all numbers.

    Raises:
        ValueError: `steps` is below 1.

    Example:
        >>> source = recurra.tasks.DrawnBatches(lambda rng: (rng.normal(size=(2, 1)), np.zeros((2, 1))), 5, seed=0)
        >>> first = source[0][0]
        >>> source.epoch = 1
        >>> len(source), bool((source[0][0] == first).any())
        (5, False)
    """

    def __init__(self, draw: Callable[[np.random.Generator], Any], steps: int, seed: int) -> None:
        super().__init__()
        self.draw = draw
        self.steps = whole_number(steps, "DrawnBatches", "steps")
        self.seed = seed
        self.epoch = 0  # set by `recurra.tasks.run`

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> Any:
        return self.draw(np.random.default_rng((self.seed, self.epoch, index)))


class Pieces(PyDataset):
    """Sequences of different lengths, each to be continued: x is all steps but the last, y all but the first.

    Args:
        pieces: Arrays (time, features).
        batch_size: Pieces of a batch; default 1. Several are padded behind their ends, and lengths come with them.

    Raises:
        ValueError: A piece has fewer than two steps, or the batch size is below 1.

    Example:
        >>> pieces = recurra.tasks.Pieces([np.ones((5, 88)), np.ones((9, 88))])
        >>> [pieces[i][0].shape for i in range(len(pieces))]
        [(1, 4, 88), (1, 8, 88)]
    """

    def __init__(self, pieces: Sequence[Any], batch_size: int = 1) -> None:
        super().__init__()
        self.batch_size = whole_number(batch_size, "Pieces", "batch_size")
        short = [number for number, piece in enumerate(pieces) if len(piece) < 2]
        if short:
            raise ValueError(f"Pieces: piece {short[0]} has {len(pieces[short[0]])} steps, at least 2 are needed")
        self.pieces = [np.asarray(piece, "float32") for piece in pieces]

    def __len__(self) -> int:
        return -(-len(self.pieces) // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        own = self.pieces[index * self.batch_size : (index + 1) * self.batch_size]
        if self.batch_size == 1:
            return own[0][None, :-1], own[0][None, 1:]
        lengths = np.array([len(piece) - 1 for piece in own])
        x = np.zeros((len(own), lengths.max(), own[0].shape[1]), "float32")
        y = np.zeros_like(x)
        for row, (piece, length) in enumerate(zip(own, lengths, strict=True)):
            x[row, :length], y[row, :length] = piece[:-1], piece[1:]
        return x, y, None, lengths
