"""Windows of one long row of tokens: rows that are read side by side, each window going on where the last one ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra import random
from recurra.tensor import Tensor


class TokenWindows:
    """Batches (x, y): the tokens are cut into `batch_size` rows of equal length, and these into windows.

    y has the tokens that follow those of x; with `context` x also has so many steps in front of them.

    Args:
        tokens: Checked token numbers (N,).
        batch_size: Rows.
        steps: Steps of a window whose tokens count; the last window of a row may have fewer.
        context: Steps in front of them; fewer where a row begins.
        varied: Whether the steps are drawn anew for each window, around `steps` with probability 0.95, else around half
            of it, with a standard deviation of 5 and at least 5 (Merity et al., 2017).
        who: The model, for messages.

    Raises:
        ValueError: There are fewer tokens than rows need.
    """

    def __init__(
        self, tokens: NDArray[np.int32], batch_size: int, steps: int, context: int, varied: bool, who: str
    ) -> None:
        self.length = (len(tokens) - 1) // batch_size
        if self.length < 1:
            raise ValueError(
                f"{who}: {len(tokens):,} tokens are too few for {batch_size} rows, each of which needs a token and one "
                f"that follows it; give at least {batch_size + 1}, or a smaller batch_size"
            )
        used = self.length * batch_size
        self.x = tokens[:used].reshape(batch_size, self.length)
        self.y = tokens[1 : used + 1].reshape(batch_size, self.length)
        self.steps, self.context, self.varied = steps, context, varied

    def __len__(self) -> int:
        if self.varied:
            raise TypeError("the number of windows is drawn")
        return -(-self.length // self.steps)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        generator = np.random.default_rng(random.next_stream()) if self.varied else None
        begin = 0
        while begin < self.length:
            stop = min(begin + (self.steps if generator is None else _drawn(self.steps, generator)), self.length)
            yield self.x[:, max(0, begin - self.context) : stop], self.y[:, begin:stop]
            begin = stop


def _drawn(steps: int, generator: np.random.Generator) -> int:
    around = steps if generator.random() < 0.95 else steps / 2
    return max(5, int(generator.normal(around, 5)))


def checked_tokens(tokens: Any, vocabulary: int, who: str, what: str) -> NDArray[np.int32]:
    """One long row of token numbers.

    Raises:
        ValueError: They are no whole numbers in one row, or one is not in the vocabulary.
    """
    array = np.asarray(tokens.numpy() if isinstance(tokens, Tensor) else tokens)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(
            f"{who}: {what} must be one long row of token numbers (N,), got shape {array.shape} of dtype {array.dtype}"
        )
    if array.size and (array.min() < 0 or array.max() >= vocabulary):
        wrong = array[(array < 0) | (array >= vocabulary)][0]
        raise ValueError(f"{who}: {what} has the token {wrong}; the vocabulary has 0, …, {vocabulary - 1}")
    return np.ascontiguousarray(array, np.int32)
