"""Random matrices with orthonormal rows or columns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from recurra import random
from recurra.checks import number
from recurra.initializers.distributions import RandomInitializer
from recurra.initializers.initializer import Shape, dtype_name
from recurra.tensor import Tensor


class Orthogonal(RandomInitializer):
    """A number times a random matrix with orthonormal rows or columns, whichever are fewer.

    The axes before the last are counted as one. The matrix is Q of a QR decomposition of normal random numbers, with
    the signs of R's diagonal moved into Q, which makes Q uniform over all such matrices.

    Args:
        gain: The number; default 1.0.
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.

    Raises:
        ValueError: gain is not a number, or at the call the shape has fewer than two axes.

    Example:
        >>> q = recurra.initializers.Orthogonal(seed=1)((4, 4), "float64").numpy()
        >>> bool(np.allclose(q.T @ q, np.eye(4)))
        True

    Source: Saxe et al., Exact Solutions to the Nonlinear Dynamics of Learning in Deep Linear Neural Networks, 2014;
    Mezzadri, How to Generate Random Matrices from the Classical Compact Groups, 2007.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        self.gain = number(gain, "Orthogonal", "gain")

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        shape = tuple(shape)
        if len(shape) < 2:
            raise ValueError(f"Orthogonal needs a shape with at least two axes, got {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        long, short = max(rows, columns), min(rows, columns)
        drawn = random.normal((long, short), dtype="float64", seed=self.seed)
        q, r = np.linalg.qr(drawn.numpy())
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)
        matrix = q if rows >= columns else q.T
        return Tensor(np.ascontiguousarray((self.gain * matrix).reshape(shape).astype(dtype_name(dtype))))
