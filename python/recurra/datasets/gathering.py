"""The engine's loader of windows with the arrays it reads, for the sources of batches in Python."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra import _engine


class Gathering:
    """The engine's loader with the arrays it reads; makes a new one where the process was forked."""

    def __init__(self, data: NDArray[Any], targets: NDArray[Any] | None, **plan: Any) -> None:
        self._data, self._targets, self._plan = data, targets, plan
        self._loader, self._process = self._new_loader(), os.getpid()

    def _new_loader(self) -> _engine.WindowLoader:
        targets = None if self._targets is None else _engine.Tensor(self._targets)
        return _engine.WindowLoader(_engine.Tensor(self._data), targets, **self._plan)

    def __getstate__(self) -> dict[str, Any]:
        return {"data": self._data, "targets": self._targets, "plan": self._plan}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["data"], state["targets"], **state["plan"])  # type: ignore[misc]

    def _current(self) -> _engine.WindowLoader:
        if self._process != os.getpid():
            self._loader, self._process = self._new_loader(), os.getpid()
        return self._loader

    @property
    def pending(self) -> int:
        return self._current().pending

    def request(self, rows: NDArray[np.int64]) -> None:
        self._current().request(rows)

    def take(self) -> Any:
        return self._current().take()

    def batches(self, parts: Sequence[NDArray[np.int64]]) -> Iterator[Any]:
        """One pass over `parts` on a loader of its own, so that several passes may run side by side."""
        loader = self._new_loader()
        for part in parts[:1]:
            loader.request(part)
        for following in [*parts[1:], None]:
            if following is not None:
                loader.request(following)
            yield loader.take()


def window_plan(lookback: int, step: int, relative: bool, reverse: bool, newest: int) -> dict[str, Any]:
    """The samples of the window of a row, relative to it.

    Args:
        lookback: Rows that the window spans.
        step: Rows between two samples.
        relative: Whether the samples are differences from the newest one.
        reverse: Whether the newest sample comes first.
        newest: Where the newest sample lies: 0 is the row itself, -step the classic window that ends before it.
    """
    first, stride = (newest, -step) if reverse else (newest + step - lookback, step)
    return {"first": first, "stride": stride, "length": lookback // step, "base": newest, "relative": relative}


def generator(seed: int | None) -> np.random.Generator:
    """A generator from a seed, or from recurra.random's next stream."""
    if seed is None:
        from recurra import random

        return np.random.default_rng(random.next_stream())
    return np.random.default_rng(seed)
