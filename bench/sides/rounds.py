"""Interleaved rounds: all sides are timed in turns, so that a change of the machine's speed meets all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable

from bench.sides.process import Side

Timer = Callable[[int], list[float] | None]


def rounds_of(
    timers: dict[str, Timer], rounds: int, budget: float = 150, most_rounds: int = 0
) -> dict[str, list[float]]:
    """Median milliseconds of each timer in each round, the timers called in turns.

    A timer takes a number of repeats and returns the milliseconds of each; None leaves it out. The repeats of one round
    take about `budget` milliseconds; there are at most twenty, or 200 of what is quick. While the rounds of any timer
    differ by more than half, more follow, up to `most_rounds`.
    """
    samples: dict[str, list[float]] = {}
    repeats: dict[str, int] = {}
    for name, timer in timers.items():
        first = timer(1)
        if first is not None:
            most = 20 if first[0] > 0.5 else 200
            repeats[name], samples[name] = max(1, min(most, int(budget / first[0]))), []
    made = 0
    while made < rounds or (made < most_rounds and any(max(t) > 1.5 * min(t) for t in samples.values())):
        made += 1
        for name, times in samples.items():
            taken = timers[name](repeats[name])
            assert taken is not None
            times.append(statistics.median(taken))
    return samples


def spread(samples: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Median, minimum and maximum over rounds."""
    return {name: {"median": statistics.median(t), "min": min(t), "max": max(t)} for name, t in samples.items()}


def measure(
    case: str,
    mode: str,
    sides: dict[str, Side],
    rounds: int,
    budget: float = 150,
    most_rounds: int = 0,
) -> dict[str, dict[str, float]]:
    """Median, minimum and maximum milliseconds of each side, over interleaved rounds."""
    timers: dict[str, Timer] = {
        peer: lambda repeats, side=side: side.time(case, mode, repeats) for peer, side in sides.items()
    }
    return spread(rounds_of(timers, rounds, budget, most_rounds))
