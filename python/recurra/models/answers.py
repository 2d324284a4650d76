"""Token numbers as sequence-to-sequence models take them: padded with 0, with start and end marks around answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.tensor import Tensor


def padded_tokens(rows: Any, who: str, what: str, vocabulary: int) -> np.ndarray:
    """Sequences of tokens as int32 (batch, steps), with 0 behind the shorter ones.

    Args:
        rows: An array (batch, steps), or one list of tokens for each sequence.
        who: The model, for messages.
        what: "source" or "target".
        vocabulary: Number of tokens, 0 among them.

    Raises:
        ValueError: They are no such sequences, a token is not in the vocabulary, or 0 stands in front of one.
    """
    if isinstance(rows, Tensor):
        rows = rows.numpy()
    if isinstance(rows, (list, tuple)):
        rows = _as_array([np.asarray(row) for row in rows], who, what)
    array = np.asarray(rows)
    if array.ndim != 2 or array.dtype.kind not in "iuf" or (array.dtype.kind == "f" and (array % 1 != 0).any()):
        raise ValueError(
            f"{who}: {what} must be whole numbers (batch, steps) or one list of them for each sequence, "
            f"got shape {array.shape} of dtype {array.dtype}"
        )
    if array.size and (array.min() < 0 or array.max() >= vocabulary):
        wrong = array[(array < 0) | (array >= vocabulary)].flat[0]
        raise ValueError(
            f"{who}: {what} has the token {wrong:.0f}; expected 1, …, {vocabulary - 1} and 0 for padding "
            f"({what}_vocabulary={vocabulary})"
        )
    between = (array[:, :-1] == 0) & (array[:, 1:] != 0)
    if between.any():
        row = int(np.flatnonzero(between.any(axis=1))[0])
        raise ValueError(f"{who}: {what} {row} has 0, which is padding, in front of a token; number tokens from 1")
    return array.astype(np.int32)


def _as_array(rows: list[np.ndarray], who: str, what: str) -> np.ndarray:
    for number, row in enumerate(rows):
        if row.ndim != 1 or (row.size and row.dtype.kind not in "iu"):
            raise ValueError(f"{who}: {what} {number} must be a list of whole numbers, got {row.tolist()!r}")
    array = np.zeros((len(rows), max((len(row) for row in rows), default=0)), np.int64)
    for target, row in zip(array, rows, strict=True):
        target[: len(row)] = row
    return array


def taught(target: np.ndarray, start: int, end: int, who: str) -> tuple[np.ndarray, np.ndarray]:
    """What a decoder reads, [start, t1, …, tn], and what it shall say, [t1, …, tn, end], both padded with 0.

    Raises:
        ValueError: A mark stands in a target already.
    """
    for name, mark in (("start", start), ("end", end)):
        rows = np.flatnonzero((target == mark).any(axis=1))
        if rows.size:
            raise ValueError(
                f"{who}: target {rows[0]} contains the {name} mark {mark}; give answers without marks, they are added"
            )
    edge = np.zeros((len(target), 1), np.int32)
    read = np.concatenate([edge + np.int32(start), target], axis=1)
    said = np.concatenate([target, edge], axis=1)
    said[np.arange(len(target)), (target != 0).sum(axis=1)] = end
    return read, said
