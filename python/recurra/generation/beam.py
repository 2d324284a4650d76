"""Beam search: the best of the continuations of several rows at a time, or a sample of them.

A finished sequence is scored Σ log p / length ** length_penalty, the end mark counted, as Hugging Face does. Beam
sampling draws twice as many continuations as there are beams, without replacement, by the probabilities of the
sequences; p is then what temperature, top-k (at least 2) and top-p make of the distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from recurra.generation import scores
from recurra.generation.result import Generated, padded
from recurra.generation.search import generators_of
from recurra.generation.stepping import Stepper, take_rows


class Beams(NamedTuple):
    """How the search goes; `generate` documents the arguments of the same names."""

    num_beams: int
    length_penalty: float
    early_stopping: bool | str
    num_return_sequences: int
    repetition: scores.Repetition
    sampling: scores.Sampling
    max_new_tokens: int
    pad: int


class _Finished:
    """The best finished sequences of one prompt."""

    def __init__(self, how: Beams) -> None:
        self.how = how
        self.best: list[tuple[float, list[int]]] = []  # best first

    def add(self, tokens: list[int], total: float) -> None:
        self.best.append((total / len(tokens) ** self.how.length_penalty, tokens))
        self.best.sort(key=lambda one: -one[0])
        del self.best[self.how.num_beams :]

    def is_done(self, best_total: float, length: int) -> bool:
        """Whether no sequence that goes on from a sum of log probabilities can be better than the finished ones."""
        if len(self.best) < self.how.num_beams:
            return False
        if self.how.early_stopping is True:
            return True
        if self.how.early_stopping == "never" and self.how.length_penalty > 0:
            length = self.how.max_new_tokens
        return bool(self.best[-1][0] >= best_total / length**self.how.length_penalty)


def beam_search(
    step: Stepper, logits: np.ndarray, states: Any, prompts: Sequence[Sequence[int]], how: Beams
) -> Generated:
    """Goes on behind prompts that were read: `logits` are those of the first token."""
    rows, beams, vocabulary = len(prompts), how.num_beams, logits.shape[1]
    if beams > vocabulary:
        raise ValueError(f"generate: num_beams must be at most the size of the vocabulary, {vocabulary}, got {beams}")
    each = np.repeat(np.arange(rows), beams)
    logits, states = logits[each], take_rows(states, each)
    tokens: list[list[int]] = [[] for _ in each]
    totals = np.full((rows, beams), -np.inf)  # equal beams would all go on alike, so one begins
    totals[:, 0] = 0.0
    finished = [_Finished(how) for _ in prompts]
    generators = generators_of(how.sampling, rows)
    active = list(range(rows))  # the prompts whose search goes on; their beams are the rows of states
    for length in range(1, how.max_new_tokens + 1):
        seen = ([*prompts[row], *tokens[row * beams + k]] for row in active for k in range(beams))
        likely = how.repetition(scores.log_softmax(logits), seen)
        if generators is not None:
            likely = how.sampling.narrowed(likely, least=2)
        likely = likely.reshape(len(active), beams, vocabulary) + totals[active][:, :, None]
        likely = likely.reshape(len(active), -1)
        if generators is None:
            ranked = list(np.argsort(-likely, axis=-1, kind="stable")[:, : 2 * beams])
        else:
            ranked = [
                scores.draw_without_replacement(row, generators[number].random(len(row)), 2 * beams)
                for number, row in zip(active, likely, strict=True)
            ]
        going: list[int] = []
        parents: list[int] = []  # rows of the states that the next beams go on from
        last: list[int] = []
        for place, row in enumerate(active):
            followed = tokens[row * beams : (row + 1) * beams]
            best = [(*divmod(at, vocabulary), float(likely[place, at])) for at in ranked[place].tolist()]
            candidates = _extend(best, followed, finished[row], step.end)
            totals[row] = -np.inf
            if not candidates or finished[row].is_done(best[0][2], length):
                continue
            spare = (*candidates[-1][:2], -np.inf)  # fills up where there are fewer continuations than beams
            candidates = (candidates + [spare] * beams)[:beams]
            tokens[row * beams : (row + 1) * beams] = [[*followed[beam], token] for beam, token, _ in candidates]
            totals[row] = [total for _, _, total in candidates]
            parents += [place * beams + beam for beam, _, _ in candidates]
            last += [token for _, token, _ in candidates]
            going.append(row)
        active = going
        if not active or length == how.max_new_tokens:
            break
        logits, states = step(np.array(last), take_rows(states, np.array(parents)))
    for row in active:  # no room for an end mark
        for k in np.flatnonzero(np.isfinite(totals[row])):
            finished[row].add(tokens[row * beams + k], float(totals[row, k]))
    return _best(finished, how, step.end)


def _extend(
    best: list[tuple[int, int, float]], tokens: list[list[int]], finished: _Finished, end: int | None
) -> list[tuple[int, int, float]]:
    """Those of the continuations (beam, token, total) of one prompt's beams, best first, that go on.

    Sequences that end are filed where they are among as many best ones as there are beams.
    """
    beams = len(tokens)
    going: list[tuple[int, int, float]] = []
    for rank, (beam, token, total) in enumerate(best):
        if total == -np.inf:
            break
        if token == end:
            if rank < beams:
                finished.add([*tokens[beam], token], total)
        elif len(going) < beams:
            going.append((beam, token, total))
    return going


def _best(finished: list[_Finished], how: Beams, end: int | None) -> Generated:
    rows: list[list[int]] = []
    values: list[float] = []
    for one in finished:
        if len(one.best) < how.num_return_sequences:
            raise ValueError(
                f"generate: only {len(one.best)} different sequences exist within max_new_tokens="
                f"{how.max_new_tokens}, num_return_sequences={how.num_return_sequences} asks for more"
            )
        for value, tokens in one.best[: how.num_return_sequences]:
            rows.append(tokens)
            values.append(value)
    sequences, lengths = padded(rows, how.pad)
    return Generated(sequences, lengths, np.array(values), end)
