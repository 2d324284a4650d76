"""Sequences of different lengths as one array: padding, and batches of like lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from recurra import _engine

__all__ = ["pad_sequences"]


def _lengths(sequences: Any) -> NDArray[np.int64]:
    if not hasattr(sequences, "__len__"):
        raise ValueError(
            f"pad_sequences: sequences must be a list or an array of sequences, got {type(sequences).__name__}; "
            "make a list of a generator first"
        )
    try:
        return np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences))
    except TypeError:
        i, row = next((i, row) for i, row in enumerate(sequences) if not hasattr(row, "__len__"))
        raise ValueError(f"pad_sequences: sequences[{i}] is no sequence but {row!r}") from None


def pad_sequences(
    sequences: Sequence[Any] | NDArray[Any],
    maxlen: int | None = None,
    dtype: DTypeLike = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float | str = 0.0,
) -> NDArray[Any]:
    """Lays sequences of different lengths into one array, cut or filled up to the same length.

    Arguments:
        sequences: N sequences of any lengths (0 included): lists of numbers, or arrays (length, ...) whose steps all
            have the same shape.
        maxlen: length of every row of the result; None: that of the longest sequence.
        dtype: element type of the result; `object` for strings of any length.
        padding: 'pre' fills up in front of a sequence, 'post' behind it.
        truncating: 'pre' drops the first steps of a sequence that is too long, 'post' the last.
        value: what to fill up with.

    Returns:
        An array (N, maxlen, ...) in which an empty sequence is a row of `value`.

    Raises:
        ValueError: something is no sequence, steps differ in shape, a whole number does not fit into `dtype`, or an
            argument has no such choice.
    """
    for name, choice in (("padding", padding), ("truncating", truncating)):
        if choice not in ("pre", "post"):
            raise ValueError(f"pad_sequences: {name} must be 'pre' or 'post', got {choice!r}")
    lengths = _lengths(sequences)
    if maxlen is None:
        maxlen = int(lengths.max(initial=0))
    elif maxlen < 0:
        raise ValueError(f"pad_sequences: maxlen must not be negative, got {maxlen}")
    kind = np.dtype(dtype)
    if isinstance(value, str) and kind.kind not in "OUS":
        raise ValueError(f"pad_sequences: value {value!r} is text but dtype is {kind}; use dtype=object")
    first = next((row for row in sequences if len(row)), ())
    step_shape = np.asarray(first[:1]).shape[1:] if len(first) else ()

    if kind.kind == "O":
        out = np.full((len(lengths), maxlen, *step_shape), value, dtype=kind)
        for row, sequence in zip(out, sequences, strict=True):
            kept = sequence[max(len(sequence) - maxlen, 0) :] if truncating == "pre" else sequence[:maxlen]
            start = maxlen - len(kept) if padding == "pre" else 0
            row[start : start + len(kept)] = kept
        return out

    out = np.empty((len(lengths), maxlen, *step_shape), dtype=kind)
    padding_step = np.full(step_shape, value, dtype=out.dtype)
    _engine.pad_sequences_into(out, sequences, padding_step, padding == "pre", truncating == "pre")
    return out
