"""Tiny Shakespeare: 40,000 lines of his plays, the usual small text for character models.

Source: A. Karpathy, char-rnn, 2015. Public domain.
"""

from __future__ import annotations

from pathlib import Path

from recurra.preprocessing.reading import decode

from .catalogue import SHAKESPEARE
from .integrity import reading, unzipped
from .locate import locate

__all__ = ["load_data"]


def load_data(path: str = "tinyshakespeare.txt") -> str:
    """The text: 1,115,394 characters, 65 of them distinct, all ASCII.

    Args:
        path: Name of the file (or the same with .gz), or its path.

    Raises:
        DatasetNotFoundError: No file and no network.
        ValueError: A damaged file, or one that is not text.

    Example:
        >>> from pathlib import Path
        >>> _ = Path("play.txt").write_text("To be, or not to be")
        >>> recurra.datasets.tiny_shakespeare.load_data("play.txt")[:5]
        'To be'
    """
    located = Path(path)
    if not located.exists():
        located = locate([path, f"{path}.gz"], url=SHAKESPEARE.url, sha256=SHAKESPEARE.sha256, save_as=path)
    with reading(located, None if located.suffix == ".gz" else SHAKESPEARE.sha256):
        data = unzipped(located) if located.suffix == ".gz" else located.read_bytes()
        text = decode(data, str(located))
        if not text:
            raise ValueError("it is empty")
        return text
