"""Nottingham: 1,037 British and American folk tunes with their chords, as piano rolls.

Source: N. Boulanger-Lewandowski, Y. Bengio, P. Vincent, Modeling Temporal Dependencies in High-Dimensional Sequences,
ICML 2012; in the form of S. Bai, J. Z. Kolter, V. Koltun, arXiv:1803.01271, 2018. No licence is stated for the data.
"""

from __future__ import annotations

from .piano_rolls import Pieces, load_pieces

__all__ = ["load_data"]

_SHA256 = "d154f7ca2e90799dc1dc011d8fc048f2fc6ef3f7c69d974b9cf27a471634fbea"


def load_data(path: str = "Nottingham.mat") -> tuple[Pieces, Pieces, Pieces]:
    """694, 173 and 170 pieces of 40 to 1,793 steps, for training, validation and test.

    Arguments:
        path: name of the file, or its path.

    Returns:
        Three lists of arrays (T, 88) uint8: 1 where a key of the piano sounds in a step.

    Raises:
        ImportError: SciPy, which reads the file, is missing.
        DatasetNotFoundError: no file and no network.
        ValueError: a damaged file.
    """
    return load_pieces(path, _SHA256)
