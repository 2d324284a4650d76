"""Large texts for language models, read from files that the user has: WikiText-103, LAMBADA, text8.

They are never downloaded. Sources: S. Merity, C. Xiong, J. Bradbury, R. Socher, Pointer sentinel mixture models, 2016
(WikiText-103); D. Paperno et al., The LAMBADA dataset, 2016; M. Mahoney, Large text compression benchmark, 2006
(text8).
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from .integrity import reading
from .locate import locate
from .ptb import Corpus

__all__ = ["load_lambada", "load_text8", "load_wikitext103"]

Lines = Callable[[], AbstractContextManager[Iterable[str]]]
_WIKITEXT = ("wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens")
_LAMBADA = ("lambada_development_plain_text.txt", "lambada_test_plain_text.txt")
_CHARACTERS = " abcdefghijklmnopqrstuvwxyz"


def load_wikitext103(path: str = "wikitext-103-v1.zip") -> Corpus:
    r"""WikiText-103 as numbers: 103 million words, 267,735 different ones, with '<eos>' at the end of each line.

    Args:
        path: Name of the zip, or path of it or of a folder with `wiki.train.tokens`, `wiki.valid.tokens` and
            `wiki.test.tokens`.

    Returns:
        Rows of numbers and the words that they stand for, the most frequent first.

    Raises:
        DatasetNotFoundError: It is not on this machine; the message says where to put it.
        ValueError: A damaged file, or one without the three parts.

    Example:
        >>> from pathlib import Path
        >>> Path("wiki").mkdir()
        >>> for part in ("train", "valid", "test"):
        ...     _ = Path("wiki", f"wiki.{part}.tokens").write_text(" \n = Moon = \n the Moon is the Moon \n")

        >>> recurra.datasets.large_texts.load_wikitext103("wiki").vocabulary[:2]
        ['<eos>', 'Moon']
    """
    located = _located(path, ["wikitext-103/wiki.train.tokens", _WIKITEXT[0]])
    if located.name == _WIKITEXT[0]:
        located = located.parent
    with reading(located):
        if located.is_dir():
            missing = [name for name in _WIKITEXT if not (located / name).is_file()]
            if missing:
                raise ValueError(f"it holds no {', no '.join(missing)}")
            sources = [_lines_of(located / name) for name in _WIKITEXT]
        else:
            with zipfile.ZipFile(located) as archive:
                names = {Path(name).name: name for name in archive.namelist()}
            missing = [name for name in _WIKITEXT if name not in names]
            if missing:
                raise ValueError(f"it holds no {', no '.join(missing)}")
            sources = [_lines_in(located, names[name]) for name in _WIKITEXT]
        counts: Counter[str] = Counter()
        for words in _words(sources[0]):
            counts.update(words)
        vocabulary = [word for word, _ in counts.most_common()]
        train, valid, test = (_numbers(source, vocabulary) for source in sources)
        return Corpus(train, valid, test, vocabulary)


def load_lambada(
    path: str = "lambada-dataset", max_words: int | None = None
) -> tuple[NDArray[np.int32], list[NDArray[np.int32]], list[NDArray[np.int32]], list[str]]:
    r"""LAMBADA as numbers: 200 million words of novels, and passages whose last word is asked for.

    Args:
        path: Folder with `lambada_development_plain_text.txt`, `lambada_test_plain_text.txt` and the novels in
            `train-novels/`, all unpacked.
        max_words: So many words, the most frequent ones, `<unk>` for the others; default all.

    Returns:
        The novels as one row of numbers, the passages for validation and for the test, and the words.

    Raises:
        DatasetNotFoundError: It is not on this machine; the message says where to put it.
        ValueError: A damaged file, or one of the parts is missing.

    Example:
        >>> from pathlib import Path
        >>> Path("passages/train-novels/a").mkdir(parents=True)
        >>> _ = Path("passages/train-novels/a/novel.txt").write_text("he gave her the book\n")
        >>> for part in ("development", "test"):
        ...     _ = Path("passages", f"lambada_{part}_plain_text.txt").write_text("she took the book\n")

        >>> novels, validation, test, words = recurra.datasets.large_texts.load_lambada("passages")
        >>> words[test[0][-1]]
        'book'
    """
    located = _located(path, [f"lambada-dataset/{_LAMBADA[1]}", _LAMBADA[1]])
    folder = located if located.is_dir() else located.parent
    with reading(folder):
        novels = sorted((folder / "train-novels").rglob("*.txt"))
        missing = [name for name in _LAMBADA if not (folder / name).is_file()]
        missing += [] if novels else ["train-novels/**/*.txt (unpack train-novels.tar there)"]
        if missing:
            raise ValueError(f"it holds no {', no '.join(missing)}")
        counts: Counter[str] = Counter()
        for novel in novels:
            for words in _words(_lines_of(novel)):
                counts.update(words)
        vocabulary = [word for word, _ in counts.most_common(None if max_words is None else max_words - 1)]
        if "<unk>" not in counts:
            vocabulary.append("<unk>")
        train = np.concatenate([_numbers(_lines_of(novel), vocabulary) for novel in novels])
        held_out = [_passages(_lines_of(folder / name), vocabulary) for name in _LAMBADA]
    return train, held_out[0], held_out[1], vocabulary


def load_text8(path: str = "text8.zip") -> Corpus:
    """text8 as numbers: 90 million characters for training, 5 for validation, 5 for the test; 27 different ones.

    Args:
        path: Name of the zip, or path of it or of the file `text8` in it.

    Returns:
        Rows of numbers, and the characters: a space and a to z.

    Raises:
        DatasetNotFoundError: It is not on this machine; the message says where to put it.
        ValueError: A damaged file, or other characters in it.

    Example:
        >>> from pathlib import Path
        >>> _ = Path("text8").write_text(" anarchism originated" * 20)
        >>> corpus = recurra.datasets.large_texts.load_text8("text8")
        >>> len(corpus.train), len(corpus.valid), len(corpus.test)
        (378, 21, 21)
    """
    located = _located(path, ["text8"])
    with reading(located):
        if located.suffix == ".zip":
            with zipfile.ZipFile(located) as archive:
                data = archive.read("text8")
        else:
            data = located.read_bytes()
        table = np.full(256, -1, np.int32)
        table[np.frombuffer(_CHARACTERS.encode(), np.uint8)] = np.arange(len(_CHARACTERS))
        numbers = table[np.frombuffer(data, np.uint8)]
        if not numbers.size or numbers.min() < 0:
            strange = bytes([data[int(np.argmin(numbers))]]) if numbers.size else b"an empty file"
            raise ValueError(f"expected lower-case letters and spaces, got {strange!r}")
    held_out = len(numbers) // 20
    return Corpus(numbers[: -2 * held_out], numbers[-2 * held_out : -held_out], numbers[-held_out:], list(_CHARACTERS))


def _located(path: str, also: list[str]) -> Path:
    return Path(path) if Path(path).exists() else locate([path, *also])


def _lines_of(path: Path) -> Lines:
    return lambda: path.open(encoding="utf-8")


def _lines_in(archive: Path, name: str) -> Lines:
    @contextmanager
    def lines() -> Iterator[IO[str]]:
        with zipfile.ZipFile(archive) as opened, opened.open(name) as file:
            yield io.TextIOWrapper(file, "utf-8")

    return lines


def _words(lines: Lines) -> Iterator[list[str]]:
    with lines() as given:
        for line in given:
            yield [*line.split(), "<eos>"]


def _numbers(lines: Lines, vocabulary: Sequence[str]) -> NDArray[np.int32]:
    """The numbers of a text, line by line; unknown words are `<unk>`."""
    numbers = {word: number for number, word in enumerate(vocabulary)}
    other = numbers.get("<unk>", 0)
    found = (numbers.get(word, other) for words in _words(lines) for word in words)
    return np.fromiter(found, np.int32)


def _passages(lines: Lines, vocabulary: Sequence[str]) -> list[NDArray[np.int32]]:
    numbers = {word: number for number, word in enumerate(vocabulary)}
    other = numbers["<unk>"]
    rows = (words[:-1] for words in _words(lines))
    return [np.array([numbers.get(word, other) for word in row], np.int32) for row in rows if len(row) > 1]
