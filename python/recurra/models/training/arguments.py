"""The arguments of fit, checked before anything is trained, as one record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recurra.checks import is_number, whole_number
from recurra.models.data import sources
from recurra.models.data.feed import Feed
from recurra.models.data.reader import Reader
from recurra.models.training.border import check_inputs, check_targets
from recurra.models.training.truncation import Truncation

if TYPE_CHECKING:
    from recurra.models.training.steps import Steps


@dataclass(frozen=True)
class FitArguments:
    """What one call of `fit` does: checked numbers, data as feeds."""

    feed: Feed
    validation: Feed | None
    epochs: int
    initial_epoch: int
    #: Every so many epochs, or after these epochs, counted from 1.
    validation_freq: int | frozenset[int]
    verbose: int
    callbacks: Any
    truncation: Truncation | None

    def __post_init__(self) -> None:
        held_out = self.validation
        if held_out is None or not held_out.once or held_out.steps is not None:
            return
        if sum(self.validates_after(epoch + 1) for epoch in range(self.initial_epoch, self.epochs)) > 1:
            raise ValueError(
                "fit: validation_data is a generator, which gives its batches only once, but there are several "
                "validations; give validation_steps, arrays, or a source that can be iterated over again"
            )

    def validates_after(self, epoch: int) -> bool:
        """Whether a validation follows this epoch, counted from 1."""
        if self.validation is None:
            return False
        every = self.validation_freq
        return epoch in every if isinstance(every, frozenset) else epoch % every == 0


def training_source(
    reader: Reader,
    x: Any,
    y: Any,
    sample_weight: Any,
    lengths: Any,
    batch_size: int | None,
    shuffle: bool,
    needs_targets: bool,
) -> Any:
    """The batches to train on: arrays in batches, or the source that `x` is."""
    sources.check_data_arguments(x, y, sample_weight, lengths)
    if x is None:
        raise ValueError("fit: x is missing: give arrays, a source of batches or a generator")
    if sources.is_source(x):
        if batch_size is not None:
            raise ValueError("fit: batch_size is for arrays; the batches of a source have a size already")
        return x
    source = sources.ArrayBatches(x, y, sample_weight, batch_size, shuffle, lengths, reader)
    if y is None and needs_targets:
        raise ValueError("fit: y is missing: give the targets of x")
    return source


def with_validation(
    reader: Reader,
    source: Any,
    share: float,
    validation_data: Any,
    lengths: Any,
    batch_size: int | None,
    own_batch_size: int | None,
) -> tuple[Any, Any]:
    """The batches to train on, and those held out for validation (None without any).

    `own_batch_size` is that of the validation, `batch_size` that of the training.
    """
    if own_batch_size is not None:
        own_batch_size = whole_number(own_batch_size, "fit", "validation_batch_size")
    if validation_data is not None:
        return source, _validation_source(reader, validation_data, own_batch_size or batch_size, lengths)
    if is_number(share) and share == 0:
        return source, None
    if not isinstance(source, sources.ArrayBatches):
        raise ValueError("fit: validation_split needs arrays; give validation_data for a source of batches")
    source, held_out = source.split(share)
    if own_batch_size:
        held_out.batch_size = own_batch_size
    return source, held_out


def _validation_source(reader: Reader, validation_data: Any, batch_size: int | None, lengths: Any) -> Any:
    x, y, weight = sources.validation_parts(validation_data)
    sources.check_data_arguments(x, y, weight, lengths)
    if sources.is_source(x):
        return x
    try:
        return sources.ArrayBatches(x, y, weight, batch_size, False, lengths, reader)
    except (ValueError, TypeError) as error:
        raise type(error)(f"validation_data: {error}") from None


def check_arrays(model: Steps, source: Any, what: str = "") -> None:
    """Checks arrays against the model before the first step; `what` is put in front of complaints."""
    if isinstance(source, sources.ArrayBatches):
        check_inputs(model, source.x, what)
        check_targets(model, source.y, what, source.lengths)


def frequency(validation_freq: Any) -> int | frozenset[int]:
    """`validation_freq` as a number, or as the set of epochs."""
    if isinstance(validation_freq, Iterable) and not isinstance(validation_freq, str):
        return frozenset(whole_number(epoch, "fit", "validation_freq") for epoch in validation_freq)
    return whole_number(validation_freq, "fit", "validation_freq")
