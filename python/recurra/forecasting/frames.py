"""Columns of what users have: frames of pandas and polars, dictionaries of arrays; and results of the same kind.

No package is imported for this: a frame is what has named columns in two dimensions, and its class makes another one
from a dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.conversion import names_of_columns
from recurra.datasets.spacing import DAY, Spacing, Times, date_text

_MOST_CATEGORIES = 100


def columns_of(data: Any, what: str) -> dict[str, Any]:
    """The columns of a frame or a dictionary by name, all of one length.

    Raises:
        TypeError: It is neither.
        ValueError: Two columns have the same name, or lengths differ.
    """
    if isinstance(data, Mapping):
        columns = {str(name): np.asarray(column) for name, column in data.items()}
        lengths = {name: len(column) if column.ndim else -1 for name, column in columns.items()}
        if len(set(lengths.values())) > 1 or -1 in lengths.values():
            words = ", ".join(f"'{name}': {length}" for name, length in lengths.items())
            raise ValueError(f"{what}: the columns must be arrays of one length, got {words}")
        return columns
    names = names_of_columns(data)
    if names is None:
        raise TypeError(
            f"{what}: expected a frame of pandas or polars, or a dictionary of arrays, got {type(data).__name__}"
        )
    twice = sorted({str(name) for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{what}: there are two columns named '{twice[0]}'; rename one")
    return {str(name): data[name] for name in names}


def frame_like(data: Any, columns: Mapping[str, Any]) -> Any:
    """The columns as a dictionary where `data` is one, else as a frame of its class."""
    return dict(columns) if isinstance(data, Mapping) else type(data)(dict(columns))


def numbers_of(column: Any, what: str) -> NDArray[np.float64]:
    """A column as float64, NaN where it has no value; booleans are 0 and 1.

    Raises:
        TypeError: It holds something else; the message has the first such element and its row.
        ValueError: A number is infinite.
    """
    array = np.asarray(column)
    if array.dtype.kind in "fiub":
        values = array.astype(np.float64)
    elif array.dtype.kind in "mM":
        raise TypeError(f"{what} holds dates or times; expected numbers: convert the column, or leave it out")
    else:
        values = np.empty(len(array))
        for row, element in enumerate(array.tolist()):
            values[row] = _number(element, row, what)
    if np.isinf(values).any():
        row = int(np.isinf(values).argmax())
        raise ValueError(f"{what} is infinite in row {row}; replace it by NaN or a number")
    return values


def _number(element: Any, row: int, what: str) -> float:
    if element is None or type(element).__name__ in ("NAType", "NaTType"):
        return np.nan
    if isinstance(element, (str, bytes)) or not hasattr(element, "__float__"):
        raise TypeError(
            f"{what} holds {element!r:.40} in row {row}; expected numbers: convert the column, or leave it out"
        )
    return float(element)


def is_text(column: Any) -> bool:
    """Whether a column holds categories: strings, or objects of which the first is one."""
    array = np.asarray(column)
    if array.dtype.kind in "UST":
        return True
    first = next((one for one in array.tolist() if one is not None), None) if array.dtype.kind == "O" else None
    return isinstance(first, str)


def categories_of(column: Any, what: str) -> list[str]:
    """The different texts of a column, sorted.

    Raises:
        ValueError: There are more than a hundred.
    """
    found = sorted({str(one) for one in np.asarray(column).tolist()})
    if len(found) > _MOST_CATEGORIES:
        raise ValueError(f"{what} holds {len(found)} different texts, more than {_MOST_CATEGORIES}; leave it out")
    return found


def one_hot(column: Any, categories: list[str], what: str) -> NDArray[np.float64]:
    """(rows, categories), 1 where a row has the category.

    Raises:
        ValueError: A text is none of the categories.
    """
    texts = np.array([str(one) for one in np.asarray(column).tolist()])
    found = texts[:, None] == np.array(categories)
    if not found.any(axis=1).all():
        text = texts[int((~found.any(axis=1)).argmax())]
        raise ValueError(f"{what} holds '{text}', which was not there in fit; known are {', '.join(categories)}")
    return np.asarray(found, dtype=np.float64)


@dataclass(frozen=True)
class Stamps:
    """How a column of stamps becomes numbers, and numbers such a column.

    Attributes:
        kind: "integer" or "date".
        dtype: Of the column, for what is given back.
        zone: Time zone of the column, None for none.
        local: Whether steps count on the local clock, as days and months do, rather than in UTC.
    """

    kind: str
    dtype: Any
    zone: Any = None
    local: bool = False

    @staticmethod
    def of(column: Any, spacing: Spacing | None) -> Stamps:
        """What a column is, for stamps with this step."""
        zone = getattr(getattr(column, "dtype", None), "tz", None) or getattr(
            getattr(column, "dtype", None), "time_zone", None
        )
        local = spacing is not None and (not spacing.by_clock or spacing.count % DAY == 0)
        if zone is not None:
            return Stamps("date", np.dtype("datetime64[us]"), zone, local)
        array = np.asarray(column)
        if array.dtype.kind in "iu":
            return Stamps("integer", array.dtype)
        return Stamps("date", array.dtype if array.dtype.kind == "M" else np.dtype("datetime64[us]"))

    def numbers(self, column: Any, what: str) -> Times:
        """Seconds since 1970, or the integers.

        Raises:
            TypeError, ValueError: An element is no stamp; the message has it and its row.
        """
        if self.kind == "integer":
            array = np.asarray(column)
            if array.dtype.kind not in "iu":
                raise TypeError(f"{what} must hold integers, as in fit; got {array.dtype}")
            return array.astype(np.float64)
        array = np.asarray(self._naive(column))
        if array.dtype.kind in "OUT":
            array = np.array([_date(one, row, what) for row, one in enumerate(array.tolist())], "datetime64[us]")
        if array.dtype.kind != "M":
            raise TypeError(f"{what} must hold dates or integers, got {array.dtype}; parse the column first")
        if np.isnat(array).any():
            raise ValueError(f"{what} has no stamp in row {int(np.isnat(array).argmax())}; drop the row")
        seconds = array.astype("datetime64[s]")
        rest = (array - seconds) / np.timedelta64(1, "s")
        return np.asarray(seconds.astype(np.int64) + rest, dtype=np.float64)

    def _naive(self, column: Any) -> Any:
        if self.zone is None:
            return column
        clock = column.dt
        if hasattr(clock, "tz_localize"):  # pandas
            return (column if self.local else clock.tz_convert("UTC")).dt.tz_localize(None)
        return (column if self.local else clock.convert_time_zone("UTC")).dt.replace_time_zone(None)

    def column(self, numbers: Times, like: Any) -> Any:
        """Numbers as such a column again; `like` is one of the frame, whose class has zones."""
        if self.kind == "integer":
            return np.round(numbers).astype(self.dtype)
        whole = np.floor(numbers)
        micro = np.round((numbers - whole) * 1e6).astype(np.int64)
        stamps = (whole.astype(np.int64).astype("datetime64[s]").astype("datetime64[us]") + micro).astype(self.dtype)
        if self.zone is None:
            return stamps
        column = type(like)(stamps)
        if hasattr(column.dt, "tz_localize"):
            if self.local:
                return column.dt.tz_localize(
                    self.zone, ambiguous=np.ones(len(stamps), bool), nonexistent="shift_forward"
                )
            return column.dt.tz_localize("UTC").dt.tz_convert(self.zone)
        if self.local:
            return column.dt.replace_time_zone(self.zone, ambiguous="earliest")
        return column.dt.replace_time_zone("UTC").dt.convert_time_zone(self.zone)

    def text(self, number: float) -> str:
        """A stamp for people."""
        return f"{number:g}" if self.kind == "integer" else date_text(number)


def _date(element: Any, row: int, what: str) -> np.datetime64:
    try:
        if getattr(element, "tzinfo", None) is not None:
            raise ValueError("a time zone")
        stamp: np.datetime64 = np.datetime64(element, "us")
    except (TypeError, ValueError):
        raise ValueError(
            f"{what} holds {element!r:.60} in row {row}; expected a date such as 2024-01-31 12:00 (in UTC, or a column "
            "of a frame with its zone), or integers"
        ) from None
    return stamp
