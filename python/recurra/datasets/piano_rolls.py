"""Polyphonic music as piano rolls, in MATLAB 5 files: one cell a piece, in cells traindata, validdata, testdata.

Source: N. Boulanger-Lewandowski, Y. Bengio, P. Vincent, Modeling Temporal Dependencies in High-Dimensional Sequences,
ICML 2012; in the form of S. Bai, J. Z. Kolter, V. Koltun, arXiv:1803.01271, 2018. No licence is stated for the data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra._extras import require

from .catalogue import DataFile
from .integrity import reading
from .locate import locate

__all__ = ["Pieces", "load_pieces"]

Pieces = list[NDArray[np.uint8]]

_KEYS = 88


def load_pieces(path: str, file: DataFile) -> tuple[Pieces, Pieces, Pieces]:
    """Pieces (T, 88) uint8 for training, validation and test: 1 where a key of the piano sounds in a step.

    Args:
        path: Name of the file, or its path.
        file: The published file.

    Raises:
        ImportError: SciPy, which reads the file, is missing.
        DatasetNotFoundError: No file and no network.
        ValueError: A damaged file; names it and compares checksums.
    """
    loadmat = require("scipy.io", extra="music", purpose=f"reading {path}").loadmat
    located = Path(path) if Path(path).exists() else locate(path, url=file.url, sha256=file.sha256)
    with reading(located, file.sha256):
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
                f"piece {i} of {part} is not a roll (T, {_KEYS}) of zeros and ones: {roll.shape} {roll.dtype}"
            )
        pieces.append(roll.astype(np.uint8))
    return pieces
