"""Archives that claim to hold far more than they are worth, and texts that are none: refused before memory is taken."""

from __future__ import annotations

import gzip
import io
import re
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from recurra.datasets import imdb, mnist, ptb
from recurra.preprocessing.normalization import Analyzer, Normalizer
from recurra.preprocessing.tokenizer import Tokenizer, hashing_trick, text_to_word_sequence


def sparse_member(name: str, size: int) -> bytes:
    """A header of GNU tar for a file of `size` bytes of which none is stored."""
    info = tarfile.TarInfo(name)
    block = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    block[156:157] = tarfile.GNUTYPE_SPARSE
    block[386:482] = b"\0" * 96
    block[386:398], block[398:410] = b"%011o\0" % size, b"%011o\0" % 0
    block[482:483] = b"\0"
    block[483:495] = b"%011o\0" % size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def test_sparse_members_of_a_tar_archive(tmp_path) -> None:
    path = tmp_path / "aclImdb_v1.tar.gz"
    members = b"".join(
        sparse_member(f"aclImdb/{part}/{kind}/0_1.txt", 3 << 30)
        for part in ("train", "test")
        for kind in ("pos", "neg")
    )
    path.write_bytes(gzip.compress(members + b"\0" * 1024))
    with tarfile.open(path) as archive:
        assert [member.size for member in archive] == [3 << 30] * 4  # tarfile believes it
    with pytest.raises(ValueError, match=r"would unpack to 3,221,225,472 bytes; an archive of its size may hold"):
        imdb.load_reviews(str(path))


def test_a_review_that_expands_beyond_measure(tmp_path) -> None:
    path = tmp_path / "reviews.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("aclImdb/train/pos/0_9.txt")
        info.size = 30_000_000
        archive.addfile(info, io.BytesIO(bytes(info.size)))
    with pytest.raises(ValueError, match="would unpack to 30,000,000 bytes"):
        imdb.load_reviews(str(path))


@pytest.mark.parametrize("packed", ["zip", "tar.gz"])
def test_a_corpus_that_expands_beyond_measure(tmp_path, packed) -> None:
    path = tmp_path / f"ptb.{packed}"
    content = b"a " * 5_000_000
    names = ("ptb.train.txt", "ptb.valid.txt", "ptb.test.txt")
    if packed == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, content)
    else:
        with tarfile.open(path, "w:gz") as tar:
            for name in names:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    with pytest.raises(ValueError, match="would unpack to 30,000,000 bytes"):
        ptb.load_text(str(path))


def test_arrays_that_expand_beyond_measure(tmp_path) -> None:
    np.savez_compressed(tmp_path / "imdb.npz", x_train=np.zeros(5_000_000))
    with pytest.raises(ValueError, match="would unpack to 40,000,128 bytes"):
        imdb.load_data(str(tmp_path / "imdb.npz"))


def test_pictures_that_are_announced_and_not_there(tmp_path) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(struct.pack(">IIII", 0x0803, 1 << 20, 1 << 10, 1 << 10)))
    with pytest.raises(ValueError, match="would unpack to 1,099,511,627,776 bytes"):
        mnist.read_idx(path, 3)


@pytest.mark.parametrize("text", [b"x", None, 3.5, float("nan")])
def test_what_is_no_text_is_named(text) -> None:
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(["a b"])
    before = tokenizer.get_config()
    mend = ".*decode it first" if isinstance(text, bytes) else ""
    expected = rf"expected a text \(str\), got {re.escape(repr(text))} \({type(text).__name__}\){mend}"
    for texts in ([text], ["b c", text], [["b", text]]):
        with pytest.raises(TypeError, match=f"Tokenizer: {expected}"):
            tokenizer.fit_on_texts(texts)
        with pytest.raises(TypeError, match=f"Tokenizer: {expected}"):
            tokenizer.texts_to_sequences(texts)
    assert tokenizer.get_config() == before
    for function in (text_to_word_sequence, lambda t: hashing_trick(t, 5), Normalizer(), Analyzer(), Analyzer(None)):
        with pytest.raises(TypeError, match=expected):
            function(text)


def test_one_text_is_no_collection() -> None:
    for text in ("one text", b"one text"):
        for method in ("fit_on_texts", "texts_to_sequences", "texts_to_matrix"):
            with pytest.raises(TypeError, match=r"got one text; write \[text\]"):
                getattr(Tokenizer(num_words=5), method)(text)
