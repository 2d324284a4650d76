"""Random numbers, the same on any number of threads.

They are counter-based: each draw is a pure function of a seed and a stream number (Philox4x32-10, Salmon et al., 2011).

Where a function takes `seed`, an integer gives the same numbers at every call; a `SeedGenerator` gives its next stream;
None takes the next stream of the global generator, which `set_seed` restarts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recurra.checks import attribute_hints
from recurra.random.distributions import (
    bernoulli,
    beta,
    binomial,
    categorical,
    gamma,
    normal,
    randint,
    truncated_normal,
    uniform,
)
from recurra.random.generators import SeedGenerator, get_state, next_stream, set_seed, set_state
from recurra.random.selection import dropout, dropout_mask, shuffle

__all__ = [
    "SeedGenerator",
    "bernoulli",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "dropout_mask",
    "gamma",
    "get_state",
    "next_stream",
    "normal",
    "randint",
    "set_seed",
    "set_state",
    "shuffle",
    "truncated_normal",
    "uniform",
]

if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
