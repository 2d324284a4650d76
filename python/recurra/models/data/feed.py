"""The batches of a whole training, evaluation or prediction, epoch by epoch."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from inspect import isgenerator
from typing import Any

from recurra import random
from recurra.checks import whole_number
from recurra.models.data.arrays import Batch
from recurra.models.data.reader import Reader
from recurra.models.data.sources import (
    ArrayBatches,
    Indexed,
    PyDataset,
    check_data_arguments,
    checked_item,
    is_source,
    length_of,
)


class Feed:
    """The batches of a whole training, epoch by epoch.

    With `steps` an epoch has that many batches and the source goes on from where the last epoch left it, starting again
    when it ends (a generator cannot: a warning says so). Without, an epoch is one pass.

    Args:
        source: `ArrayBatches`, a `PyDataset`, or anything that can be iterated over.
        steps: Batches of an epoch; all there are by default.
        shuffle: Whether a source by number gives its batches in random order.
        weigh: Applied to every batch.
        reader: Converts and checks the batches of a source.
        what: Name of the argument, for messages.
        steps_name: Name of the argument that `steps` comes from.
    """

    def __init__(
        self,
        source: Any,
        steps: int | None = None,
        shuffle: bool = True,
        weigh: Callable[[Batch], Batch] | None = None,
        reader: Reader | None = None,
        what: str = "x",
        steps_name: str = "steps",
    ) -> None:
        if isinstance(source, PyDataset) or not (hasattr(source, "__iter__") or hasattr(source, "__next__")):
            source = Indexed(source, shuffle)
        self.source = source
        self.what = what
        self.once = isgenerator(source) or (hasattr(source, "__next__") and iter(source) is source)
        length = None if self.once else length_of(source)
        if length == 0:
            raise ValueError(f"{what} is empty: it has no batches")
        self.steps = None if steps is None else whole_number(steps, what, steps_name)
        self.total = self.steps if self.steps is not None else length
        self.exhausted = False
        self._weigh = weigh
        self._reader = Reader() if reader is None else reader
        self._checked = isinstance(source, ArrayBatches)
        self._iterator: Iterator[Any] | None = iter(source) if self.once else None
        #: State of the random numbers when the pass began, and batches drawn since: the place in the data.
        self.pass_start: Any = random.get_state()
        self.drawn = 0

    def _begin(self) -> Iterator[Any]:
        self.pass_start = random.get_state()
        self.drawn = 0
        return iter(self.source)

    def epoch(self, done: int = 0, anew: bool = False) -> Iterator[Batch]:
        """The batches of one epoch, of which `done` are done already; `anew`: from the start of the source."""
        if anew and not self.once:
            self._iterator = None
        if self.steps is None and not self.once:
            self._iterator = self._iterator or self._begin()
            while (batch := self._next()) is not None:
                yield batch
            return
        count = done
        while self.steps is None or count < self.steps:
            batch = self._next()
            if batch is None and not self.once:
                self._iterator = self._begin()
                batch = self._next()
            if batch is None:
                self.exhausted = True
                if self.steps is not None:
                    warnings.warn(
                        f"{self.what} ran out of batches after {count} of {self.steps} steps of this epoch"
                        f"{'; training stops' if self.what == 'x' else ''}. Make it yield steps × epochs batches, or "
                        "loop forever",
                        stacklevel=3,
                    )
                elif count == 0:
                    raise ValueError(f"{self.what} is empty: it gave no batch")
                return
            yield batch
            count += 1

    def _next(self) -> Batch | None:
        if self._iterator is None:
            self._iterator = self._begin()
        try:
            data = next(self._iterator)
        except StopIteration:
            self._iterator = None
            end = getattr(self.source, "on_epoch_end", None)
            if end is not None:
                end()
            return None
        self.drawn += 1
        batch: Batch = data if self._checked else checked_item(data, self._reader)
        return self._weigh(batch) if self._weigh is not None else batch

    def wind_to(self, pass_start: Any, drawn: int) -> None:
        """Goes to a place in the data by starting the pass again and dropping the batches drawn from it before."""
        if drawn == 0 and not self.once:
            self._iterator = None
            return
        random.set_state(pass_start)
        if not self.once:
            self._iterator = self._begin()
        for _ in range(drawn):
            if self._next() is None:
                raise ValueError(f"{self.what} has fewer batches than the interrupted training had drawn from it")


def feed_of(
    reader: Reader,
    owner: str,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    lengths: Any = None,
) -> Feed:
    """The feed for the arguments of evaluate and predict; `owner` is the one that was called."""
    check_data_arguments(x, y, sample_weight, lengths)
    if x is None:
        raise ValueError(f"{owner}: x is missing: give arrays, a source of batches or a generator")
    if is_source(x):
        return Feed(x, steps, False, reader=reader)
    return Feed(ArrayBatches(x, y, sample_weight, batch_size, False, lengths, reader, owner), steps, False)
