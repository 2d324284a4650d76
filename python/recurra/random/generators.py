"""Where random numbers start from: the global generator, generators of one's own, integer seeds."""

from __future__ import annotations

import os
import threading
from typing import Any, TypeAlias

import numpy as np

# Streams of the global generator, of integer seeds and of SeedGenerators never meet, though their seeds may be equal.
_INTEGER_SEED_STREAM = 1 << 62
_GENERATOR_STREAMS = 1 << 63
_WORD = (1 << 64) - 1


class _Global:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.seed = int.from_bytes(os.urandom(8), "little")
        self.counter = 0


_global = _Global()


def set_seed(seed: int) -> None:
    """Restart the global generator: everything random after this is the same in every run.

    Args:
        seed: Any integer of at least 0 and below 2^64.

    Raises:
        TypeError: `seed` is not an integer.
        ValueError: It is outside the range.

    Example:
        >>> recurra.random.set_seed(0)
    """
    value = _checked_seed(seed)
    with _global.lock:
        _global.seed, _global.counter = value, 0


def next_stream() -> tuple[int, int]:
    """Pair (seed, stream) that no earlier call has returned since the last `set_seed`.

    Returns:
        Two integers.

    Example:
        >>> recurra.random.set_seed(3)
        >>> recurra.random.next_stream()
        (3, 1)
    """
    with _global.lock:
        _global.counter += 1
        return _global.seed, _global.counter


def get_state() -> dict[str, int]:
    """State of the generator, for `set_state`.

    Returns:
        A dictionary of integers.

    Example:
        >>> recurra.random.set_seed(3)
        >>> recurra.random.get_state()
        {'seed': 3, 'counter': 0}
    """
    with _global.lock:
        return {"seed": _global.seed, "counter": _global.counter}


def set_state(state: dict[str, int]) -> None:
    """Put the generator into a state that `get_state` returned.

    Args:
        state: The state.

    Raises:
        KeyError: It is not such a state.
        TypeError: A number in it is not an integer.

    Example:
        >>> state = recurra.random.get_state()
        >>> recurra.random.set_state(state)
    """
    seed, counter = _checked_seed(state["seed"]), int(state["counter"])
    with _global.lock:
        _global.seed, _global.counter = seed, counter


class SeedGenerator:
    """A sequence of streams of its own, for what must not depend on other users of the global generator.

    Args:
        seed: An integer; by default one drawn from the global generator.
        name: Name of the generator, for the user.

    Raises:
        TypeError: `seed` is not an integer.
        ValueError: It is outside 0 to 2^64 - 1.

    Example:
        >>> generator = recurra.random.SeedGenerator(7)
        >>> generator.next() == generator.next()
        False
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        self.seed = _mixed(*next_stream()) if seed is None else _checked_seed(seed)
        self.name = name or "seed_generator"
        self._counter = 0

    def next(self) -> tuple[int, int]:
        """Pair (seed, stream) that this generator has not returned before.

        Returns:
            Two integers.
        """
        self._counter += 1
        return self.seed, _GENERATOR_STREAMS | self._counter

    def get_state(self) -> dict[str, int]:
        """State of the generator, for `set_state`.

        Returns:
            A dictionary of integers.

        Example:
            >>> recurra.random.set_seed(3)
            >>> recurra.random.get_state()
            {'seed': 3, 'counter': 0}
        """
        return {"seed": self.seed, "counter": self._counter}

    def set_state(self, state: dict[str, int]) -> None:
        """Put the generator into a state that `get_state` returned.

        Args:
            state: The state.

        Raises:
            KeyError: It is not such a state.
            TypeError: A number in it is not an integer.

        Example:
            >>> state = recurra.random.get_state()
            >>> recurra.random.set_state(state)
        """
        self.seed, self._counter = _checked_seed(state["seed"]), int(state["counter"])

    def get_config(self) -> dict[str, Any]:
        """Arguments that make such a generator.

        Returns:
            A dictionary.
        """
        return {"seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """The generator that `get_config` describes."""
        return cls(**config)


Seed: TypeAlias = "int | np.integer[Any] | SeedGenerator | None"


def stream_of(seed: Seed) -> tuple[int, int]:
    """Pair (seed, stream) that what a user gives as `seed` stands for."""
    if seed is None:
        return next_stream()
    return seed.next() if isinstance(seed, SeedGenerator) else (_checked_seed(seed), _INTEGER_SEED_STREAM)


def generator_of(seed: Seed) -> np.random.Generator:
    """NumPy's generator for distributions that the engine leaves to it."""
    return np.random.Generator(np.random.Philox(key=_mixed(*stream_of(seed))))


def _checked_seed(seed: int | np.integer[Any]) -> int:
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TypeError(f"seed: expected an integer, got {type(seed).__name__}")
    if not 0 <= seed <= _WORD:
        raise ValueError(f"seed: expected an integer from 0 to 2**64 - 1, got {seed}")
    return int(seed)


def _mixed(seed: int, stream: int) -> int:
    """One 64-bit number from two (the finaliser of SplitMix64, Steele et al., 2014)."""
    z = (seed + 0x9E3779B97F4A7C15 * (stream + 1)) & _WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
    return z ^ (z >> 31)
