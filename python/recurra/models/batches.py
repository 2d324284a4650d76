"""Batches for training, from arrays, from sources and from generators.

Arrays are checked and converted once, before anything is trained: numbers of floating type become contiguous arrays of
the package's float type, whole numbers stay whole. Batches of a source are checked as they come.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import isgenerator
from typing import Any

import numpy as np

from recurra import _engine, config, random
from recurra.models import lengths as sequence_lengths
from recurra.tensor import Tensor
from recurra.tree import flatten, map_structure

#: (inputs, targets, sample weights); each an array, a nested structure of arrays, or None.
Batch = tuple[Any, Any, Any]


#: Types that batches keep, by the package's float type.
_PLAIN = {name: frozenset(map(np.dtype, (name, "int32", "int64"))) for name in ("float32", "float64")}


def as_array(value: Any, what: str, text: bool = False) -> np.ndarray:
    """Numbers as a contiguous array: floating ones in the package's float type, whole ones as they are.

    text: whether arrays of strings pass as they are, for a layer that takes them.
    Raises TypeError for strings and objects, ValueError for ragged lists and for a single number.
    """
    if type(value) is np.ndarray and value.dtype in _PLAIN[config.floatx()] and value.ndim and value.flags.c_contiguous:
        return value
    if isinstance(value, Tensor):
        value = value.detach().numpy()
    elif hasattr(value, "detach") and hasattr(value, "cpu"):  # a torch tensor
        value = value.detach().cpu().numpy()
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(
            f"{what}: rows of different lengths; pad them first (preprocessing.sequence.pad_sequences)"
        ) from None
    kind = array.dtype.kind
    if kind == "O":
        try:
            array = array.astype(config.floatx())
        except (TypeError, ValueError):
            first = next(iter(array.ravel()), None)
            hint = (
                "sequences of different lengths; pad them first (preprocessing.sequence.pad_sequences)"
                if isinstance(first, (list, tuple, np.ndarray))
                else f"objects such as {first!r:.40}; expected numbers"
            )
            raise TypeError(f"{what} holds {hint}") from None
        kind = "f"
    if text and kind in "UT" and array.ndim:
        return array
    if kind not in "fiub":
        raise TypeError(f"{what}: expected numbers, got an array of dtype {array.dtype}")
    if kind == "f":
        array = np.asarray(array, config.floatx())
    elif kind == "u" or not array.dtype.isnative:
        array = array.astype(np.int32 if array.dtype.itemsize < 4 else np.int64)
    if array.ndim == 0:
        raise ValueError(f"{what}: expected an array with the samples along its first axis, got the number {array}")
    return np.ascontiguousarray(array)


def check_finite(array: np.ndarray, what: str) -> None:
    """Raises ValueError that says where the first NaN or infinite number is."""
    if array.dtype.kind != "f" or _engine.all_finite(array):
        return
    for start in range(0, len(array), 4096):
        bad = np.argwhere(~np.isfinite(array[start : start + 4096]))
        if len(bad):
            place = (int(bad[0][0]) + start, *map(int, bad[0][1:]))
            raise ValueError(
                f"{what} holds {array[place]} at index {place if len(place) > 1 else place[0]}; "
                "remove or fill such values first"
            )


def _names(structure: Any, what: str) -> list[str]:
    if isinstance(structure, Mapping):
        return [f"{what}[{key!r}]" for key in structure]
    if isinstance(structure, (list, tuple)):
        return [f"{what}[{i}]" for i in range(len(flatten(structure)))]
    return [what]


def _is_numbers(value: Any) -> bool:
    """Whether a list is one array of numbers (nested lists of numbers) and no list of arrays."""
    while isinstance(value, (list, tuple)):
        if not value:
            return True
        value = value[0]
    return isinstance(value, (int, float, bool, np.generic))


def arrays_of(structure: Any, what: str, text: bool = False) -> Any:
    """Every element of a nested structure as a checked array; None stays None."""
    if structure is None:
        return None
    if type(structure) is np.ndarray:
        array = as_array(structure, what, text)
        check_finite(array, what)
        return array
    if isinstance(structure, (list, tuple)) and _is_numbers(structure):
        structure = as_array(structure, what)
    names = iter(_names(structure, what))

    def convert(value: Any) -> Any:
        name = next(names, what)
        if value is None:
            return None
        array = as_array(value, name, text)
        check_finite(array, name)
        return array

    return map_structure(convert, structure)


def rows_of(structure: Any, what: str = "x") -> int:
    """The number of samples. Raises ValueError if the arrays differ in it."""
    if type(structure) is np.ndarray:
        return len(structure)
    lengths = {
        name: len(a) for name, a in zip(_names(structure, what), flatten(structure), strict=False) if a is not None
    }
    if len(set(lengths.values())) > 1:
        raise ValueError("different numbers of samples: " + ", ".join(f"{n} has {c}" for n, c in lengths.items()))
    return next(iter(lengths.values()), 0)


def check_lengths(x: Any, y: Any, sample_weight: Any) -> int:
    """The number of samples. Raises ValueError if inputs, targets and weights differ in it, or there is none."""
    count = rows_of(x, "x")
    for what, structure in (("y", y), ("sample_weight", sample_weight)):
        if structure is not None and rows_of(structure, what) != count:
            raise ValueError(f"x has {count} samples, {what} has {rows_of(structure, what)}; they must be as many")
    if count == 0:
        raise ValueError("x is empty: there is no sample")
    return count


def take(structure: Any, rows: Any) -> Any:
    """These rows of every array."""
    return map_structure(lambda array: None if array is None else array[rows], structure)


class ArrayBatches:
    """Batches of arrays in memory; iterating shuffles anew if asked to.

    x, y, sample_weight, lengths: as `fit` takes them. batch_size: default 32. shuffle: whether each pass draws a new
    order.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        shuffle: bool = False,
        lengths: Any = None,
    ) -> None:
        batch_size = 32 if batch_size is None else batch_size
        if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
            raise ValueError(f"batch_size must be a whole number of at least 1, got {batch_size!r}")
        self.x = arrays_of(x, "x", text=True)
        self.y = arrays_of(y, "y")
        self.sample_weight = arrays_of(sample_weight, "sample_weight")
        self.samples = check_lengths(self.x, self.y, self.sample_weight)
        self.lengths = sequence_lengths.checked(lengths, self.x)
        self.batch_size = int(batch_size)
        self.shuffle = shuffle

    def __len__(self) -> int:
        return (self.samples + self.batch_size - 1) // self.batch_size

    def __iter__(self) -> Iterator[Batch]:
        order = np.random.default_rng(random.next_stream()).permutation(self.samples) if self.shuffle else None
        for start in range(0, self.samples, self.batch_size):
            stop = min(start + self.batch_size, self.samples)
            rows = slice(start, stop) if order is None else order[start:stop]
            x = sequence_lengths.with_masks(take(self.x, rows), take(self.lengths, rows))
            yield x, take(self.y, rows), take(self.sample_weight, rows)

    def split(self, share: float) -> tuple[ArrayBatches, ArrayBatches]:
        """The first samples for training, the last `share` of them for validation."""
        if not 0 < share < 1:
            raise ValueError(f"validation_split must be between 0 and 1, got {share}")
        at = int(np.floor(self.samples * (1 - share)))
        if at in (0, self.samples):
            raise ValueError(
                f"validation_split={share} of {self.samples} samples leaves nothing for "
                f"{'training' if at == 0 else 'validation'}"
            )
        whole = (self.x, self.y, self.sample_weight, self.lengths)
        parts = [take(whole, rows) for rows in (slice(0, at), slice(at, None))]
        first, last = (ArrayBatches(x, y, weight, self.batch_size, lengths=own) for x, y, weight, own in parts)
        first.shuffle = self.shuffle
        return first, last


class PyDataset:
    """A source of batches by number: define `__len__` (batches) and `__getitem__(i)` giving (x, y) or (x, y, weights).

    `on_epoch_end` is called after each pass. `fit` draws the batches in random order unless shuffle=False.
    """

    def __init__(self, **options: Any) -> None:
        self.options = options

    def __len__(self) -> int:
        raise TypeError(f"{type(self).__name__} does not define __len__, the number of batches")

    def __getitem__(self, index: int) -> Any:
        raise TypeError(f"{type(self).__name__} does not define __getitem__(index), which gives a batch")

    def on_epoch_end(self) -> None:
        """Called after each pass."""


class _Indexed:
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
    """Keras's name for `unpack`."""
    return unpack(data)


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """The parts of a batch as a tuple without what is missing at its end."""
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def is_source(x: Any) -> bool:
    """Whether this gives batches by itself, and is no array or structure of arrays."""
    if isinstance(x, (list, tuple, Mapping, np.ndarray, Tensor)) or hasattr(x, "__array__") or hasattr(x, "shape"):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__next__") or (hasattr(x, "__len__") and hasattr(x, "__getitem__"))


def _length_of(source: Any) -> int | None:
    try:
        return len(source)
    except (TypeError, OverflowError, NotImplementedError, AttributeError):
        return None


def _checked_batch(data: Any) -> Batch:
    """A batch of a source, with lengths of its sequences as a fourth part if it has any."""
    lengths = None
    if isinstance(data, (tuple, list)) and len(data) == 4:
        *data, lengths = data
    x, y, weight = unpack(data)
    inputs, *others = arrays_of(x, "x", text=True), arrays_of(y, "y"), arrays_of(weight, "sample_weight")
    check_lengths(inputs, *others)
    return sequence_lengths.with_masks(inputs, sequence_lengths.checked(lengths, inputs)), others[0], others[1]


class Feed:
    """The batches of a whole training, epoch by epoch.

    With `steps` an epoch has that many batches and the source goes on from where the last epoch left it, starting again
    when it ends (a generator cannot: training stops with a warning). Without, an epoch is one pass.
    """

    def __init__(
        self,
        source: Any,
        steps: int | None = None,
        shuffle: bool = True,
        weigh: Callable[[Batch], Batch] | None = None,
        what: str = "x",
    ) -> None:
        if steps is not None and (not isinstance(steps, (int, np.integer)) or steps < 1):
            raise ValueError(f"the number of steps must be a whole number of at least 1, got {steps!r}")
        if isinstance(source, PyDataset) or not (hasattr(source, "__iter__") or hasattr(source, "__next__")):
            source = _Indexed(source, shuffle)
        self.source = source
        self.what = what
        self.once = isgenerator(source) or (hasattr(source, "__next__") and iter(source) is source)
        length = None if self.once else _length_of(source)
        if length == 0:
            raise ValueError(f"{what} is empty: it has no batches")
        self.steps = None if steps is None else int(steps)
        self.total = self.steps if self.steps is not None else length
        self.exhausted = False
        self._weigh = weigh
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
                        f"{self.what} ran out of batches after {count} of {self.steps} steps of this epoch; training "
                        "stops. Make it yield steps × epochs batches, or loop for ever",
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
        batch: Batch = data if self._checked else _checked_batch(data)
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


def weights_of_classes(y: Any, class_weight: Mapping[int, float]) -> np.ndarray:
    """One weight a sample by its class: whole numbers, one-hot rows, or 0/1 columns."""
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] > 1 else np.round(labels[..., 0])
    return _look_up(np.round(labels).astype(np.int64), class_weight)


def _look_up(labels: np.ndarray, class_weight: Mapping[int, float]) -> np.ndarray:
    classes, places = np.unique(labels, return_inverse=True)
    weights = np.array([float(class_weight.get(int(c), 1.0)) for c in classes], config.floatx())
    return weights[places].reshape(labels.shape)


def with_class_weight(class_weight: Mapping[int, float] | None) -> Callable[[Batch], Batch] | None:
    """A function that multiplies the weights of a batch by those of its classes."""
    if class_weight is None:
        return None
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"class_weight: expected a dictionary of class to weight, got {type(class_weight).__name__}")

    def weigh(batch: Batch) -> Batch:
        x, y, weight = batch
        if y is None or isinstance(y, (list, tuple, dict)):
            raise ValueError("class_weight needs a model with one output and its targets; use sample_weight instead")
        by_class = weights_of_classes(y, class_weight)
        return x, y, by_class if weight is None else by_class * weight

    return weigh


def check_data_arguments(x: Any, y: Any, sample_weight: Any, lengths: Any = None) -> None:
    """Raises ValueError for targets, weights or lengths given beside a source, which brings its own."""
    beside = {"y": y, "sample_weight": sample_weight, "lengths": lengths}
    given = [name for name, value in beside.items() if value is not None]
    if given and is_source(x):
        raise ValueError(f"x gives its own batches, so {' and '.join(given)} cannot be given beside it")


def feed_of(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool | str = False,
    class_weight: Mapping[int, float] | None = None,
    what: str = "x",
    lengths: Any = None,
) -> Feed:
    """The feed for the arguments of fit, evaluate and predict."""
    check_data_arguments(x, y, sample_weight, lengths)
    if x is None:
        raise ValueError(f"{what} is missing: give arrays, a source of batches or a generator")
    source = x if is_source(x) else ArrayBatches(x, y, sample_weight, batch_size, bool(shuffle), lengths)
    return Feed(source, steps, bool(shuffle), with_class_weight(class_weight), what)


def validation_parts(validation_data: Any) -> Batch:
    """validation_data=(x, y) or (x, y, sample_weight), or a source."""
    if isinstance(validation_data, (tuple, list)):
        if not 2 <= len(validation_data) <= 3:
            raise ValueError(
                f"validation_data must be (x, y) or (x, y, sample_weight), got {len(validation_data)} parts"
            )
        return unpack(validation_data)
    return validation_data, None, None


def structures(batches: Sequence[Any]) -> Any:
    """Outputs of batches joined along the first axis, in the structure of a batch."""
    first = batches[0]
    columns = zip(*(flatten(batch) for batch in batches), strict=True)
    joined = iter([np.concatenate(column, axis=0) for column in columns])
    return map_structure(lambda _: next(joined), first)
