"""Reading and writing safetensors files: named arrays and a dictionary of strings, no code.

The file is an unsigned 64-bit length N, N bytes of JSON, and the elements. The JSON maps each name to its dtype, shape
and `data_offsets`, and `__metadata__` to strings. A file is accepted only if every part of it is accounted for: the
header ends where it says, no name comes twice, and the arrays tile the rest of the file exactly.

Source: the format's description at https://github.com/huggingface/safetensors.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from math import prod
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from recurra.replacing import replacing

# Longest header that is read, in bytes, as in the reference implementation.
MAX_HEADER = 100_000_000

# Most axes of an array, as in NumPy.
MAX_RANK = 64

_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "|u1",
    "BOOL": "|b1",
}
_CODES = {np.dtype(dtype): code for code, dtype in _DTYPES.items()}


class DamagedFileError(ValueError):
    """The file is not what it claims to be.

    Example:
        >>> with open("broken.safetensors", "wb") as file:
        ...     _ = file.write(b"no tensors")
        >>> try:
        ...     recurra.safetensors.read("broken.safetensors")
        ... except recurra.safetensors.DamagedFileError:
        ...     print("damaged")
        damaged
    """


def write(path: str | PathLike[str], arrays: Mapping[str, Any], metadata: Mapping[str, str] | None = None) -> None:
    """Write named arrays and strings to a file, which appears whole or not at all.

    Args:
        path: Of the file; an old one is replaced, see `recurra.replacing`.
        arrays: Anything NumPy makes an array of, of a numeric dtype.
        metadata: Strings by name.

    Raises:
        TypeError: An array has a dtype that the format does not have.
        OSError: The file cannot be written.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "numbers.safetensors")
        ...     recurra.safetensors.write(path, {"a": np.ones(2, "float32")}, {"unit": "m"})
        ...     recurra.safetensors.read(path)
        ({'a': array([1., 1.], dtype=float32)}, {'unit': 'm'})
    """
    blocks: list[np.ndarray] = []
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, value in arrays.items():
        array = np.asarray(value)
        array = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)
        if array.dtype not in _CODES:
            raise TypeError(f"'{name}': safetensors has no dtype {array.dtype}")
        begin, end = end, end + array.nbytes
        header[name] = {"dtype": _CODES[array.dtype], "shape": list(array.shape), "data_offsets": [begin, end]}
        blocks.append(array)
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > MAX_HEADER:
        raise ValueError(f"the header of {len(text)} bytes is longer than the format allows ({MAX_HEADER})")
    with replacing(path) as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for block in blocks:
            file.write(block.data)


def read(path: str | PathLike[str]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Read a file.

    Returns:
        The arrays and the metadata, each by name.

    Raises:
        DamagedFileError: It is anything but a well-formed file; a ValueError.
        OSError: It cannot be read.

    Example:
        >>> recurra.safetensors.write("numbers.safetensors", {"a": np.ones(2, "float32")}, {"unit": "m"})
        >>> recurra.safetensors.read("numbers.safetensors")
        ({'a': array([1., 1.], dtype=float32)}, {'unit': 'm'})
    """
    source = Path(path)
    size = source.stat().st_size
    with source.open("rb") as file:
        if size < 8:
            raise _damaged(source, f"it has {size} bytes, a safetensors file begins with 8 bytes of length")
        length = int.from_bytes(file.read(8), "little")
        if length > MAX_HEADER or length > size - 8:
            raise _damaged(source, f"its header would have {length} bytes in a file of {size}")
        header = _parse(source, file.read(length))
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(isinstance(word, str) for word in metadata.values()):
            raise _damaged(source, "__metadata__ must hold strings only")
        entries = _checked(source, header, size - 8 - length)
        data = np.frombuffer(file.read(size - 8 - length), np.uint8)
    if data.size != size - 8 - length:
        raise _damaged(source, "it became shorter while it was read")
    arrays = {name: _view(data[begin:end], dtype, shape) for name, (dtype, shape, begin, end) in entries.items()}
    return arrays, metadata


def checksum(arrays: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> str:
    """CRC-32 of the strings, of names, dtypes and shapes, and of all elements, as eight hexadecimal digits.

    The format has none of its own; files of this package store it in their metadata.

    Example:
        >>> recurra.safetensors.checksum({"a": np.ones(2, "float32")}, {"unit": "m"})
        '20d38a27'
    """
    layout = [[name, array.dtype.name, list(array.shape)] for name, array in arrays.items()]
    value = zlib.crc32(json.dumps([sorted(metadata.items()), layout]).encode())
    for array in arrays.values():
        value = zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, value)
    return f"{value:08x}"


def _view(run: np.ndarray, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    if run.ctypes.data % np.dtype(dtype).itemsize:
        run = run.copy()
    return run.view(dtype).reshape(shape).astype(np.dtype(dtype).newbyteorder("="), copy=False)


def _damaged(path: Path, reason: str) -> DamagedFileError:
    return DamagedFileError(f"{path.name} is damaged or not a safetensors file: {reason}")


def _parse(path: Path, text: bytes) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            raise _damaged(path, "a name comes twice in the header")
        return dict(pairs)

    try:
        header = json.loads(text.decode(), object_pairs_hook=unique)
    except DamagedFileError:
        raise
    except (ValueError, RecursionError):
        raise _damaged(path, "its header is no JSON") from None
    if not isinstance(header, dict):
        raise _damaged(path, "its header is no JSON object")
    return header


def _checked(path: Path, header: dict[str, Any], size: int) -> dict[str, tuple[str, tuple[int, ...], int, int]]:
    """(dtype, shape, begin, end) of each array, once all of them together account for `size` bytes."""
    entries: dict[str, tuple[str, tuple[int, ...], int, int]] = {}
    for name, entry in header.items():
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise _damaged(path, f"the entry {name!r:.60} must have dtype, shape and data_offsets")
        dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(dtype, str) or dtype not in _DTYPES:
            raise _damaged(path, f"{name!r:.60} has the unknown dtype {dtype!r:.20}")
        if not _all_counts(shape) or not _all_counts(offsets) or len(offsets) != 2:
            raise _damaged(path, f"shape and data_offsets of {name!r:.60} must be lists of integers from 0")
        if len(shape) > MAX_RANK:
            raise _damaged(path, f"{name!r:.60} has {len(shape)} axes")
        begin, end = offsets
        if end - begin != prod(shape) * np.dtype(_DTYPES[dtype]).itemsize:
            raise _damaged(path, f"{name!r:.60} has {end - begin} bytes, which is not what its shape needs")
        entries[name] = (_DTYPES[dtype], tuple(shape), begin, end)
    position = 0
    for begin, end in sorted((begin, end) for _, _, begin, end in entries.values()):
        if begin != position:
            raise _damaged(path, "its arrays do not lie one after another")
        position = end
    if position != size:
        raise _damaged(path, f"its arrays need {position} bytes, it has {size}")
    return entries


def _all_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(value) is int and 0 <= value < 2**62 for value in values)
