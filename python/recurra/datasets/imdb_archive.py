"""The Large Movie Review Dataset as it was published: one text file a review, in folders train|test / pos|neg."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.integrity import check_expansion
from recurra.preprocessing.reading import decode

__all__ = ["Review", "read_reviews", "word_ranks"]

# Keras's ids were made from bytes: only A-Z are lowered, and of white space only space, tab and line feed separate.
_SEPARATORS = b'!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_TABLE = bytes(b" "[0] if code in _SEPARATORS else bytes([code]).lower()[0] for code in range(256))


class Review(NamedTuple):
    """A review: its part ('train' or 'test'), label (1 positive, 0 negative), file name, and text as UTF-8."""

    part: str
    label: int
    name: str
    data: bytes

    def text(self) -> str:
        """The text.

        Raises:
            ValueError: The file is not UTF-8; names it and the position of the byte.
        """
        return decode(self.data, f"{self.part}/{'pos' if self.label else 'neg'}/{self.name}")


def _from_folder(folder: Path) -> Iterator[Review]:
    for part in ("train", "test"):
        for label, sentiment in ((1, "pos"), (0, "neg")):
            for file in (folder / part / sentiment).glob("*.txt"):
                yield Review(part, label, file.name, file.read_bytes())


def _from_archive(path: Path) -> Iterator[Review]:
    unpacked = 0
    if not tarfile.is_tarfile(path):
        raise ValueError("it is neither a tar archive of reviews nor an .npz archive")
    with tarfile.open(path) as archive:
        for member in archive:
            places = member.name.split("/")[-3:]
            if not member.isfile() or len(places) < 3 or not places[2].endswith(".txt"):
                continue
            part, sentiment, name = places
            if part in ("train", "test") and sentiment in ("pos", "neg"):
                unpacked += member.size  # of a sparse file, the size it pretends to have
                check_expansion(unpacked, path, member.name)
                file = archive.extractfile(member)
                assert file is not None  # a regular file has contents
                yield Review(part, int(sentiment == "pos"), name, file.read())


def read_reviews(path: Path) -> dict[str, list[Review]]:
    """The labelled reviews of an archive or of the unpacked folder, by part.

    Returns:
        For 'train' and 'test' the positive reviews, then the negative ones, each in the order of their file names.

    Raises:
        ValueError: A part has no reviews, or the archive is damaged.
    """
    parts: dict[str, list[Review]] = {"train": [], "test": []}
    for review in _from_folder(path) if path.is_dir() else _from_archive(path):
        parts[review.part].append(review)
    for part, reviews in parts.items():
        if not reviews:
            raise ValueError(f"it holds no reviews {part}/pos/*.txt or {part}/neg/*.txt")
        reviews.sort(key=lambda review: (-review.label, review.name))
    return parts


def word_ranks(data: bytes, ranks: dict[bytes, int], unknown: int | None = None) -> NDArray[np.int32]:
    """The ranks of a review's words, tokenised as for Keras's archive.

    Args:
        data: The review as UTF-8.
        ranks: Rank of each word from 1, the words as UTF-8.
        unknown: Stands for words without a rank; None leaves them out, as the archive does.
    """
    words = data.translate(_TABLE).split(b" ")
    if unknown is None:
        return np.array(list(filter(None, map(ranks.get, words))), dtype=np.int32)
    return np.array([ranks.get(word, unknown) for word in words if word], dtype=np.int32)
