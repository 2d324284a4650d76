"""What users give as data, as NumPy arrays: numbers, nested lists, columns and frames of pandas and polars, tensors.

One function for every way into a model: layers and models that are called, `fit`, `evaluate`, `predict` and the methods
for single batches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recurra.tensor import Tensor

_PAD = "sequences of different lengths; pad them first (preprocessing.sequence.pad_sequences)"
_MENDS = {
    "texts": "turn them into numbers first (layers.TextVectorization for texts, class numbers for categories)",
    "dates": "turn them into numbers first, or leave them out",
    "missing values": "fill or drop them first",
    "complex numbers": "give their real and imaginary parts",
}


def to_array(value: Any, what: str, text: bool = False) -> np.ndarray[Any, Any]:
    """The elements of `value` as an array of a type that the engine has.

    Floating types narrower than float32 become float32, wider ones float64; unsigned and short integers int32 or int64.

    Args:
        value: A number, nested list, array, column or frame, or tensor.
        what: Name of the argument, for messages.
        text: Whether texts pass, as an array of strings.

    Raises:
        TypeError: Something else than numbers, such as texts, dates or missing values.
        ValueError: Rows of different lengths, or masked elements.
    """
    if isinstance(value, Tensor):
        return value.detach().numpy()
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # a torch tensor
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ma.MaskedArray):
        if np.ma.is_masked(value):
            place = tuple(map(int, np.argwhere(np.ma.getmaskarray(value))[0]))
            raise ValueError(
                f"{what} has a masked element at index {place if len(place) > 1 else place[0]}; fill it first "
                "(x.filled(value)), or give lengths or a layers.Masking for whole steps"
            )
        value = value.data
    try:
        names = names_of_columns(value)
        array = _natural(value) if names is None else _frame(value, names, what, text)
    except ValueError:
        raise ValueError(f"{what}: {_PAD}") from None
    kind = array.dtype.kind
    if kind in "UT" and text:
        return array
    if kind not in "fiub":
        raise TypeError(_complaint(array, what, text))
    if kind == "f":
        wanted: type = np.float64 if array.dtype.itemsize > 4 else np.float32
    elif kind == "b":
        wanted = np.bool_
    else:
        narrow = array.dtype.itemsize < 4 or (kind == "i" and array.dtype.itemsize == 4)
        wanted = np.int32 if narrow else np.int64
    return np.asarray(array, wanted)


def is_one_array(value: Any) -> bool:
    """Whether a nested list holds the elements of one array, and no arrays that stay apart."""
    while isinstance(value, (list, tuple)):
        if value and isinstance(value[0], (Tensor, np.ndarray)):
            return False
        if any(hasattr(item, "shape") and not isinstance(item, np.generic) for item in value):
            return False
        if not value:
            return True
        value = value[0]
    return value is not None and not isinstance(value, Mapping)


def _natural(value: Any) -> np.ndarray[Any, Any]:
    """An array of numbers or strings where the elements allow it, else of objects."""
    if isinstance(value, (list, tuple)) and _holds_texts(value):
        value = np.array(value, dtype=object)
    array = np.asarray(value)
    if array.dtype.kind != "O" or array.size == 0:
        return array
    elements = array.ravel().tolist()
    if all(isinstance(element, str) for element in elements):
        # Of any length each: a fixed width would be that of the longest text for all.
        return np.array(elements, dtype=np.dtypes.StringDType()).reshape(array.shape)
    if any(isinstance(element, str) for element in elements):
        return array
    if all(isinstance(element, (list, tuple, np.ndarray)) for element in elements):
        shapes = {np.shape(element) for element in elements}
        if len(shapes) > 1:
            raise ValueError(_PAD)
        return np.array(elements).reshape((*array.shape, *shapes.pop()))
    try:
        found = np.array(elements)
        found = found.astype(np.float64) if found.dtype.kind == "O" else found
    except (TypeError, ValueError):
        return array
    return found.reshape(array.shape)


def names_of_columns(value: Any) -> list[Any] | None:
    """The names of the columns of a frame of pandas or polars; None for what is no frame."""
    names = getattr(value, "columns", None)
    return None if names is None or len(getattr(value, "shape", ())) != 2 else list(names)


def _frame(value: Any, names: Sequence[Any], what: str, text: bool) -> np.ndarray[Any, Any]:
    """The columns of a frame side by side. Raises TypeError that names the first column of another kind."""
    columns = [value.iloc[:, i] if hasattr(value, "iloc") else value[:, i] for i in range(len(names))]
    arrays = [_natural(np.asarray(column)) for column in columns]
    text = text and bool(arrays) and all(array.dtype.kind in "UT" for array in arrays)
    for name, array in zip(names, arrays, strict=True):
        if array.dtype.kind not in "fiub" and not text:
            raise TypeError(_complaint(array, f"{what}: column {name!r}", text))
    return np.stack(arrays, axis=1) if arrays else np.asarray(value)


def _holds_texts(value: Any) -> bool:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, str)


def _complaint(array: np.ndarray[Any, Any], what: str, text: bool) -> str:
    """Why these are no numbers, with the first such element."""
    text = text and array.dtype.kind == "O" and any(isinstance(element, str) for element in array.ravel().tolist())
    kind, example, row = _strange(array, text)
    if not kind:
        return f"{what}: expected numbers, got an array of dtype {array.dtype}"
    example = example.item() if isinstance(example, np.generic) else example
    at = "" if row is None else f" at index {row}"
    mend = f": {_MENDS[kind]}" if kind in _MENDS else ""
    return f"{what} holds {kind} such as {example!r:.60}{at}; expected {'texts' if text else 'numbers'}{mend}"


def _strange(array: np.ndarray[Any, Any], text: bool) -> tuple[str, Any, int | None]:
    """(kind, example, row) of the first element that is no number, or with `text` no text; kind "" without any."""
    kinds = {"U": "texts", "T": "texts", "S": "bytes", "m": "dates", "M": "dates", "c": "complex numbers"}
    if array.dtype.kind != "O":
        return kinds.get(array.dtype.kind, ""), array.ravel()[0] if array.size else None, None
    elements = array.ravel().tolist()
    for number, element in enumerate(elements):
        row = number * len(array) // len(elements) if array.ndim else None
        if isinstance(element, str):
            if not text:
                return "texts", element, None
        elif (
            element is None
            or type(element).__name__ in ("NAType", "NaTType")
            or (isinstance(element, float) and element != element)
        ):
            return "missing values", element, row
        elif hasattr(element, "isoformat"):
            return "dates", element, None
        elif text or not isinstance(element, (int, float)):
            return "numbers" if isinstance(element, (int, float)) else "objects", element, row
    return "", None, None
