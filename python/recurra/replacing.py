"""Files that appear whole or not at all: written beside their place, then moved there.

The new file has a name of its own until it is whole and on the disk, so whatever happens before (an error, a signal, a
full disk, a killed process) leaves the old file as it was. A writer holds a lock on its unfinished file; the kernel
lets go of it when the process dies, so that the next writer in the folder knows what is left over and removes it.
"""

from __future__ import annotations

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

_PREFIX, _SUFFIX = ".recurra-", ".part"
_UNLOCKED_AT_MOST = 10.0  # seconds from the making of a file to the lock on it, and far from it


@contextmanager
def replacing(path: str | PathLike[str]) -> Iterator[BinaryIO]:
    """A new binary file that takes the place of `path` when the block ends without an error.

    A symbolic link is followed: the file it points to is replaced. An existing file hands its permissions on.

    Args:
        path: Of the file.

    Raises:
        OSError: The file cannot be written, or something that is no file stands at `path`.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "numbers.bin")
        ...     with recurra.replacing.replacing(path) as file:
        ...         _ = file.write(b"123")
        ...     path.read_bytes()
        b'123'
    """
    target = Path(os.path.realpath(path))
    mode = _mode_of(target)
    _remove_leftovers(target.parent)
    # The name is known before the file exists: no signal can come between the two and leave the file behind.
    unfinished = target.with_name(f"{_PREFIX}{token_hex(8)}{_SUFFIX}")
    try:
        with open(unfinished, "xb", opener=lambda name, flags: os.open(name, flags, mode or 0o666)) as file:
            with suppress(OSError):  # file systems without locks
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield file
            file.flush()
            os.fsync(file.fileno())
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            os.replace(unfinished, target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _mode_of(target: Path) -> int | None:
    """The permissions of the file that is to be replaced; None if there is none yet."""
    try:
        found = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found):
        raise IsADirectoryError(f"{target} is a directory; give the name of a file in it")
    if not stat.S_ISREG(found):
        raise OSError(f"{target} is a device or a pipe, not a file that could be replaced")
    return stat.S_IMODE(found)


def _remove_leftovers(folder: Path) -> None:
    """Removes unfinished files of writers that are dead."""
    with suppress(OSError):
        for left in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            with suppress(OSError), left.open("rb") as file:
                if time.time() - left.stat().st_mtime < _UNLOCKED_AT_MOST:
                    continue
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink(missing_ok=True)
