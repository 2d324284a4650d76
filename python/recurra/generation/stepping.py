"""Calling a step function, and rows of the states that it carries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from recurra import ops
from recurra.checks import is_whole_number
from recurra.tensor import Tensor, no_grad
from recurra.tree import map_structure

#: (tokens (rows,), states) → (logits (rows, V), states); the first axis of every state is the rows.
Step = Callable[[np.ndarray, Any], tuple[Any, Any]]


class Stepper(NamedTuple):
    """A step function whose results are checked.

    Attributes:
        step: The function.
        end: The end mark, or None.
    """

    step: Step
    end: int | None

    def __call__(self, tokens: np.ndarray, states: Any) -> tuple[np.ndarray, Any]:
        """The logits (rows, V) as float64, and the new states."""
        with no_grad():
            result = self.step(tokens.astype(np.int32), states)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise ValueError(f"generate: step must return (logits, states), got {type(result).__name__}")
        logits = np.array(result[0].numpy() if isinstance(result[0], Tensor) else result[0], np.float64)
        if logits.ndim != 2 or len(logits) != len(tokens):
            raise ValueError(
                f"generate: step must return logits of shape (rows, vocabulary) for {len(tokens)} rows, "
                f"got {logits.shape}"
            )
        if not logits.max(axis=-1).min(initial=0.0) > -np.inf:  # a NaN is its row's maximum
            raise ValueError("generate: step returned logits that are NaN, or −inf for all tokens")
        if self.end is not None and self.end >= logits.shape[1]:
            raise ValueError(f"generate: end={self.end} is no token of a vocabulary of {logits.shape[1]}")
        return logits, result[1]


def take_rows(states: Any, rows: np.ndarray) -> Any:
    """The same structure with these rows of every tensor and array."""

    def of_one(state: Any) -> Any:
        if isinstance(state, Tensor):
            return ops.take(state, rows, axis=0)
        return state[rows] if isinstance(state, np.ndarray) else state

    return map_structure(of_one, states)


def checked_prompts(prompts: Any) -> list[list[int]]:
    """Prompts as lists of tokens.

    Raises:
        ValueError: They are no lists of integers, or one is empty.
    """
    rows = _listed(prompts)
    if not isinstance(rows, (list, tuple)) or not rows:
        raise ValueError(f"generate: prompts must be one list of tokens for each row, got {prompts!r}")
    found = [_listed(row) for row in rows]
    for number, row in enumerate(found):
        if not isinstance(row, (list, tuple)) or not all(is_whole_number(one) and one >= 0 for one in row):
            raise ValueError(
                "generate: prompts must be one list of tokens for each row, integers from 0 on; "
                f"row {number} is {row!r}"
            )
        if not row:
            raise ValueError(f"generate: the prompt of row {number} is empty; begin it with a start mark")
    return [[int(one) for one in row] for row in found]


def check_room(step: Any, prompts: Sequence[Sequence[int]], max_new_tokens: int) -> None:
    """Compares what a step function has room for, its `context`, with prompts and answers.

    Raises:
        ValueError: A prompt, or a prompt and its answer, is longer.
    """
    context = getattr(step, "context", None)
    if context is None:
        return
    for number, row in enumerate(prompts):
        if len(row) > context:
            raise ValueError(
                f"generate: the prompt of row {number} has {len(row)} tokens, but the model has {context} positions; "
                "shorten it"
            )
        needed = len(row) + max_new_tokens - 1  # the last token is not read
        if needed > context:
            raise ValueError(
                f"generate: the prompt of row {number}, {len(row)} tokens, and max_new_tokens={max_new_tokens} take "
                f"{needed} positions, but the model has {context}; lower max_new_tokens to {context + 1 - len(row)}"
            )


def _listed(value: Any) -> Any:
    value = value.numpy() if isinstance(value, Tensor) else value
    return value.tolist() if isinstance(value, np.ndarray) else value


def read_prompts(step: Stepper, prompts: Sequence[Sequence[int]], states: Any) -> tuple[np.ndarray, Any]:
    """The logits behind every prompt, and the states there; a shorter prompt is not read on past its end.

    Rows of the same length at a time are read: each step sees the rows that still have tokens.
    """
    lengths = np.array([len(row) for row in prompts])
    order = np.argsort(-lengths, kind="stable")  # so that the rows that go on are always the first ones
    states = take_rows(states, order) if (order != np.arange(len(order))).any() else states
    finished: list[tuple[Any, Any]] = []  # of the rows that end, shortest first
    for t in range(int(lengths.max())):
        logits, states = step(np.array([prompts[row][t] for row in order[: int((lengths > t).sum())]]), states)
        going = int((lengths > t + 1).sum())
        if going < len(logits):
            ended = np.arange(going, len(logits))
            finished.append((logits[going:], take_rows(states, ended)))
            states = take_rows(states, np.arange(going))
    finished.reverse()
    back = np.argsort(order, kind="stable")
    joined = _joined([states for _, states in finished])
    return np.concatenate([logits for logits, _ in finished])[back], take_rows(joined, back)


def _joined(parts: list[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    if isinstance(first, Tensor):
        return ops.concatenate(parts, axis=0)
    if isinstance(first, np.ndarray):
        return np.concatenate(parts)
    if isinstance(first, dict):
        return {key: _joined([part[key] for part in parts]) for key in first}
    if isinstance(first, (list, tuple)):
        items = [_joined(list(items)) for items in zip(*parts, strict=True)]
        return type(first)(*items) if hasattr(first, "_fields") else type(first)(items)
    return first
