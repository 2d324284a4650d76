"""Penn Treebank in Mikolov's preprocessing: Wall Street Journal text of 10,000 distinct words.

Source: M. Marcus, B. Santorini, M. Marcinkiewicz, Building a Large Annotated Corpus of English: The Penn Treebank,
Computational Linguistics 19(2), 1993; T. Mikolov, M. Karafiát, L. Burget, J. Černocký, S. Khudanpur, Recurrent neural
network based language model, Interspeech 2010. The text is licensed by the LDC (LDC99T42) and is never downloaded: get
`simple-examples.tgz` of Mikolov's RNNLM toolkit, or a zip or folder of its `ptb.{train,valid,test}.txt`.
"""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.preprocessing.reading import decode

from .integrity import check_expansion, reading
from .locate import locate

__all__ = ["Corpus", "load_data", "load_text"]

_PARTS = ("ptb.train.txt", "ptb.valid.txt", "ptb.test.txt")


class Corpus(NamedTuple):
    """A text as numbers: three rows of int32 and what each number stands for.

    Example:
        >>> row = np.array([0, 1, 0], "int32")
        >>> corpus = recurra.datasets.ptb.Corpus(row, row, row, ["yes", "no"])
        >>> [corpus.vocabulary[number] for number in corpus.train]
        ['yes', 'no', 'yes']
    """

    train: NDArray[np.int32]
    valid: NDArray[np.int32]
    test: NDArray[np.int32]
    vocabulary: list[str]


def load_text(path: str = "ptb.zip") -> tuple[str, str, str]:
    r"""The three texts, one sentence a line.

    Args:
        path: Name of the zip, or path of a zip, a tar archive or a folder that holds the three files.

    Raises:
        DatasetNotFoundError: It is not on this machine.
        ValueError: A damaged archive, or a text that is not UTF-8 (names the position).

    Example:
        >>> from pathlib import Path
        >>> Path("corpus").mkdir()
        >>> for part in ("train", "valid", "test"):
        ...     _ = (Path("corpus") / f"ptb.{part}.txt").write_text(" we sell shares \n")

        >>> recurra.datasets.ptb.load_text("corpus")[0]
        ' we sell shares \n'
    """
    located = Path(path) if Path(path).exists() else locate([path, "simple-examples.tgz", _PARTS[0]])
    if located.name == _PARTS[0]:
        located = located.parent
    with reading(located):
        if located.is_dir():
            contents = {name: (located / name).read_bytes() for name in _PARTS}
        elif located.suffix == ".zip":
            with zipfile.ZipFile(located) as archive:
                infos = [info for info in archive.infolist() if info.filename.endswith(_PARTS)]
                check_expansion(sum(info.file_size for info in infos), located, _PARTS[0])
                contents = {Path(info.filename).name: archive.read(info) for info in infos}
        else:
            with tarfile.open(located) as tar:
                members = [member for member in tar if member.isfile() and member.name.endswith(_PARTS)]
                check_expansion(sum(member.size for member in members), located, _PARTS[0])
                files = {Path(member.name).name: tar.extractfile(member) for member in members}
                contents = {name: file.read() for name, file in files.items() if file is not None}
        missing = [name for name in _PARTS if not contents.get(name)]
        if missing:
            raise ValueError(f"it holds no {', no '.join(missing)}")
        train, valid, test = (decode(contents[name], name) for name in _PARTS)
    return train, valid, test


def load_data(path: str = "ptb.zip", level: str = "word") -> Corpus:
    r"""The texts as numbers, in the order of reading: 929,589 / 73,760 / 82,430 words.

    Args:
        path: As in `load_text`.
        level: 'word': words, with '<eos>' at the end of each line; 'character': characters, '\n' among them.

    Returns:
        Rows of numbers for training, validation and test, and the words (characters) they stand for: by how often they
        occur in the training text, then by first appearance.

    Raises:
        ValueError: As `load_text`; or a part holds a word that the training text does not.

    Example:
        >>> from pathlib import Path
        >>> Path("words").mkdir()
        >>> for part in ("train", "valid", "test"):
        ...     _ = (Path("words") / f"ptb.{part}.txt").write_text(" we sell shares \n")

        >>> corpus = recurra.datasets.ptb.load_data("words")
        >>> corpus.train.tolist(), corpus.vocabulary
        ([0, 1, 2, 3], ['we', 'sell', 'shares', '<eos>'])
    """
    if level not in ("word", "character"):
        raise ValueError(f"ptb.load_data: level must be 'word' or 'character', got {level!r}")
    texts = load_text(path)
    parts = [text.replace("\n", " <eos> ").split() if level == "word" else list(text) for text in texts]
    counts: dict[str, int] = {}
    for token in parts[0]:
        counts[token] = counts.get(token, 0) + 1
    vocabulary = sorted(counts, key=counts.__getitem__, reverse=True)
    numbers = {token: number for number, token in enumerate(vocabulary)}
    try:
        train, valid, test = (np.array([numbers[token] for token in part], dtype=np.int32) for part in parts)
    except KeyError as error:
        raise ValueError(
            f"ptb.load_data: {error} does not occur in the training text; are these the three parts?"
        ) from None
    return Corpus(train, valid, test, vocabulary)
