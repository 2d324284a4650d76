"""Data as checked arrays, and rows of them.

Arrays are checked and converted once, before anything is trained: numbers of floating type become contiguous arrays of
the model's float type, whole numbers stay whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

import numpy as np

from recurra import _engine, config
from recurra.conversion import is_one_array, names_of_columns, to_array
from recurra.tree import flatten, map_items, map_structure

#: (inputs, targets, sample weights); each an array, a nested structure of arrays, or None.
Batch = tuple[Any, Any, Any]


#: Types that batches keep, by the float type of the model.
_PLAIN = {name: frozenset(map(np.dtype, (name, "int32", "int64"))) for name in ("float32", "float64")}


def as_array(value: Any, what: str, text: bool = False, dtype: str | None = None) -> np.ndarray:
    """Data as a contiguous array: floating numbers in the model's float type, whole numbers as they are.

    Args:
        value: As `recurra.conversion.to_array` takes it.
        what: Name of the argument, for messages.
        text: Whether texts pass, for a layer that takes them.
        dtype: The model's float type; that of the package by default.

    Raises:
        TypeError: Something else than numbers.
        ValueError: Rows of different lengths, or a single number.
    """
    dtype = config.floatx() if dtype is None else dtype
    if type(value) is np.ndarray and value.dtype in _PLAIN[dtype] and value.ndim and value.flags.c_contiguous:
        return value
    array = to_array(value, what, text)
    if array.ndim == 0:
        raise ValueError(f"{what}: expected an array with the samples along its first axis, got only {array}")
    return np.ascontiguousarray(array, dtype if array.dtype.kind == "f" else None)


def check_finite(array: np.ndarray, what: str, lengths: Any = None, given: Any = None) -> np.ndarray:
    """The array, if all its numbers are finite; with `lengths` those behind them may be anything, and become 0.

    Args:
        array: Checked array.
        what: Name of the argument, for messages.
        lengths: How many steps of each sequence (N, T, ...) count; None if all do.
        given: What the array was made from; the names of its columns, if it has any, stand in messages.

    Raises:
        ValueError: A number that counts is NaN or infinite; the message says where.
    """
    if array.dtype.kind != "f" or _engine.all_finite(array):
        return array
    if lengths is not None:
        behind = np.arange(array.shape[1]) >= np.asarray(lengths)[:, None]
        array = array.copy()
        array[behind] = 0
    for start in range(0, len(array), 4096):
        bad = np.argwhere(~np.isfinite(array[start : start + 4096]))
        if len(bad):
            place = (int(bad[0][0]) + start, *map(int, bad[0][1:]))
            columns = names_of_columns(given)
            column = f" (column {columns[place[1]]!r})" if columns is not None and len(place) == 2 else ""
            raise ValueError(
                f"{what} holds {array[place]} at index {place if len(place) > 1 else place[0]}{column}; "
                "remove or fill such values first"
            )
    return array


def names_of(structure: Any, what: str) -> list[str]:
    """A name for each array of a structure, for messages: x, x[0] or x['tokens']."""
    if isinstance(structure, Mapping):
        return [name for key, item in structure.items() for name in names_of(item, f"{what}[{key!r}]")]
    if isinstance(structure, (list, tuple)):
        return [name for i, item in enumerate(structure) for name in names_of(item, f"{what}[{i}]")]
    return [what]


def arrays_of(structure: Any, what: str, text: bool = False, dtype: str | None = None, finite: bool = True) -> Any:
    """Every element of a list, tuple or dictionary as an array, as `as_array` makes it; None stays None.

    Args:
        structure: An array, or a structure of arrays.
        what: Name of the argument, for messages.
        text: Whether texts pass, for a layer that takes them.
        dtype: The model's float type; that of the package by default.
        finite: Whether to check that all numbers are finite, as `check_finite` does.
    """
    if structure is None:
        return None
    if type(structure) is not np.ndarray and _has_parts(structure):
        return _parts_as_arrays(structure, what, text, dtype, finite)
    array = as_array(structure, what, text, dtype)
    return check_finite(array, what, None, structure) if finite else array


def _has_parts(structure: Any) -> bool:
    return isinstance(structure, Mapping) or (isinstance(structure, (list, tuple)) and not is_one_array(structure))


def _parts_as_arrays(structure: Any, what: str, text: bool, dtype: str | None, finite: bool) -> Any:
    if isinstance(structure, Mapping):
        return {key: arrays_of(item, f"{what}[{key!r}]", text, dtype, finite) for key, item in structure.items()}
    number = count()
    return map_items(lambda item: arrays_of(item, f"{what}[{next(number)}]", text, dtype, finite), structure)


def rows_of(structure: Any, what: str = "x") -> int:
    """The number of samples. Raises ValueError if the arrays differ in it."""
    if type(structure) is np.ndarray:
        return len(structure)
    arrays = flatten(structure)
    rows = {len(array) for array in arrays if array is not None}
    if len(rows) > 1:
        pairs = zip(names_of(structure, what), arrays, strict=False)
        each = ", ".join(f"{name} has {len(array)}" for name, array in pairs if array is not None)
        raise ValueError(f"different numbers of samples: {each}")
    return rows.pop() if rows else 0


def check_lengths(x: Any, y: Any, sample_weight: Any) -> int:
    """The number of samples. Raises ValueError if inputs, targets and weights differ in it, or there is none."""
    count = rows_of(x)
    for what, structure in ("y", y), ("sample_weight", sample_weight):
        if structure is not None and (rows := rows_of(structure, what)) != count:
            raise ValueError(f"x has {count} samples, {what} has {rows}; their lengths must match")
    if count == 0:
        raise ValueError("x is empty: there is no sample")
    return count


def take(structure: Any, rows: Any) -> Any:
    """These rows of every array."""
    if type(structure) is np.ndarray:
        return structure[rows]
    return map_structure(lambda array: None if array is None else array[rows], structure)


def structures(batches: Sequence[Any]) -> Any:
    """Outputs of batches joined along the first axis, in the structure of a batch."""
    first = batches[0]
    columns = zip(*(flatten(batch) for batch in batches), strict=True)
    joined = iter([np.concatenate(column, axis=0) for column in columns])
    return map_structure(lambda _: next(joined), first)
