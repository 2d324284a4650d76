"""Finds the file of a data set: in RECURRA_DATA, in the user's cache, or on the network.

RECURRA_DATA names one or more folders (separated as in PATH). They are only read; a download goes to the cache.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import urllib.request
from collections.abc import Sequence
from pathlib import Path

VARIABLE = "RECURRA_DATA"


class DatasetNotFoundError(FileNotFoundError):
    """The data set is neither on this machine nor to be had from the network; the message says what to do."""


def data_folders() -> list[Path]:
    """The folders that RECURRA_DATA names.

    Raises:
        NotADirectoryError: One of them does not exist.
    """
    folders = [Path(part).expanduser() for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    for folder in folders:
        if not folder.is_dir():
            raise NotADirectoryError(f"{VARIABLE} names '{folder}', which is not a folder; correct or unset it")
    return folders


def cache_folder() -> Path:
    """The folder where downloads and converted files are kept (it may not exist yet).

    XDG_CACHE_HOME if set, else the custom of the system: ~/.cache, ~/Library/Caches, %LOCALAPPDATA%.
    """
    if home := os.environ.get("XDG_CACHE_HOME"):
        base = Path(home)
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path.home() / ".cache"
    return base / "recurra" / "datasets"


def find(names: Sequence[str]) -> Path | None:
    """The first of `names` that lies in a folder of RECURRA_DATA or in the cache; None if there is none.

    A name may hold wildcards (`mpi_roof*.csv`); of several matches the first in the order of names is taken.
    """
    for folder in [*data_folders(), cache_folder()]:
        for name in names:
            for path in sorted(folder.glob(name)):
                if path.is_file():
                    return path
    return None


def locate(
    names: str | Sequence[str],
    *,
    url: str | None = None,
    sha256: str | None = None,
    size: int | None = None,
    timeout: float = 5.0,
    verbose: bool = True,
    save_as: str | None = None,
) -> Path:
    """Path of a data set's file, downloaded first where it is not on this machine.

    Args:
        names: File names the data set goes by, the preferred one first; wildcards are allowed in all but the first.
        url: Where it can be had; None: never downloaded.
        sha256: What the downloaded file must have, in hexadecimal, where known.
        size: Bytes of the downloaded file, where known.
        timeout: Seconds to wait for an answer of the network (default 5).
        verbose: Whether a download shows its progress on stderr.
        save_as: Name of the downloaded file; None: that in `url`.

    Returns:
        The path of an existing file. One that was found is taken as it is; one that was downloaded has been checked.

    Raises:
        DatasetNotFoundError: Not found and not to be had from the network.
        ValueError: The download is not the file that was expected.
    """
    wanted = [names] if isinstance(names, str) else list(names)
    found = find(wanted)
    if found is not None:
        return found
    if url is None:
        raise DatasetNotFoundError(_what_to_do(wanted, None))
    target = cache_folder() / (save_as or url.rsplit("/", 1)[-1])
    try:
        download(url, target, sha256=sha256, size=size, timeout=timeout, verbose=verbose)
    except OSError as error:
        reason = getattr(error, "reason", error)  # of a URLError, itself an OSError
        words = getattr(reason, "strerror", None) or reason
        raise DatasetNotFoundError(_what_to_do(wanted, f"{url}: {words}")) from error
    return target


def download(
    url: str,
    target: Path,
    *,
    sha256: str | None = None,
    size: int | None = None,
    timeout: float = 5.0,
    verbose: bool = True,
) -> None:
    """Fetches `url` into `target`, which appears only when it is complete and checked.

    Raises:
        OSError: No connection, or it broke.
        ValueError: Size or sha256 differ from what was expected.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    received = 0
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        announced = int(answer.headers.get("Content-Length") or 0)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=target.name, suffix=".part", delete=False) as part:
            partial = Path(part.name)
            try:
                while block := answer.read(1 << 18):
                    part.write(block)
                    digest.update(block)
                    received += len(block)
                    if verbose:
                        _show_progress(target.name, received, announced)
                part.close()
                if announced and received != announced:
                    raise OSError(f"the connection ended after {received} of {announced} bytes")
                if size is not None and received != size:
                    raise ValueError(f"{url}: expected {size} bytes, got {received}")
                if sha256 is not None and digest.hexdigest() != sha256:
                    raise ValueError(f"{url}: expected sha256 {sha256}, got {digest.hexdigest()}")
                partial.replace(target)
            except BaseException:
                part.close()
                partial.unlink(missing_ok=True)
                raise
            finally:
                if verbose and received:
                    print(file=sys.stderr)


def _show_progress(name: str, received: int, announced: int) -> None:
    share = f" of {announced / 1e6:.1f} MB ({100 * received // announced} %)" if announced else " MB"
    print(f"\rdownloading {name}: {received / 1e6:.1f}{share}", end="", file=sys.stderr, flush=True)


def _what_to_do(names: Sequence[str], reason: str | None) -> str:
    failed = f" and it could not be downloaded ({reason})" if reason else ""
    return (
        f"'{names[0]}' is not on this machine{failed}. Put the file into a folder and set {VARIABLE} to that folder, "
        f"or put it into {cache_folder()}"
    )
