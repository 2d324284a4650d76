"""Tiny Shakespeare: 40,000 lines of his plays, the usual small text for character models.

Source: A. Karpathy, char-rnn, 2015. Public domain.
"""

from __future__ import annotations

import gzip
from pathlib import Path

from recurra.preprocessing.reading import decode

from .integrity import reading
from .locate import locate

__all__ = ["load_data"]

_URL = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


def load_data(path: str = "tinyshakespeare.txt") -> str:
    """The text: 1,115,394 characters, 65 of them distinct, all ASCII.

    Arguments:
        path: name of the file (or the same with .gz), or its path.

    Raises:
        DatasetNotFoundError: no file and no network.
        ValueError: a damaged file, or one that is no text.
    """
    located = Path(path)
    if not located.exists():
        located = locate([path, f"{path}.gz"], url=_URL, sha256=_SHA256, save_as=path)
    with reading(located, None if located.suffix == ".gz" else _SHA256):
        data = located.read_bytes()
        text = decode(gzip.decompress(data) if located.suffix == ".gz" else data, str(located))
        if not text:
            raise ValueError("it is empty")
        return text
