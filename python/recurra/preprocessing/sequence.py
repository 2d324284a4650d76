"""Sequences of different lengths as one array: padding, and batches of like lengths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from recurra import _engine, random

__all__ = ["BucketedSequences", "pad_sequences"]


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
        raise ValueError(f"pad_sequences: sequences[{i}] is not a sequence: {row!r}") from None


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: DTypeLike = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: float | str = 0.0,
) -> NDArray[Any]:
    """Lays sequences of different lengths into one array, cut or filled up to the same length.

    Args:
        sequences: N sequences of any lengths (0 included): lists of numbers, or arrays (length, ...) whose steps all
            have the same shape.
        maxlen: Length of every row of the result; None: that of the longest sequence.
        dtype: Element type of the result; `object` for strings of any length.
        padding: 'pre' fills up in front of a sequence, 'post' after it.
        truncating: 'pre' drops the first steps of a sequence that is too long, 'post' the last.
        value: What to fill up with.

    Returns:
        An array (N, maxlen, ...) in which an empty sequence is a row of `value`.

    Raises:
        ValueError: An element is not a sequence, steps differ in shape, a step does not fit `dtype`, or an argument
            has no such choice.

    Example:
        >>> recurra.preprocessing.sequence.pad_sequences([[1, 2], [3]], maxlen=3).tolist()
        [[0, 1, 2], [0, 0, 3]]
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
    try:
        _engine.pad_sequences_into(out, sequences, padding_step, padding == "pre", truncating == "pre")
    except (TypeError, ValueError, OverflowError) as error:
        if str(error).startswith("pad_sequences: "):
            raise
        raise ValueError(f"pad_sequences: a step does not fit into the dtype {kind}: {error}") from error
    return out


class BucketedSequences:
    """Batches of sequences of like lengths, each batch only as long as its longest sequence: a source for `fit`.

    Padding costs time and teaches nothing. With `shuffle`, every pass draws a new order, sorts stretches of `pool`
    batches by length, cuts them into batches and shuffles those; without, sequences keep their order, as `predict`
    needs.

    Args:
        sequences: N sequences, as for `pad_sequences`.
        targets: N targets, or None for batches of x alone.
        batch_size: Sequences in a batch; the last may have fewer.
        maxlen: Cuts longer sequences; None: no bound.
        dtype, padding, truncating, value: As for `pad_sequences`.
        shuffle: New batches in every pass.
        pool: Batches whose sequences are sorted together: more leave less padding but mix lengths less.

    Yields:
        (x, y), or x: x (batch, length of the longest, ...), y (batch, ...).

    Raises:
        ValueError: Sequences and targets differ in number, there are none, or batch_size or pool is below 1.

    Example:
        >>> sequences = [[1], [2, 3, 4], [5], [6, 7, 8]]
        >>> batches = recurra.preprocessing.sequence.BucketedSequences(sequences, [0, 1, 0, 1], batch_size=2)
        >>> sorted(x.shape for x, y in batches)
        [(2, 1), (2, 3)]
    """

    def __init__(
        self,
        sequences: Sequence[Any] | NDArray[Any],
        targets: Any = None,
        batch_size: int = 32,
        *,
        maxlen: int | None = None,
        dtype: DTypeLike = "int32",
        padding: str = "pre",
        truncating: str = "pre",
        value: float = 0.0,
        shuffle: bool = True,
        pool: int = 50,
    ) -> None:
        self.lengths = _lengths(sequences)
        if not len(self.lengths):
            raise ValueError("BucketedSequences: there are no sequences")
        if batch_size < 1 or pool < 1:
            raise ValueError(f"BucketedSequences: batch_size and pool must be positive, got {batch_size} and {pool}")
        self.targets = None if targets is None else np.asarray(targets)
        if self.targets is not None and len(self.targets) != len(self.lengths):
            raise ValueError(f"BucketedSequences: {len(self.lengths)} sequences but {len(self.targets)} targets")
        self.sequences = sequences
        self.batch_size = batch_size
        self.maxlen = maxlen
        self.options: dict[str, Any] = {"dtype": dtype, "padding": padding, "truncating": truncating, "value": value}
        self.shuffle = shuffle
        self.pool = pool
        pad_sequences([], maxlen, **self.options)  # checks the options

    def __len__(self) -> int:
        return -(-len(self.lengths) // self.batch_size)

    def _batches(self) -> list[NDArray[np.int64]]:
        """The sequences of each batch of one pass."""
        order = np.arange(len(self.lengths))
        cuts = order[self.batch_size :: self.batch_size].copy()
        if not self.shuffle:
            return np.split(order, cuts)
        rng = np.random.default_rng(random.next_stream())
        rng.shuffle(order)
        stretch = self.pool * self.batch_size
        for begin in range(0, len(order), stretch):
            part = order[begin : begin + stretch]
            order[begin : begin + stretch] = part[np.argsort(self.lengths[part], kind="stable")]
        batches = np.split(order, cuts)
        return [batches[i] for i in rng.permutation(len(batches))]

    def __iter__(self) -> Iterator[Any]:
        for rows in self._batches():
            longest = int(self.lengths[rows].max())
            length = max(longest if self.maxlen is None else min(longest, self.maxlen), 1)  # never a row of no steps
            x = pad_sequences([self.sequences[i] for i in rows], length, **self.options)
            yield x if self.targets is None else (x, self.targets[rows])
