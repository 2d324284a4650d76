"""Files that are no sound tables: each is a ValueError that names the file and says what to do, and none takes long."""

from __future__ import annotations

import gzip
import random
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from recurra.cli import main
from recurra.datasets.csv_file import read_csv


def write(tmp_path: Path, data: bytes, name: str = "table.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


def zipped(tmp_path: Path, method: int = zipfile.ZIP_DEFLATED) -> bytearray:
    path = tmp_path / "sound.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("table.csv", "a,b\n" + "1,2\n" * 500)
    return bytearray(path.read_bytes())


def patched(data: bytearray, offset: int, value: int) -> bytes:
    """A field of two bytes changed in the local header and in the directory, whose fields lie two bytes further."""
    for signature, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        struct.pack_into("<H", data, data.index(signature) + offset + shift, value)
    return bytes(data)


def test_old_line_ends(tmp_path) -> None:
    table = read_csv(write(tmp_path, b"a,b\r1,2\r3,4\r"))
    assert table.values.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match=r"line 3, column 2 \('b'\): 'x' is not a finite number"):
        read_csv(write(tmp_path, b"a,b\r1,2\r3,x\r4,5\r5,6\r"))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a,b\rc,d\n1,2\n", "line 1 cannot be split into names"),
        (b"a,b\n1,2\r3,4\n5,6\n", "line 2 cannot be split into fields"),
        (b"a," + b"b" * 200_000 + b"\n1,2\n", "line 1 cannot be split into names"),
        (b"a,b\n1,2\n1," + b"9" * 200_000 + b"\n", "line 3 cannot be split into fields"),
        (b"a" * (1 << 25), "line 1 has no end within"),
        (b"a,b\n1,\0\n", "line 1 holds zero bytes"),
        (b"\n\n", "line 1 must name the columns, got nothing"),
    ],
)
def test_text_that_is_no_table(tmp_path, capsys, data, message) -> None:
    path = write(tmp_path, data)
    with pytest.raises(ValueError, match=rf"^table\.csv: {message}"):
        read_csv(path)
    assert main(["forecast", str(path), "--target", "a"]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("delimiter", ["ab", "", "1", "a", ".", '"', "\n", "§", "\0"])
def test_delimiters_that_cannot_be(tmp_path, delimiter) -> None:
    with pytest.raises(ValueError, match=r"^table\.csv: the delimiter must be one character"):
        read_csv(write(tmp_path, b"a,b\n1,2\n"), delimiter=delimiter)


@pytest.mark.parametrize("written", ["\t", "\\t", "tab"])
def test_tabs_as_they_are_typed(tmp_path, written) -> None:
    assert read_csv(write(tmp_path, b"a;\tb\n1\t2\n"), delimiter=written).names == ("a;", "b")


def test_archives_that_cannot_be_unpacked(tmp_path) -> None:
    with pytest.raises(ValueError, match=r"^a\.zip: the archive is encrypted; unpack it with its password"):
        read_csv(write(tmp_path, patched(zipped(tmp_path), 6, 1), "a.zip"))
    with pytest.raises(ValueError, match=r"^b\.zip: the archive cannot be unpacked here"):
        read_csv(write(tmp_path, patched(zipped(tmp_path), 8, 97), "b.zip"))
    for method, name in ((zipfile.ZIP_LZMA, "c.zip"), (zipfile.ZIP_BZIP2, "d.zip"), (zipfile.ZIP_DEFLATED, "e.zip")):
        data = zipped(tmp_path, method)
        data[60:70] = b"\xff" * 10
        with pytest.raises(ValueError, match=rf"^{name}: the archive is damaged"):
            read_csv(write(tmp_path, bytes(data), name))
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        archive.writestr("picture.png", b"")
    with pytest.raises(ValueError, match=r"^f\.zip: expected one \.csv file in the archive, got 0"):
        read_csv(tmp_path / "f.zip")


def test_damaged_archives_are_refused_whatever_the_damage(tmp_path) -> None:
    draw = random.Random(1)
    sound = [bytes(zipped(tmp_path, method)) for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)]
    sound.append(gzip.compress(b"a,b\n" + b"1,2\n" * 500, mtime=0))
    refused = []
    for _ in range(600):
        data = bytearray(draw.choice(sound))
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        try:
            read_csv(write(tmp_path, bytes(data[: draw.choice([len(data), draw.randrange(len(data))])]), "t.csv"))
        except ValueError as error:
            refused.append(str(error))
    assert all(message.startswith("t.csv: ") for message in refused)
    assert len(refused) > 300


def test_many_columns_are_read_in_one_pass(tmp_path) -> None:
    count = 100_000
    header = ",".join(f"c{i}" for i in range(count))
    rows = "\n".join(",".join(str((i + row) % 10) for i in range(count)) for row in range(3))
    table = read_csv(write(tmp_path, f"{header}\n{rows}\n".encode()))
    assert table.values.shape == (3, count)
    assert table.column("c99999") == count - 1
    np.testing.assert_array_equal(table.values[1, :3], [1, 2, 3])
    empty = read_csv(write(tmp_path, b"," * count + b"\n1" + b"," * count + b"\n"))
    assert len(empty.names) == count + 1
    words = b",".join(b"w%d" % i for i in range(20_000)) + b",x\n"
    assert read_csv(write(tmp_path, words + b",".join([b"word"] * 20_000) + b",1\n")).names == ("x",)
    with pytest.raises(ValueError, match=r"there is no column 'q'\. Columns: c0, c1, .*, … \(99,980 more\)"):
        table.column("q")
