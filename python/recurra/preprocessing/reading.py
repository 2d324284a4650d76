"""Text files, read piece by piece: a corpus need not fit into memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from os import PathLike
from pathlib import Path

__all__ = ["decode", "read_documents", "read_lines"]


def checked_text(text: object, owner: str) -> str:
    """`text`, if it is a string.

    Raises:
        TypeError: It is not; for bytes the message says how to decode them.
    """
    if isinstance(text, str):
        return text
    mend = "; decode it first: text.decode('utf-8')" if isinstance(text, bytes) else ""
    raise TypeError(f"{owner}: expected a text (str), got {text!r:.40} ({type(text).__name__}){mend}")


def decode(data: bytes, source: str, encoding: str = "utf-8", offset: int = 0) -> str:
    r"""Bytes to text, with an error that names the place.

    Args:
        data: The bytes.
        source: What they are called in the error.
        encoding: Any encoding Python knows.
        offset: Bytes of the source that came before `data`.

    Raises:
        ValueError: `data` is not text in this encoding; the position counts bytes of the source from 0.

    Example:
        >>> recurra.preprocessing.text.decode(b"caf\xe9", "menu.txt", encoding="latin-1")
        'café'
    """
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{source}: byte {data[error.start]:#04x} at position {offset + error.start} is not {encoding} text "
            f"({error.reason}); give the file's encoding, e.g. encoding='latin-1'"
        ) from None


def read_lines(path: str | PathLike[str], encoding: str = "utf-8") -> Iterator[str]:
    r"""The lines of a text file one by one, without their line ends.

    Args:
        path: The file; "-" is standard input.
        encoding: Of one of the encodings in which a line end is the byte 0x0A (UTF-8, Latin-1, …, not UTF-16).

    Raises:
        ValueError: A line is not text in this encoding; names the line and the position of the byte.

    Example:
        >>> from pathlib import Path
        >>> _ = Path("reviews.txt").write_text("good\nbad\n")
        >>> list(recurra.preprocessing.text.read_lines("reviews.txt"))
        ['good', 'bad']
    """
    offset = 0
    with nullcontext(sys.stdin.buffer) if path == "-" else open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            yield decode(line, f"{path}, line {number}", encoding, offset).rstrip("\r\n")
            offset += len(line)


def read_documents(path: str | PathLike[str], pattern: str = "**/*.txt", encoding: str = "utf-8") -> Iterator[str]:
    """The files of a folder, in the order of their names, each as one text.

    Args:
        path: The folder.
        pattern: Which files below it.
        encoding: Of the files.

    Raises:
        ValueError: There is no such file, or one is not text in this encoding.

    Example:
        >>> from pathlib import Path
        >>> Path("texts").mkdir()
        >>> for name, text in (("b.txt", "second"), ("a.txt", "first")):
        ...     _ = (Path("texts") / name).write_text(text)
        >>> list(recurra.preprocessing.text.read_documents("texts"))
        ['first', 'second']
    """
    files = sorted(file for file in Path(path).glob(pattern) if file.is_file())
    if not files:
        raise ValueError(f"read_documents: no file {pattern} in {path}")
    for file in files:
        yield decode(file.read_bytes(), str(file), encoding)
