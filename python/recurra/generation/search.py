"""Greedy search and sampling: every row goes on by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from recurra import random
from recurra.generation import scores
from recurra.generation.result import Generated, padded
from recurra.generation.scores import Repetition, Sampling
from recurra.generation.stepping import Stepper, take_rows

Callback = Callable[[np.ndarray], Any]


def search(
    step: Stepper,
    logits: np.ndarray,
    states: Any,
    prompts: Sequence[Sequence[int]],
    how: Sampling,
    repetition: Repetition,
    max_new_tokens: int,
    pad: int,
    callback: Callback | None,
) -> Generated:
    """Goes on behind prompts that were read: `logits` are those of the first token."""
    rows = len(prompts)
    generators = generators_of(how, rows)
    found: list[list[int]] = [[] for _ in range(rows)]
    total = np.zeros(rows)
    active = np.arange(rows)  # the rows that have not ended; states and logits are those of these
    for number in range(max_new_tokens):
        penalized = repetition(logits, ([*prompts[int(row)], *found[int(row)]] for row in active))
        stuck = active[penalized.max(axis=-1) == -np.inf]
        if len(stuck):
            raise ValueError(
                f"generate: no_repeat_ngram_size={repetition.ngram} leaves no token behind the {len(found[stuck[0]])} "
                f"new ones of row {stuck[0]}; raise it or lower max_new_tokens"
            )
        chosen = _choose(penalized, how, [generators[row] for row in active] if generators else None)
        total[active] += scores.log_softmax(logits)[np.arange(len(active)), chosen]
        for row, token in zip(active, chosen, strict=True):
            found[row].append(int(token))
        if callback is not None:
            shown = np.full(rows, pad, np.int64)
            shown[active] = chosen
            callback(shown)
        going = chosen != step.end if step.end is not None else np.ones(len(chosen), bool)
        if number + 1 == max_new_tokens or not going.any():
            break
        if not going.all():
            active, chosen, states = active[going], chosen[going], take_rows(states, np.flatnonzero(going))
        logits, states = step(chosen, states)
    sequences, lengths = padded(found, pad)
    return Generated(sequences, lengths, total, step.end)


def _choose(logits: np.ndarray, how: Sampling, generators: list[np.random.Generator] | None) -> np.ndarray:
    if generators is None:
        return np.asarray(logits.argmax(axis=-1))
    kept = how.narrowed(logits)
    return scores.draw(kept, np.array([generator.random() for generator in generators]))


def generators_of(how: Sampling, rows: int) -> list[np.random.Generator] | None:
    """One for each row, so that a row's numbers do not depend on how many rows there are."""
    if not how.do_sample:
        return None
    start = [how.seed] if how.seed is not None else list(random.next_stream())
    return [np.random.default_rng([*start, row]) for row in range(rows)]
