"""Reads .npz archives whose arrays hold Python lists, without running what a pickle may ask for.

NumPy stores object arrays as pickles. The unpickler here knows three names, those by which NumPy rebuilds an array, and
puts inert classes in their place, so that nothing but lists and numbers comes out.
"""

from __future__ import annotations

import io
import pickle
import zipfile
from itertools import chain
from os import PathLike
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from .integrity import check_expansion

__all__ = ["Ragged", "read_ragged_npz"]

Ragged = tuple[NDArray[np.int32], NDArray[np.int64]]


class _Array:
    rows: list[list[int]]

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.rows = state[4]


class _DType:
    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


_STAND_INS: dict[tuple[str, str], type] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _DType,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise ValueError(f"its pickle asks for {module}.{name}, which no array of lists needs; refused") from None


def _flatten(rows: Any) -> Ragged:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise ValueError("an object array holds something other than lists")
    lengths = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    values = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(offsets[-1]))
    if values.size and (values.min() < 0 or values.max() > np.iinfo(np.int32).max):
        raise ValueError("a list holds a number below 0 or above 2^31 - 1")
    return values.astype(np.int32), offsets


def _read_member(file: IO[bytes]) -> NDArray[Any] | Ragged:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    if not dtype.hasobject:
        file.seek(0)
        return np.asarray(np.lib.format.read_array(file, allow_pickle=False))
    try:
        ragged = _flatten(getattr(_ArrayUnpickler(file).load(), "rows", None))
    except (pickle.UnpicklingError, EOFError) as error:
        raise ValueError(f"its pickle is damaged: {error}") from None
    if shape != (len(ragged[1]) - 1,):
        raise ValueError(f"an object array announces shape {shape} but holds {len(ragged[1]) - 1} lists")
    return ragged


def read_ragged_npz(path: str | PathLike[str]) -> dict[str, NDArray[Any] | Ragged]:
    """The arrays of an archive by name; an array of lists of numbers becomes (all numbers, offsets of the lists).

    Raises:
        ValueError: A pickle asks for anything but lists of numbers, or the archive is damaged.
    """
    with zipfile.ZipFile(path) as archive:
        members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        check_expansion(sum(info.file_size for info in members), path, "its arrays")
        return {info.filename.removesuffix(".npy"): _read_member(io.BytesIO(archive.read(info))) for info in members}
