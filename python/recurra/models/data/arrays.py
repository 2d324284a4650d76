"""Data as checked arrays, and rows of them.

Arrays are checked and converted once, before anything is trained: numbers of floating type become contiguous arrays of
the package's float type, whole numbers stay whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra import _engine, config
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


def structures(batches: Sequence[Any]) -> Any:
    """Outputs of batches joined along the first axis, in the structure of a batch."""
    first = batches[0]
    columns = zip(*(flatten(batch) for batch in batches), strict=True)
    joined = iter([np.concatenate(column, axis=0) for column in columns])
    return map_structure(lambda _: next(joined), first)
