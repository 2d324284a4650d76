"""Initializers that draw every number by itself, from a distribution that the shape does not change."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import checks, random, serialization
from recurra.checks import number
from recurra.initializers.initializer import Initializer, Shape, dtype_name
from recurra.tensor import Tensor


class RandomInitializer(Initializer):
    """Base of the initializers that draw numbers.

    Args:
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.

    Raises:
        ValueError: seed is something else.

    Example:
        >>> issubclass(recurra.initializers.GlorotUniform, recurra.initializers.RandomInitializer)
        True
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, dict):
            seed = serialization.deserialize(seed)
        self.seed = seed if isinstance(seed, random.SeedGenerator) else checks.seed(seed, type(self).__name__)


class RandomNormal(RandomInitializer):
    """Normal random numbers N(mean, stddev²).

    Args:
        mean: Of the numbers; default 0.0.
        stddev: Their standard deviation, >= 0; default 0.05.
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> recurra.initializers.RandomNormal(stddev=0.1, seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        owner = type(self).__name__
        self.mean, self.stddev = number(mean, owner, "mean"), number(stddev, owner, "stddev", 0)

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return random.normal(tuple(shape), mean=self.mean, stddev=self.stddev, dtype=dtype_name(dtype), seed=self.seed)


class TruncatedNormal(RandomNormal):
    """Normal random numbers, drawn again while they lie more than two standard deviations from the mean.

    Args:
        mean: Of the numbers; default 0.0.
        stddev: Standard deviation before the truncation, >= 0; default 0.05.
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> w = recurra.initializers.TruncatedNormal(stddev=1.0, seed=1)((100, 100))
        >>> bool((abs(w.numpy()) <= 2).all())
        True
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return random.truncated_normal(
            tuple(shape), mean=self.mean, stddev=self.stddev, dtype=dtype_name(dtype), seed=self.seed
        )


class RandomUniform(RandomInitializer):
    """Uniform random numbers in [minval, maxval).

    Args:
        minval: Lower end; default -0.05.
        maxval: Upper end; default 0.05.
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.

    Raises:
        ValueError: An argument is not a number.

    Example:
        >>> w = recurra.initializers.RandomUniform(0, 1, seed=1)((100,)).numpy()
        >>> bool((w >= 0).all() and (w < 1).all())
        True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        owner = type(self).__name__
        self.minval, self.maxval = number(minval, owner, "minval"), number(maxval, owner, "maxval")

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return random.uniform(
            tuple(shape), minval=self.minval, maxval=self.maxval, dtype=dtype_name(dtype), seed=self.seed
        )


class RandomDecay(RandomInitializer):
    """ν for decays a = exp(-exp(ν)) whose squares are uniform between minval² and maxval².

    Args:
        minval: Smallest a, in (0, maxval); default 0.4.
        maxval: Largest a, in (minval, 1); default 0.99.
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.

    Raises:
        ValueError: Not 0 < minval < maxval < 1.

    Example:
        >>> nu = recurra.initializers.RandomDecay(0.5, 0.9, seed=1)((100,)).numpy()
        >>> a = np.exp(-np.exp(nu))
        >>> bool((a > 0.49).all() and (a < 0.91).all())
        True

    Source: Orvieto et al., Resurrecting Recurrent Neural Networks for Long Sequences, 2023.
    """

    def __init__(self, minval: float = 0.4, maxval: float = 0.99, seed: Any = None) -> None:
        super().__init__(seed)
        self.minval, self.maxval = number(minval, "RandomDecay", "minval"), number(maxval, "RandomDecay", "maxval")
        if not 0 < self.minval < self.maxval < 1:
            raise ValueError(f"RandomDecay: expected 0 < minval < maxval < 1, got minval={minval}, maxval={maxval}")

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        squares = random.uniform(tuple(shape), self.minval**2, self.maxval**2, dtype="float64", seed=self.seed).numpy()
        return Tensor(np.log(-0.5 * np.log(squares)).astype(dtype_name(dtype)))


_TURN = 2 * np.pi  # radians


class RandomRing(RandomInitializer):
    """ν and θ for complex numbers λ = exp(-exp(ν) + i exp(θ)) that are uniform on a part of a ring.

    Args:
        minval: Smallest |λ|, from 0 to below maxval; default 0.
        maxval: Largest |λ|, at most 1; default 1.
        max_phase: Largest phase exp(θ) in radians, above 0; default 2π, the whole ring.
        seed: An integer gives the same numbers at every call; a `recurra.random.SeedGenerator` or None (the global
            generator) new ones each time; default None.

    Raises:
        ValueError: Not 0 <= minval < maxval <= 1, or max_phase is not above 0; at the call, a shape other than (2, N).

    Example:
        >>> nu, theta = recurra.initializers.RandomRing(0.9, 0.99, 0.3, seed=1)((2, 100)).numpy()
        >>> size = np.exp(-np.exp(nu))
        >>> bool((size > 0.89).all() and (size < 0.991).all() and (np.exp(theta) < 0.301).all())
        True

    Source: Orvieto et al., Resurrecting Recurrent Neural Networks for Long Sequences, 2023.
    """

    def __init__(
        self, minval: float = 0.0, maxval: float = 1.0, max_phase: float = 2 * np.pi, seed: Any = None
    ) -> None:
        super().__init__(seed)
        self.minval, self.maxval = number(minval, "RandomRing", "minval"), number(maxval, "RandomRing", "maxval")
        self.max_phase = number(max_phase, "RandomRing", "max_phase", above=0)
        if not 0 <= self.minval < self.maxval <= 1:
            raise ValueError(f"RandomRing: expected 0 <= minval < maxval <= 1, got minval={minval}, maxval={maxval}")

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        if len(shape) != 2 or shape[0] != 2:
            raise ValueError(f"RandomRing: expected a shape (2, N), ν and θ, got {tuple(shape)}")
        drawn = random.uniform(tuple(shape), 0.0, 1.0, dtype="float64", seed=self.seed).numpy()
        tiny = np.finfo(np.float32).tiny
        squares = np.clip(self.minval**2 + (self.maxval**2 - self.minval**2) * drawn[0], tiny, 1 - 2.0**-24)
        ring = np.stack([np.log(-0.5 * np.log(squares)), np.log(self.max_phase * np.maximum(drawn[1], tiny))])
        return Tensor(ring.astype(dtype_name(dtype)))
