"""Greedy search and sampling: every row goes on by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from recurra import random
from recurra.generation import scores
from recurra.generation.result import Generated
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
    found = np.full((rows, max_new_tokens), pad, np.int64)
    lengths = np.full(rows, max_new_tokens, np.int64)
    total = _Scores(rows)
    active = np.arange(rows)  # the rows that have not ended; states and logits are those of these
    for number in range(max_new_tokens):
        penalized = repetition(logits, ([*prompts[int(row)], *found[row, :number].tolist()] for row in active))
        if penalized is not logits and len(stuck := active[penalized.max(axis=-1) == -np.inf]):
            raise ValueError(
                f"generate: no_repeat_ngram_size={repetition.ngram} leaves no token behind the {number} "
                f"new ones of row {stuck[0]}; raise it or lower max_new_tokens"
            )
        chosen = _choose(penalized, how, [generators[row] for row in active] if generators else None)
        total.add(active, logits, chosen)
        if len(active) == rows:
            found[:, number] = chosen
        else:
            found[active, number] = chosen
        if callback is not None:
            callback(found[:, number].copy())
        if number + 1 == max_new_tokens:
            break
        if step.end is not None and not (going := chosen != step.end).all():
            lengths[active[~going]] = number + 1
            if not going.any():
                break
            active, chosen, states = active[going], chosen[going], take_rows(states, np.flatnonzero(going))
        logits, states = step(chosen, states)
    return Generated(found[:, : lengths.max()], lengths, total.result(), step.end)


class _Scores:
    """Sums of the log probabilities of chosen tokens; they are taken for many steps together, which costs less."""

    _most = 1 << 18  # logits that wait

    def __init__(self, rows: int) -> None:
        self._total = np.zeros(rows)
        self._waiting: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._size = 0

    def add(self, rows: np.ndarray, logits: np.ndarray, chosen: np.ndarray) -> None:
        """Adds what was chosen for some rows of one step."""
        self._waiting.append((rows, logits, chosen))
        self._size += logits.size
        if self._size >= self._most:
            self.result()

    def result(self) -> np.ndarray:
        """The sums so far."""
        if self._waiting:
            rows, logits, chosen = (np.concatenate(parts) for parts in zip(*self._waiting, strict=True))
            np.add.at(self._total, rows, scores.log_softmax(logits)[np.arange(len(rows)), chosen])
            self._waiting, self._size = [], 0
        return self._total


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
