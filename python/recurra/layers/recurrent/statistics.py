"""Moving statistics of recurrent batch normalisation: a mean and a variance for each of the first steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recurra.tensor import Tensor, Variable

if TYPE_CHECKING:
    from recurra.layers.base import Layer


class MovingStatistics:
    """Mean and variance (steps, columns) of the sums of a recurrent cell, non-trainable weights of `owner`.

    All steps from the last row on share it.
    """

    def __init__(self, owner: Layer, steps: int, columns: int, momentum: float) -> None:
        self.momentum = momentum
        self.mean = self._weight(owner, "moving_mean", (steps, columns), "zeros")
        self.variance = self._weight(owner, "moving_variance", (steps, columns), "ones")

    @staticmethod
    def _weight(owner: Layer, name: str, shape: tuple[int, int], initializer: str) -> Variable:
        return owner.add_weight(shape, initializer=initializer, trainable=False, name=name)

    def move(self, mean: Tensor, variance: Tensor, mask: np.ndarray | None) -> None:
        """Update the averages with the statistics (T, columns) of a batch, except for steps that `mask` hides wholly.

        Steps are in the order of processing, in the mask too.
        """
        new = np.stack([mean.numpy(), variance.numpy()])
        seen = np.ones(new.shape[1], bool) if mask is None else np.asarray(mask.any(axis=0))
        own = self.mean.shape[0] - 1  # steps with a row of their own
        places, rest = np.flatnonzero(seen[:own]), np.flatnonzero(seen[own:]) + own
        taken = new[:, places]
        if len(rest):
            means, variances = new[:, rest]
            shared = np.stack([means.mean(axis=0), variances.mean(axis=0) + means.var(axis=0)])
            places, taken = np.append(places, own), np.concatenate([taken, shared[:, None]], axis=1)
        for moving, current in zip((self.mean, self.variance), taken, strict=True):
            moved = moving.numpy().copy()
            moved[places] = self.momentum * moved[places] + (1 - self.momentum) * current
            moving.assign(moved)
