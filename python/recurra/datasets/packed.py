"""The bytes of a text file, plain, gzipped or in a zip archive; what is wrong with the packing is a ValueError."""

from __future__ import annotations

import errno
import gzip
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
Read = Callable[[int], bytes]

_DAMAGED = (
    EOFError,
    ValueError,
    OverflowError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
)
_ENCRYPTED = 1  # bit 0 of a zip member's flags


@contextmanager
def opened(path: Path) -> Iterator[Read]:
    """A function that reads the next bytes of the table in `path`, whatever it is packed in.

    Raises:
        OSError: The file cannot be opened.
        ValueError: The archive is damaged, encrypted, packed by an unknown method or holds no single table. Names the
            file and says what to do.
    """
    name = path.name
    with path.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        if magic[:2] == b"\x1f\x8b":
            with gzip.open(raw) as unpacked:
                yield _checked_reads(unpacked.read, name)
        elif magic == b"PK\x03\x04":
            with _translated(name, lambda: zipfile.ZipFile(raw)) as archive:
                table = _member(archive, name)
                yield _checked_reads(_translated(name, lambda: archive.open(table)).read, name)
        else:
            yield raw.read


def _checked_reads(read: Read, name: str) -> Read:
    return lambda size: _translated(name, lambda: read(size))


def _translated(name: str, action: Callable[[], T]) -> T:
    """The result of one access to an archive; each format's reader has errors of its own."""
    try:
        return action()
    except _DAMAGED as error:
        raise ValueError(f"{name}: the archive is damaged or cut off ({error}); get the file again") from error
    except OSError as error:
        if error.errno not in (None, errno.EINVAL):  # bz2 has no number; a wrong offset is an invalid seek
            raise
        raise ValueError(f"{name}: the archive is damaged ({error}); get the file again") from error
    except (NotImplementedError, RuntimeError) as error:  # a method of compression that zipfile lacks
        raise ValueError(f"{name}: the archive cannot be unpacked here ({error}); unpack it first") from error


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    tables = [
        info
        for info in archive.infolist()
        if info.filename.lower().endswith((".csv", ".txt", ".tsv")) and not info.filename.startswith("__MACOSX/")
    ]
    if len(tables) != 1:
        raise ValueError(f"{name}: expected one .csv file in the archive, got {len(tables)}; unpack the one to read")
    if tables[0].flag_bits & _ENCRYPTED:
        raise ValueError(f"{name}: the archive is encrypted; unpack it with its password first")
    return tables[0]
