"""Where batches come from: arrays in memory, data sets by number, and anything that can be iterated over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Any

import numpy as np

from recurra import random
from recurra.checks import number, whole_number
from recurra.models.data import lengths as sequence_lengths
from recurra.models.data.arrays import Batch, rows_of, take
from recurra.models.data.reader import Reader
from recurra.tensor import Tensor


class ArrayBatches:
    """Batches of arrays in memory; iterating shuffles anew if asked to.

    Args:
        x: Inputs, as `fit` takes them.
        y: Targets.
        sample_weight: Weights of samples or time steps.
        batch_size: Samples in a batch, default 32.
        shuffle: Whether each pass draws a new order.
        lengths: How many steps of each sequence count.
        reader: Converts and checks the data; by default without regard to a model.
        owner: Name of the function that was called, for messages.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        shuffle: bool = False,
        lengths: Any = None,
        reader: Reader | None = None,
        owner: str = "fit",
    ) -> None:
        self.batch_size = 32 if batch_size is None else whole_number(batch_size, owner, "batch_size")
        reader = Reader() if reader is None else reader
        self.x, self.y, self.sample_weight, self.lengths = reader.read(x, y, sample_weight, lengths)
        self.samples = rows_of(self.x)
        self.shuffle = shuffle

    def __len__(self) -> int:
        return (self.samples + self.batch_size - 1) // self.batch_size

    def __iter__(self) -> Iterator[Batch]:
        order = np.random.default_rng(random.next_stream()).permutation(self.samples) if self.shuffle else None
        for start in range(0, self.samples, self.batch_size):
            stop = min(start + self.batch_size, self.samples)
            rows = slice(start, stop) if order is None else order[start:stop]
            x = take(self.x, rows)
            if self.lengths is not None:
                x = sequence_lengths.with_masks(x, take(self.lengths, rows))
            yield x, take(self.y, rows), take(self.sample_weight, rows)

    def split(self, share: float) -> tuple[ArrayBatches, ArrayBatches]:
        """The first samples for training, the last `share` of them for validation."""
        share = number(share, "fit", "validation_split", above=0, below=1)
        at = int(np.floor(self.samples * (1 - share)))
        if at in (0, self.samples):
            raise ValueError(
                f"validation_split={share} of {self.samples} samples leaves nothing for "
                f"{'training' if at == 0 else 'validation'}"
            )
        whole = (self.x, self.y, self.sample_weight, self.lengths)
        parts = [take(whole, rows) for rows in (slice(0, at), slice(at, None))]
        return self._with(parts[0], self.shuffle), self._with(parts[1], False)

    def _with(self, arrays: tuple[Any, Any, Any, Any], shuffle: bool) -> ArrayBatches:
        """The same of other arrays, which are checked already."""
        other = copy(self)
        other.x, other.y, other.sample_weight, other.lengths = arrays
        other.samples, other.shuffle = rows_of(other.x), shuffle
        return other


class PyDataset:
    """A source of batches by number, for data that do not fit into memory.

    A subclass defines `__len__`, the number of batches, and `__getitem__(i)`, which gives (x, y) or (x, y, weights).
    `on_epoch_end` is called after each pass. `fit` draws the batches in random order unless shuffle=False.

    Args:
        **options: Kept in `options`.

    Example:
        >>> class Squares(recurra.utils.PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, i):
        ...         x = np.full((4, 1), i, "float32")
        ...         return x, x**2
        >>> model = recurra.Sequential([recurra.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> model.fit(Squares(), verbose=0).epoch
        [0]
    """

    def __init__(self, **options: Any) -> None:
        self.options = options

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__} does not define __len__, the number of batches")

    def __getitem__(self, index: int) -> Any:
        raise TypeError(f"{type(self).__name__} does not define __getitem__(index), which gives a batch")

    def on_epoch_end(self) -> None:
        """Called after each pass."""


class Indexed:
    """A source by number as one to iterate over."""

    def __init__(self, source: Any, shuffle: bool) -> None:
        self.source = source
        self.shuffle = shuffle

    def __len__(self) -> int:
        return len(self.source)

    def __iter__(self) -> Iterator[Any]:
        count = len(self.source)
        order = np.random.default_rng(random.next_stream()).permutation(count) if self.shuffle else range(count)
        for i in order:
            yield self.source[int(i)]

    def on_epoch_end(self) -> None:
        end = getattr(self.source, "on_epoch_end", None)
        if end is not None:
            end()


def unpack(data: Any) -> Batch:
    """A batch of a source as (x, y, sample_weight): (x,), (x, y), (x, y, weights) or x alone."""
    if not isinstance(data, (tuple, list)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            "a batch must be (x,), (x, y), (x, y, sample_weight) or (x, y, sample_weight, lengths), "
            f"got {len(data)} parts"
        )
    x, y, weight = (*data, None, None)[:3]
    return x, y, weight


def unpack_x_y_sample_weight(data: Any) -> Batch:
    """A batch as (x, y, sample_weight), with None for what is missing.

    Args:
        data: (x,), (x, y), (x, y, sample_weight) or x alone.

    Raises:
        ValueError: More parts.

    Example:
        >>> recurra.utils.unpack_x_y_sample_weight(("x", "y"))
        ('x', 'y', None)
    """
    return unpack(data)


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The parts of a batch as a tuple without what is missing at its end.

    Args:
        x: Inputs.
        y: Targets, or None.
        sample_weight: Weights, or None.

    Returns:
        x alone, (x, y) or (x, y, sample_weight).

    Example:
        >>> recurra.utils.pack_x_y_sample_weight("x", "y")
        ('x', 'y')
    """
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def packed(batch: Batch) -> Any:
    """A batch as `train_step` gets it."""
    return pack_x_y_sample_weight(*batch)


def is_source(x: Any) -> bool:
    """Whether this gives batches by itself, and is no array or structure of arrays."""
    if (
        isinstance(x, (list, tuple, str, bytes, Mapping, np.ndarray, Tensor))
        or hasattr(x, "__array__")
        or hasattr(x, "shape")
    ):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__next__") or (hasattr(x, "__len__") and hasattr(x, "__getitem__"))


def length_of(source: Any) -> int | None:
    """The number of batches of a source, None if it does not tell."""
    try:
        return len(source)
    except (TypeError, OverflowError, NotImplementedError, AttributeError):
        return None


def checked_item(data: Any, reader: Reader) -> Batch:
    """What a source gave as a batch; lengths of its sequences may be a fourth part."""
    lengths = None
    if isinstance(data, (tuple, list)) and len(data) == 4:
        *data, lengths = data
    return reader.batch(*unpack(data), lengths)


def check_data_arguments(x: Any, y: Any, sample_weight: Any, lengths: Any = None) -> None:
    """Raises ValueError for targets, weights or lengths given beside a source, which brings its own."""
    beside = {"y": y, "sample_weight": sample_weight, "lengths": lengths}
    given = [name for name, value in beside.items() if value is not None]
    if given and is_source(x):
        raise ValueError(f"x is a source of batches, so {' and '.join(given)} cannot be given beside it")


def validation_parts(validation_data: Any) -> Batch:
    """validation_data=(x, y) or (x, y, sample_weight), or a source."""
    if isinstance(validation_data, (tuple, list)):
        if not 2 <= len(validation_data) <= 3:
            raise ValueError(
                f"validation_data must be (x, y) or (x, y, sample_weight), got {len(validation_data)} "
                f"part{'s' * (len(validation_data) != 1)}; lengths are given as validation_lengths"
            )
        return unpack(validation_data)
    return validation_data, None, None
