"""IMDB movie reviews: 25,000 for training and 25,000 for testing, half of each positive.

Source: A. Maas, R. Daly, P. Pham, D. Huang, A. Ng, C. Potts, Learning Word Vectors for Sentiment Analysis, ACL 2011;
as word ranks: Keras. Distributed for research without a licence; the reviews belong to their authors.

Read from the first of these that lies in a folder of RECURRA_DATA or in the cache, else downloaded:
`imdb.npz` (Keras's archive), `imdb_ids.npz` (the same without pickles), `aclImdb_v1.tar.gz` or its unpacked folder.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .catalogue import IMDB, IMDB_TEXTS, IMDB_WORDS
from .imdb_archive import read_reviews, word_ranks
from .integrity import reading
from .locate import find, locate
from .ragged_npz import read_ragged_npz

__all__ = ["decode_review", "get_word_index", "load_data", "load_reviews"]

_ARCHIVES = (IMDB_TEXTS.name, *IMDB_TEXTS.also)

Labelled = tuple[NDArray[Any], NDArray[np.int64]]


class _Part(NamedTuple):
    """Reviews as word ranks: review i is ids[offsets[i]:offsets[i + 1]]."""

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]
    labels: NDArray[np.int64]


def _checked(ids: Any, offsets: Any, labels: Any) -> _Part:
    ids, offsets, labels = np.asarray(ids), np.asarray(offsets), np.asarray(labels)
    if (
        ids.ndim != 1
        or offsets.ndim != 1
        or labels.ndim != 1
        or not all(a.dtype.kind in "iu" for a in (ids, offsets, labels))
    ):
        raise ValueError("ids, offsets and labels must be rows of whole numbers")
    if len(offsets) != len(labels) + 1 or offsets[0] != 0 or offsets[-1] != len(ids) or (np.diff(offsets) < 0).any():
        raise ValueError(f"{len(labels)} labels, {len(offsets)} offsets and {len(ids)} ids do not belong together")
    if (ids < 1).any() or ((labels != 0) & (labels != 1)).any():
        raise ValueError("an id is below 1 or a label is neither 0 nor 1")
    return _Part(ids.astype(np.int32, copy=False), offsets.astype(np.int64, copy=False), labels.astype(np.int64))


def _from_npz(path: Path) -> tuple[_Part, _Part]:
    arrays: dict[str, Any] = read_ragged_npz(path)
    if "train_ids" in arrays:
        parts = [tuple(arrays[f"{part}_{name}"] for name in ("ids", "offsets", "labels")) for part in ("train", "test")]
    elif "x_train" in arrays:
        parts = [(*arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test")]
    else:
        raise ValueError(f"it holds {', '.join(sorted(arrays)) or 'nothing'}, no reviews")
    return _checked(*parts[0]), _checked(*parts[1])


def _from_archive(path: Path) -> tuple[_Part, _Part]:
    contents = read_reviews(path)  # first: a file of another kind fails here, without a word index
    ranks = {word.encode(): rank for word, rank in get_word_index().items()}
    parts = []
    for reviews in contents.values():
        rows = [word_ranks(review.data, ranks) for review in reviews]
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        parts.append(_checked(np.concatenate(rows), offsets, [review.label for review in reviews]))
    return parts[0], parts[1]


def _folder_of(path: Path) -> Path:
    return path.parent if path.name == "README" else path


def _located(path: str) -> Path:
    if Path(path).exists():
        return Path(path)
    found = locate([path, *IMDB.also, *_ARCHIVES], url=IMDB.url, sha256=IMDB.sha256)
    return _folder_of(found)


def _arranged(part: _Part, order: NDArray[np.int64], start_char: int | None, index_from: int) -> _Part:
    """Reviews in a new order, with the start mark in front and the ranks moved up."""
    marked = int(start_char is not None)
    lengths = np.diff(part.offsets)[order] + marked
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    ids = np.full(offsets[-1], start_char if marked else 0, dtype=np.int32)
    is_word = np.ones(len(ids), dtype=bool)
    if marked:
        is_word[offsets[:-1]] = False
    source = np.repeat(part.offsets[order] - offsets[:-1] - marked, lengths) + np.arange(len(ids))
    ids[is_word] = part.ids[source[is_word]] + index_from
    return _Part(ids, offsets, part.labels[order])


def _selected(part: _Part, keep: NDArray[np.bool_]) -> _Part:
    lengths = np.diff(part.offsets)
    return _Part(part.ids[np.repeat(keep, lengths)], np.concatenate([[0], np.cumsum(lengths[keep])]), part.labels[keep])


def _limited(part: _Part, low: int, high: int, oov_char: int | None) -> _Part:
    known = (part.ids >= low) & (part.ids < high)
    if oov_char is not None:
        return part._replace(ids=np.where(known, part.ids, np.int32(oov_char)))
    kept = np.concatenate([[0], np.cumsum(known)])
    return part._replace(ids=part.ids[known], offsets=kept[part.offsets])


def _as_lists(part: _Part) -> Labelled:
    numbers, ends = part.ids.tolist(), part.offsets.tolist()
    rows = (numbers[begin:end] for begin, end in pairwise(ends))
    return np.fromiter(rows, dtype=object, count=len(part.labels)), part.labels


def load_data(
    path: str = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> tuple[Labelled, Labelled]:
    """The reviews as lists of word numbers, equal to those of `keras.datasets.imdb.load_data` number by number.

    The word of rank r (1 the most frequent) has the number r + index_from; 0 is for padding.

    Args:
        path: Name of the archive, or path of an archive or folder in one of the forms above.
        num_words: Numbers from this on become `oov_char`; None: the highest number there is, which itself does (Keras's
            rule).
        skip_top: Numbers below this become `oov_char`, the start mark with them.
        maxlen: Leave out reviews that, with the start mark, have this many words or more; None: keep all.
        seed: Of the shuffle of each part.
        start_char: Number put in front of each review; None: none.
        oov_char: Stands for words left out; None drops them.
        index_from: Added to the ranks.

    Returns:
        (x_train, y_train), (x_test, y_test): object arrays (25000,) of lists, labels (25000,) int64, 1 positive.

    Raises:
        DatasetNotFoundError: No file and no network.
        ValueError: A damaged file (names it, compares checksums), or no review is shorter than `maxlen`.

    Example:
        >>> ids = np.array([5, 7, 9, 2, 4])  # of two reviews, as word ranks
        >>> arrays = {"ids": ids, "offsets": np.array([0, 3, 5]), "labels": np.array([1, 0])}
        >>> parts = {f"{part}_{name}": array for part in ("train", "test") for name, array in arrays.items()}
        >>> np.savez("few_reviews.npz", **parts)
        >>> (x, y), _ = recurra.datasets.imdb.load_data("few_reviews.npz", num_words=12)
        >>> sorted(x.tolist()), sorted(y.tolist())
        ([[1, 5, 7], [1, 8, 10, 2]], [0, 1])
    """
    located = _located(path)
    is_npz = located.suffix == ".npz"
    with reading(located, IMDB.sha256 if located.name == IMDB.name else None):
        parts = _from_npz(located) if is_npz else _from_archive(located)
    rng = np.random.RandomState(seed)
    arranged = []
    for part in parts:
        order = np.arange(len(part.labels))
        rng.shuffle(order)
        part = _arranged(part, order, start_char, index_from or 0)
        if maxlen:
            part = _selected(part, np.diff(part.offsets) < maxlen)
            if not len(part.labels):
                raise ValueError(f"imdb.load_data: no review is shorter than maxlen={maxlen}; raise it")
        arranged.append(part)
    high = num_words or max(int(part.ids.max(initial=0)) for part in arranged)
    train, test = (_as_lists(_limited(part, skip_top, high, oov_char)) for part in arranged)
    return train, test


def get_word_index(path: str = "imdb_word_index.json") -> dict[str, int]:
    """The 88,584 words of the training reviews with their ranks by frequency, 1 the most frequent.

    Args:
        path: Name of the file, or its path.

    Raises:
        DatasetNotFoundError: No file and no network.
        ValueError: A damaged file.

    Example:
        >>> from pathlib import Path
        >>> _ = Path("index.json").write_text('{"the": 1, "and": 2}')
        >>> recurra.datasets.imdb.get_word_index("index.json")
        {'the': 1, 'and': 2}
    """
    located = Path(path) if Path(path).exists() else locate(path, url=IMDB_WORDS.url, sha256=IMDB_WORDS.sha256)
    with reading(located, IMDB_WORDS.sha256):
        index = json.loads(located.read_bytes())
        if not isinstance(index, dict) or not all(isinstance(rank, int) for rank in index.values()):
            raise ValueError("it is not a JSON object of words and ranks")
        return index


def decode_review(
    numbers: Any, word_index: dict[str, int], start_char: int | None = 1, oov_char: int | None = 2, index_from: int = 3
) -> str:
    """The words of a review of `load_data`, without padding (0) and start mark, '?' for words that were left out.

    Example:
        >>> recurra.datasets.imdb.decode_review([0, 1, 4, 5, 2], {"the": 1, "film": 2})
        'the film ?'
    """
    words = {rank + index_from: word for word, rank in word_index.items()}
    skipped = (0, start_char)
    return " ".join("?" if n == oov_char else words.get(n, "?") for n in map(int, numbers) if n not in skipped)


def load_reviews(
    path: str = "aclImdb_v1.tar.gz", seed: int | None = 113
) -> tuple[tuple[list[str], NDArray[np.int64]], ...]:
    """The reviews as text, in the order of `load_data` with the same seed.

    Args:
        path: Name of the archive, or path of an archive or of its unpacked folder.
        seed: Of the shuffle of each part; None: positive reviews first, in the order of their file names.

    Returns:
        (texts_train, y_train), (texts_test, y_test): lists of 25,000 texts, labels (25000,) int64, 1 positive.

    Raises:
        DatasetNotFoundError: No file and no network.
        ValueError: A damaged file, or a review that is not UTF-8 (names it and the position).

    Example:
        >>> from pathlib import Path
        >>> for folder in ("train/pos", "train/neg", "test/pos", "test/neg"):
        ...     (Path("reviews") / folder).mkdir(parents=True)
        ...     _ = (Path("reviews") / folder / "0_5.txt").write_text(f"a {folder[-3:]} review")
        >>> (texts, labels), _ = recurra.datasets.imdb.load_reviews("reviews", seed=None)
        >>> texts, labels.tolist()
        (['a pos review', 'a neg review'], [1, 0])
    """
    if Path(path).exists():
        located = Path(path)
    else:
        found = find([path, *_ARCHIVES])
        located = _folder_of(found) if found else locate(path, url=IMDB_TEXTS.url, sha256=IMDB_TEXTS.sha256)
    with reading(located, IMDB_TEXTS.sha256 if located.name == IMDB_TEXTS.name else None):
        parts = read_reviews(located)
    rng = np.random.RandomState(seed)
    result = []
    for reviews in parts.values():
        order = np.arange(len(reviews))
        if seed is not None:
            rng.shuffle(order)
        texts = [reviews[i].text() for i in order]
        result.append((texts, np.array([reviews[i].label for i in order], dtype=np.int64)))
    return tuple(result)
