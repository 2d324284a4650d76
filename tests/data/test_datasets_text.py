"""Loaders of IMDB, MNIST, Penn Treebank, tiny Shakespeare and the piano rolls.

They run on small files made here, and on the real ones where RECURRA_DATA has them.
"""

import dataclasses
import gzip
import hashlib
import io
import json
import pickle
import tarfile
import zipfile
from itertools import chain
from types import MappingProxyType

import numpy as np
import pytest

from recurra.datasets import imdb, jsb_chorales, locate, mnist, nottingham, ptb, tiny_shakespeare

WORDS = {"the": 1, "film": 2, "good": 3, "bad": 4, "isn't": 5, "é": 6}
REVIEWS = {
    "train/pos/0_9.txt": "The GOOD film.<br />good",
    "train/pos/10_8.txt": "good\tgood\ngood",
    "train/pos/2_7.txt": "É é\u00a0film unknown é",
    "train/neg/0_1.txt": "Isn't bad; bad/bad",
    "train/neg/1_2.txt": "",
    "test/pos/0_10.txt": "the the the the the the the film",
    "test/neg/0_3.txt": "bad, the film",
}
TRAIN_IDS = [[1, 3, 2, 3], [3, 3, 3], [6], [5, 4, 4, 4], []]  # names in string order: 0_9, 10_8, 2_7
TEST_IDS = [[1] * 7 + [2], [4, 1, 2]]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty data folder, no cache and no network."""
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setenv("RECURRA_DATA", str(data))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def unplugged(*_, **__):
        raise OSError("no network here")

    monkeypatch.setattr("urllib.request.urlopen", unplugged)
    return data


def real(*names):
    path = locate.find(names)
    if path is None:
        pytest.skip(f"needs the real {names[0]} in a folder named by RECURRA_DATA")
    return path


def unpack(path):
    """Puts the files of an archive in its place, as every Python from 3.10 on can."""
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is not None:
                (path.parent / member.name).parent.mkdir(parents=True, exist_ok=True)
                (path.parent / member.name).write_bytes(file.read())
    path.unlink()


def write_archive(path, reviews=REVIEWS):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {"README": "x", "train/unsup/0_0.txt": "good", **reviews}.items():
            data = content if isinstance(content, bytes) else content.encode()
            member = tarfile.TarInfo(f"aclImdb/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def write_word_index(folder):
    (folder / "imdb_word_index.json").write_text(json.dumps(WORDS), encoding="utf-8")


def write_ids(path, train=TRAIN_IDS, test=TEST_IDS):
    arrays = {}
    for part, rows, positive in (("train", train, 3), ("test", test, 1)):
        arrays[f"{part}_ids"] = np.array(list(chain.from_iterable(rows)), dtype=np.int32)
        arrays[f"{part}_offsets"] = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        arrays[f"{part}_labels"] = np.array([1] * positive + [0] * (len(rows) - positive), dtype=np.uint8)
    np.savez(path, **arrays)


def write_official(path, train=TRAIN_IDS, test=TEST_IDS):
    arrays = {}
    for part, rows, positive in (("train", train, 3), ("test", test, 1)):
        arrays[f"x_{part}"] = np.fromiter(rows, dtype=object, count=len(rows))
        arrays[f"y_{part}"] = np.array([1] * positive + [0] * (len(rows) - positive))
    np.savez(path, **arrays)


def by_the_rules(num_words=None, skip_top=0, maxlen=None, seed=113, start_char=1, oov_char=2, index_from=3):
    """What the arguments of load_data mean, review by review."""
    rng = np.random.RandomState(seed)
    parts = []
    for rows, positive in ((TRAIN_IDS, 3), (TEST_IDS, 1)):
        order = np.arange(len(rows))
        rng.shuffle(order)
        labelled = [(rows[i], int(i < positive)) for i in order]
        front = [] if start_char is None else [start_char]
        labelled = [(front + [w + (index_from or 0) for w in row], label) for row, label in labelled]
        parts.append([(row, label) for row, label in labelled if not maxlen or len(row) < maxlen])
    high = num_words or max(w for part in parts for row, _ in part for w in row)
    result = []
    for part in parts:
        if oov_char is None:
            rows = [[w for w in row if skip_top <= w < high] for row, _ in part]
        else:
            rows = [[w if skip_top <= w < high else oov_char for w in row] for row, _ in part]
        result.append((rows, [label for _, label in part]))
    return result


def assert_same(loaded, expected):
    for (x, y), (rows, labels) in zip(loaded, expected, strict=True):
        assert x.dtype == object
        assert x.shape == (len(rows),)
        assert y.dtype == np.int64
        assert all(type(row) is list for row in x)
        assert list(x) == rows
        assert y.tolist() == labels


class TestImdb:
    @pytest.mark.parametrize("form", ["ids", "official", "archive", "folder"])
    @pytest.mark.parametrize(
        "options",
        [
            {},
            {"num_words": 7, "seed": 5},
            {"skip_top": 5},
            {"maxlen": 6},
            {"start_char": None},
            {"start_char": None, "index_from": None},
            {"oov_char": None, "num_words": 6},
            {"start_char": 0, "oov_char": 9, "index_from": 1, "skip_top": 1, "num_words": 5},
        ],
    )
    def test_every_form_follows_the_rules(self, folder, form, options):
        write_word_index(folder)
        if form == "ids":
            write_ids(folder / "imdb_ids.npz")
        elif form == "official":
            write_official(folder / "imdb.npz")
        else:
            write_archive(folder / "aclImdb_v1.tar.gz")
        if form == "folder":
            unpack(folder / "aclImdb_v1.tar.gz")
        assert_same(imdb.load_data(**options), by_the_rules(**options))

    def test_reviews_of_equal_length_stay_lists(self, folder):
        write_ids(folder / "imdb_ids.npz", train=[[1, 2]] * 5, test=[[3, 4]] * 2)
        (x, _), _ = imdb.load_data()
        assert x.shape == (5,)
        assert x[0] == [1, 4, 5]

    def test_text_comes_in_the_same_order(self, folder):
        write_word_index(folder)
        write_archive(folder / "aclImdb_v1.tar.gz")
        (texts, labels), (test_texts, _) = imdb.load_reviews()
        (x, y), _ = imdb.load_data()
        assert labels.tolist() == y.tolist()
        assert len(test_texts) == 2
        found = {tuple(ids) for text, ids in zip(texts, x, strict=True) if text == REVIEWS["train/neg/0_1.txt"]}
        assert found == {(1, 8, 7, 7, 7)}
        unshuffled = imdb.load_reviews(seed=None)[0][0]
        assert unshuffled[2] == REVIEWS["train/pos/2_7.txt"]

    def test_decoding(self, folder):
        assert imdb.decode_review([0, 0, 1, 4, 2, 8, 99], WORDS) == "the ? isn't ?"

    def test_nothing_found_says_what_to_do(self, folder):
        with pytest.raises(FileNotFoundError, match="RECURRA_DATA"):
            imdb.load_data()
        with pytest.raises(FileNotFoundError, match="RECURRA_DATA"):
            imdb.load_reviews()

    def test_no_review_short_enough(self, folder):
        write_ids(folder / "imdb_ids.npz")
        with pytest.raises(ValueError, match="shorter than maxlen=1"):
            imdb.load_data(maxlen=1)

    @pytest.mark.parametrize("kept", [0.3, 0.9, 0.98])
    @pytest.mark.parametrize("name", ["imdb.npz", "imdb_ids.npz", "aclImdb_v1.tar.gz"])
    def test_truncated_files(self, folder, name, kept):
        write_word_index(folder)
        path = folder / name
        many = {
            f"{part}/{s}/{i}_1.txt": f"good {i}" * 9
            for part in ("train", "test")
            for s in ("pos", "neg")
            for i in range(30)
        }
        {"imdb.npz": write_official, "imdb_ids.npz": write_ids}.get(name, lambda p: write_archive(p, many))(path)
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
        with pytest.raises(ValueError, match=rf"{name} cannot be read: .*again"):
            imdb.load_data()

    def test_checksums_are_compared(self, folder):
        (folder / "imdb.npz").write_bytes(b"nothing")
        digest = hashlib.sha256(b"nothing").hexdigest()
        with pytest.raises(ValueError, match=rf"sha256 is {digest}, that of the published file 69664113"):
            imdb.load_data()

    def test_a_pickle_that_would_run_code_is_refused(self, folder, tmp_path):
        class Evil:
            def __reduce__(self):
                return (exec, (f"open({str(tmp_path / 'ran')!r}, 'w').close()",))

        write_official(folder / "imdb.npz")
        with zipfile.ZipFile(folder / "imdb.npz") as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        header = members["x_train.npy"][: members["x_train.npy"].index(b"\n") + 1]
        members["x_train.npy"] = header + pickle.dumps(Evil())
        with zipfile.ZipFile(folder / "imdb.npz", "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        with pytest.raises(ValueError, match=r"asks for builtins\.exec"):
            imdb.load_data()
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize(
        ("rows", "message"),
        [([[1], 2], "other than lists"), ([[1], ["a"]], "cannot be read"), ([[2**40], [1]], "above 2")],
    )
    def test_lists_of_something_else(self, folder, rows, message):
        write_official(folder / "imdb.npz", train=rows)
        with pytest.raises(ValueError, match=message):
            imdb.load_data()

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"train_labels": np.array([1, 0], dtype=np.uint8)}, "do not belong together"),
            ({"train_labels": np.array([1, 1, 1, 0, 7], dtype=np.uint8)}, "neither 0 nor 1"),
            ({"train_ids": np.full(12, 0, dtype=np.int32)}, "below 1"),
            ({"train_offsets": np.array([0, 9, 7, 8, 12, 12])}, "do not belong together"),
            ({"train_ids": np.full(12, 1.5)}, "whole numbers"),
        ],
    )
    def test_arrays_that_do_not_fit_together(self, folder, change, message):
        write_ids(folder / "imdb_ids.npz")
        with np.load(folder / "imdb_ids.npz") as archive:
            arrays = {**archive, **change}
        np.savez(folder / "imdb_ids.npz", **arrays)
        with pytest.raises(ValueError, match=message):
            imdb.load_data()

    def test_foreign_archives(self, folder):
        np.savez(folder / "imdb.npz", pictures=np.zeros(3))
        with pytest.raises(ValueError, match="it holds pictures, no reviews"):
            imdb.load_data()
        write_archive(folder / "aclImdb_v1.tar.gz", {"train/pos/0_9.txt": "good"})
        with pytest.raises(ValueError, match=r"no reviews test/pos"):
            imdb.load_reviews()

    def test_undecodable_review(self, folder):
        write_archive(folder / "aclImdb_v1.tar.gz", {**REVIEWS, "train/neg/1_2.txt": b"so b\xe4d"})
        with pytest.raises(ValueError, match=r"train/neg/1_2.txt: byte 0xe4 at position 4 is not utf-8 text"):
            imdb.load_reviews()

    def test_broken_word_index(self, folder):
        for content in ("[1, 2]", '{"a": "b"}', "{"):
            (folder / "imdb_word_index.json").write_text(content)
            with pytest.raises(ValueError, match=r"imdb_word_index\.json cannot be read"):
                imdb.get_word_index()


REAL_HASHES = {  # sha256 of json.dumps of the lists that Keras 3.15's load_data makes of the official archive
    "{}": (
        "b9c4c79765aa291de11094473febde3cae431207524fd8c08edc8642e4e0e892",
        "d4e9b639c1150bf02c1db203ab741e43c90d1b416e3454d7019dbcf853897829",
    ),
    '{"start_char": 5, "oov_char": 9, "index_from": 12, "skip_top": 30, "maxlen": 200}': (
        "8191e1357473c17ea9e5c0ca909e940724373a8e2583ae4d97c5a9a111f38337",
        "de39703c5a91b69a006e2a4f530ce87a6f46738700d152d4239f05553faf13f6",
    ),
}


class TestRealImdb:
    def digest(self, rows):
        return hashlib.sha256(json.dumps(list(rows)).encode()).hexdigest()

    @pytest.mark.parametrize(("options", "digests"), [(json.loads(key), value) for key, value in REAL_HASHES.items()])
    def test_equal_to_keras(self, options, digests):
        path = real("imdb.npz", "imdb_ids.npz")
        (x_train, y_train), (x_test, y_test) = imdb.load_data(str(path), **options)
        assert (self.digest(x_train), self.digest(x_test)) == digests
        if not options:
            assert "".join(map(str, y_train[:10])) == "1001001010"
            assert "".join(map(str, y_test[:10])) == "0110111001"

    def test_raw_archive_gives_the_same_ids(self):
        ids, archive = real("imdb.npz", "imdb_ids.npz"), real("aclImdb_v1.tar.gz", "aclImdb*.tar.gz")
        real("imdb_word_index.json")
        for (x, y), (raw_x, raw_y) in zip(imdb.load_data(str(ids)), imdb.load_data(str(archive)), strict=True):
            assert list(x) == list(raw_x)
            assert (y == raw_y).all()

    def test_words(self):
        real("imdb_word_index.json"), real("imdb_ids.npz", "imdb.npz")
        index = imdb.get_word_index()
        assert sorted(index.values()) == list(range(1, 88585))
        (x_train, _), _ = imdb.load_data()
        assert imdb.decode_review(x_train[0], index).startswith("this film was just brilliant casting location")


def idx(array):
    header = np.array([0x0800 + array.ndim, *array.shape], dtype=">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


class TestMnist:
    names = (
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    )

    def arrays(self):
        rng = np.random.default_rng(0)
        pictures = [rng.integers(0, 256, (n, 28, 28), dtype=np.uint8) for n in (7, 3)]
        digits = [rng.integers(0, 10, n, dtype=np.uint8) for n in (7, 3)]
        return pictures[0], digits[0], pictures[1], digits[1]

    @pytest.mark.parametrize("form", ["npz", "gz", "plain"])
    def test_forms(self, folder, form):
        arrays = self.arrays()
        if form == "npz":
            np.savez(folder / "mnist.npz", **dict(zip(("x_train", "y_train", "x_test", "y_test"), arrays, strict=True)))
        for name, array in zip(self.names, arrays, strict=True):
            if form == "gz":
                (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
            elif form == "plain":
                (folder / name).write_bytes(idx(array))
        loaded = mnist.load_data()
        for got, expected in zip((*loaded[0], *loaded[1]), arrays, strict=True):
            assert got.dtype == np.uint8
            assert got.flags.writeable
            np.testing.assert_array_equal(got, expected)

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "cannot be read"),
            (b"\0\0\0\0" * 4, "magic number"),
            (idx(np.zeros((7, 28, 28)))[:-1], "holds 5487 bytes"),
            (idx(np.zeros((7, 28, 27))), r"expected images \(N, 28, 28\)"),
            (idx(np.zeros((6, 28, 28))), "expected 6 labels"),
        ],
    )
    def test_damaged(self, folder, data, message):
        for name, array in zip(self.names, self.arrays(), strict=True):
            (folder / name).write_bytes(idx(array))
        (folder / self.names[0]).write_bytes(data)
        with pytest.raises(ValueError, match=message):
            mnist.load_data()

    def test_truncated_gzip(self, folder):
        for name, array in zip(self.names, self.arrays(), strict=True):
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array))[:-20])
        with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.gz cannot be read.*440fcabf"):
            mnist.load_data()

    def test_absent(self, folder):
        with pytest.raises(FileNotFoundError, match=r"mnist\.npz"):
            mnist.load_data()

    def test_real(self):
        real("mnist.npz", "train-images-idx3-ubyte.gz")
        (x_train, y_train), (x_test, y_test) = mnist.load_data()
        assert x_train.shape == (60000, 28, 28)
        assert x_test.shape == (10000, 28, 28)
        assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
        assert y_test[:5].tolist() == [7, 2, 1, 0, 4]
        assert round(float(x_train.mean()), 4) == 33.3184


class TestPtb:
    def setup_method(self):
        self.texts = {"ptb.train.txt": " a b a\n c a\n", "ptb.valid.txt": " b\n", "ptb.test.txt": " c c\n"}

    def write(self, folder, form):
        if form == "zip":
            with zipfile.ZipFile(folder / "ptb.zip", "w") as archive:
                for name, text in self.texts.items():
                    archive.writestr(f"data/{name}", text)
        elif form == "tar":
            with tarfile.open(folder / "simple-examples.tgz", "w:gz") as archive:
                for name, text in self.texts.items():
                    member = tarfile.TarInfo(f"simple-examples/data/{name}")
                    member.size = len(text)
                    archive.addfile(member, io.BytesIO(text.encode()))
        else:
            for name, text in self.texts.items():
                (folder / name).write_text(text)

    @pytest.mark.parametrize("form", ["zip", "tar", "folder"])
    def test_forms(self, folder, form):
        self.write(folder, form)
        corpus = ptb.load_data()
        assert corpus.vocabulary == ["a", "<eos>", "b", "c"]
        assert corpus.train.tolist() == [0, 2, 0, 1, 3, 0, 1]
        assert corpus.valid.tolist() == [2, 1]
        assert corpus.test.tolist() == [3, 3, 1]
        assert corpus.train.dtype == np.int32

    def test_characters(self, folder):
        self.write(folder, "zip")
        corpus = ptb.load_data(level="character")
        assert "".join(corpus.vocabulary[i] for i in corpus.train) == self.texts["ptb.train.txt"]
        with pytest.raises(ValueError, match="'word' or 'character'"):
            ptb.load_data(level="byte")

    def test_bad_files(self, folder):
        with pytest.raises(FileNotFoundError, match="RECURRA_DATA"):
            ptb.load_data()
        (folder / "ptb.zip").write_bytes(b"PK")
        with pytest.raises(ValueError, match=r"ptb\.zip cannot be read"):
            ptb.load_data()
        self.texts = {**self.texts, "ptb.test.txt": " new\n"}
        self.write(folder, "zip")
        with pytest.raises(ValueError, match="'new' does not occur in the training text"):
            ptb.load_data()
        self.texts = {"ptb.train.txt": "a"}
        self.write(folder, "zip")
        with pytest.raises(ValueError, match=r"no ptb\.valid.txt, no ptb.test\.txt"):
            ptb.load_data()

    def test_real(self):
        real("ptb.zip", "simple-examples.tgz")
        corpus = ptb.load_data()
        assert [len(part) for part in corpus[:3]] == [929589, 73760, 82430]
        assert len(corpus.vocabulary) == 10000
        assert corpus.vocabulary[0] == "the"


class TestTinyShakespeare:
    @pytest.mark.parametrize("name", ["tinyshakespeare.txt", "tinyshakespeare.txt.gz"])
    def test_forms(self, folder, name):
        data = b"Now is the winter\n"
        (folder / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
        assert tiny_shakespeare.load_data() == "Now is the winter\n"

    def test_bad_files(self, folder):
        with pytest.raises(FileNotFoundError, match="tinyshakespeare"):
            tiny_shakespeare.load_data()
        (folder / "tinyshakespeare.txt").write_bytes(b"ab\xff")
        with pytest.raises(ValueError, match=r"position 2 .*that of the published file 86c4e6aa"):
            tiny_shakespeare.load_data()
        (folder / "tinyshakespeare.txt").write_bytes(b"")
        with pytest.raises(ValueError, match="it is empty"):
            tiny_shakespeare.load_data()
        (folder / "tinyshakespeare.txt").unlink()
        (folder / "tinyshakespeare.txt.gz").write_bytes(gzip.compress(b"abc")[:-3])
        with pytest.raises(ValueError, match="cannot be read"):
            tiny_shakespeare.load_data()

    def test_download_keeps_its_name_and_is_checked(self, folder, monkeypatch, tmp_path):
        class Answer(io.BytesIO):
            headers = MappingProxyType({})

        monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: Answer(b"To be"))
        with pytest.raises(ValueError, match="expected sha256 86c4e6aa"):
            tiny_shakespeare.load_data()
        file = dataclasses.replace(tiny_shakespeare.SHAKESPEARE, sha256=hashlib.sha256(b"To be").hexdigest())
        monkeypatch.setattr(tiny_shakespeare, "SHAKESPEARE", file)
        assert tiny_shakespeare.load_data() == "To be"
        assert (locate.cache_folder() / "tinyshakespeare.txt").read_bytes() == b"To be"

    def test_real(self):
        real("tinyshakespeare.txt", "tinyshakespeare.txt.gz")
        text = tiny_shakespeare.load_data()
        assert (len(text), text.count("\n"), len(set(text))) == (1115394, 40000, 65)


class TestPianoRolls:
    def cells(self, *lengths, keys=88):
        cells = np.empty((1, len(lengths)), dtype=object)
        for i, length in enumerate(lengths):
            cells[0, i] = np.random.default_rng(i).integers(0, 2, (length, keys), dtype=np.uint8)
        return cells

    @pytest.mark.parametrize(("module", "name"), [(jsb_chorales, "JSB_Chorales.mat"), (nottingham, "Nottingham.mat")])
    def test_pieces(self, folder, module, name):
        scipy_io = pytest.importorskip("scipy.io")
        parts = {"traindata": self.cells(4, 9, 1), "validdata": self.cells(3), "testdata": self.cells(2, 5)}
        scipy_io.savemat(folder / name, parts)
        for got, expected in zip(module.load_data(), parts.values(), strict=True):
            assert [piece.shape[0] for piece in got] == [piece.shape[0] for piece in expected[0]]
            for piece, cell in zip(got, expected[0], strict=True):
                assert piece.dtype == np.uint8
                np.testing.assert_array_equal(piece, cell)

    @pytest.mark.parametrize("change", ["truncated", "empty", "keys", "values", "missing"])
    def test_damaged(self, folder, change):
        scipy_io = pytest.importorskip("scipy.io")
        path = folder / "JSB_Chorales.mat"
        parts = {"traindata": self.cells(40, 9), "validdata": self.cells(3), "testdata": self.cells(2)}
        if change == "keys":
            parts["validdata"] = self.cells(3, keys=87)
        elif change == "values":
            parts["testdata"][0, 0][1, 1] = 2
        elif change == "missing":
            del parts["testdata"]
        scipy_io.savemat(path, parts)
        if change == "truncated":
            path.write_bytes(path.read_bytes()[:-1500])
        elif change == "empty":
            path.write_bytes(b"")
        with pytest.raises(ValueError, match=r"JSB_Chorales.mat cannot be read: .*published file ac0e6085"):
            jsb_chorales.load_data()

    def test_absent_file_and_absent_package(self, folder, monkeypatch):
        pytest.importorskip("scipy.io")
        with pytest.raises(FileNotFoundError, match=r"Nottingham\.mat"):
            nottingham.load_data()
        monkeypatch.setitem(__import__("sys").modules, "scipy.io", None)
        with pytest.raises(ImportError, match=r"needs scipy.*recurra\[music\]"):
            nottingham.load_data()

    @pytest.mark.parametrize(
        ("module", "name", "pieces", "steps"),
        [
            (jsb_chorales, "JSB_Chorales.mat", (229, 76, 77), (13807, 4602, 4725)),
            (nottingham, "Nottingham.mat", (694, 173, 170), (176561, 45513, 44463)),
        ],
    )
    def test_real(self, module, name, pieces, steps):
        pytest.importorskip("scipy.io")
        real(name)
        parts = module.load_data()
        assert tuple(len(part) for part in parts) == pieces
        assert tuple(sum(len(piece) for piece in part) for part in parts) == steps
