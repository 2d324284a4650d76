"""Delimited text, plain and in archives."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import tempfile
import zipfile
from pathlib import Path

from recurra.datasets.csv_file import read_csv
from tests.fuzz.mutations import TEXTS, damaged_bytes
from tests.fuzz.targets import Target

_CELLS = ["", "1", "-2.5", "1e3", "1e999", "nan", "NA", "1,5", '"a"', '"a""b"', '"', "x", " 7 ", "0x10", "1_0", "−3"]
_CELLS += [
    "2009-01-01",
    "01.02.2009 03:00",
    "2009-01-01T00:00:00Z",
    "2009-02-30",
    "12:61",
    "+",
    ".",
    "1.2.3",
    "\x00",
    "é",
]


def _table(rng: random.Random) -> bytes:
    if rng.randrange(3):
        return _plain_table(rng)
    sign, end = rng.choice([",", ";", "\t", "|", " "]), rng.choice(["\n", "\r\n", "\r"])
    columns = rng.choice([1, 2, 3, 8])
    rows = [sign.join(rng.choice(["a", "b", "Date Time", "", '"c,d"', *TEXTS[:6]]) for _ in range(columns))]
    likely = [rng.sample(_CELLS, 2) for _ in range(columns)]
    for _ in range(rng.choice([0, 1, 5, 40])):
        width = columns if rng.randrange(20) else rng.randrange(columns + 3)
        cells = [rng.choice(likely[i % columns] if rng.randrange(10) else _CELLS) for i in range(width)]
        rows.append(sign.join(cells))
    text = (rng.choice(["", "", "\ufeff", "# comment" + end]) + end.join(rows) + rng.choice(["", end])).encode()
    return damaged_bytes(rng, text) if rng.randrange(3) == 0 else text


def _plain_table(rng: random.Random) -> bytes:
    """Rows of numbers behind a date, damaged now and then."""
    sign, end = rng.choice([",", ";", "\t"]), rng.choice(["\n", "\r\n"])
    columns = rng.choice([1, 2, 5])
    rows = [sign.join(["time", *(f"c{i}" for i in range(columns))])]
    for hour in range(rng.choice([2, 10, 24])):
        cells = [
            rng.choice(["1", "-2.5", "1e3", "0.25", ""] if rng.randrange(9) == 0 else ["1", "2.5"])
            for _ in range(columns)
        ]
        rows.append(sign.join([f"2020-01-01 {hour:02d}:00:00", *cells]))
    text = (end.join(rows) + end).encode()
    return damaged_bytes(rng, text) if rng.randrange(3) == 0 else text


def _archived(rng: random.Random, data: bytes) -> tuple[bytes, str]:
    kind = rng.choice([".zip", ".gz", ".bz2", ".xz"])
    if kind == ".gz":
        packed = gzip.compress(data)
    elif kind == ".bz2":
        packed = bz2.compress(data)
    elif kind == ".xz":
        packed = lzma.compress(data)
    else:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", rng.choice([0, 8, 12, 14])) as archive:
            for name in rng.choice([["t.csv"], ["t.csv"], ["t.csv", "u.csv"], [], ["../t.csv"], ["folder/"]]):
                archive.writestr(name, data)
        packed = out.getvalue()
    return (damaged_bytes(rng, packed) if rng.randrange(2) else packed), kind


def _read(rng: random.Random, data: bytes, ending: str) -> str:
    path = Path(tempfile.gettempdir(), f"recurra-fuzz-{os.getpid()}{ending}")
    path.write_bytes(data)
    table = read_csv(path)
    if not table.values.ndim == 2:
        raise AssertionError("a table has rows and columns")
    return "accepted"


TARGETS = [
    Target("csv", lambda rng: _read(rng, _table(rng), ".csv"), (ValueError, OSError)),
    Target("archives", lambda rng: _read(rng, *_archived(rng, _table(rng))), (ValueError, OSError)),
]
