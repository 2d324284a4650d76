"""A running `fit`, `evaluate` or `predict`: where it is, and how it is interrupted."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recurra.tree import leaves

if TYPE_CHECKING:
    from recurra.callbacks import CallbackList
    from recurra.models.data.arrays import Batch
    from recurra.models.data.feed import Feed
    from recurra.tensor import Tensor, Variable


@dataclass
class Structure:
    """Lists of a model's parts, made once for many steps; `changes` says for which state of WeightHolder.changes."""

    changes: int
    layers: list[Any]
    variables: list[Variable]
    penalised: list[Variable]


@dataclass
class Run:
    """Where a loop over batches is: epochs done, steps and samples of the epoch."""

    feed: Feed | None = None
    callbacks: CallbackList | None = None
    epoch: int = 0
    step: int = 0
    samples: int = 0
    interrupted: bool = False
    #: What the steps train and penalise; None until the next step looks.
    structure: Structure | None = None
    #: Steps, samples and figures of an epoch that an earlier run had begun; taken up by the first epoch.
    resumed: tuple[int, int, Any] | None = None
    figures: Any = None
    #: Called with (loss, inputs) between backward and update; one that says False stops the update.
    watchers: list[Callable[[Tensor, Any], bool]] = field(default_factory=list)
    halted: bool = False
    #: Whether no step of the run has come to its end yet.
    untried: bool = True

    def count(self, batch: Batch) -> None:
        """One more step, on this batch."""
        self.step += 1
        x = batch[0]
        self.samples += len(x) if hasattr(x, "shape") else len(next(leaves(x)))


@contextmanager
def stop_on_interrupt(run: Run) -> Iterator[None]:
    """Within it Ctrl-C ends the run after the current step; a second one raises KeyboardInterrupt at once.

    Only where Python's own handler is in place: handlers of the surrounding program stay.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return

    def handle(number: int, frame: Any) -> None:
        if run.interrupted:
            raise KeyboardInterrupt
        run.interrupted = True

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
