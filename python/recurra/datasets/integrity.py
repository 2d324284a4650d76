"""Damaged files of data sets: found while reading, reported with what was expected."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path

#: Bytes that one byte of an archive may stand for: text and pictures shrink to a tenth at best, zeros to a thousandth.
_LARGEST_EXPANSION = 100


def check_expansion(size: int, path: str | PathLike[str], member: str) -> None:
    """Refuses what would unpack to far more than its archive can be worth, before memory is taken for it.

    Args:
        size: Bytes that the members read so far have, or are said to have.
        path: The archive.
        member: The one that is to be read, for the error.

    Raises:
        ValueError: `size` is out of proportion to the archive.
    """
    most = _most(path)
    if size > most:
        raise ValueError(f"with '{member}' it would unpack to {size:,} bytes; an archive of its size may hold {most:,}")


def _most(path: str | PathLike[str]) -> int:
    return _LARGEST_EXPANSION * max(Path(path).stat().st_size, 1 << 10)


def unzipped(path: str | PathLike[str]) -> bytes:
    """The contents of a gzipped file; ValueError where they are out of proportion to it."""
    with gzip.open(path) as file:
        data = file.read(_most(path) + 1)
    check_expansion(len(data), path, Path(path).name)
    return data


def sha256_of(path: str | PathLike[str]) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def reading(path: str | PathLike[str], sha256: str | None = None) -> Iterator[None]:
    """Turns whatever goes wrong in reading a file into a ValueError that names the file and compares checksums.

    Args:
        path: The file.
        sha256: Checksum of the published file, where known.
    """
    try:
        yield
    except (FileNotFoundError, ImportError):
        raise
    except Exception as error:  # each format's reader has errors of its own
        if sha256 is None or not Path(path).is_file():
            remedy = "get it again"
        elif (found := sha256_of(path)) == sha256:
            remedy = "though its sha256 is that of the published file"
        else:
            remedy = f"its sha256 is {found}, that of the published file {sha256}; get it again"
        reason = str(error) or type(error).__name__
        raise ValueError(f"{path} cannot be read: {reason} ({remedy})") from error
