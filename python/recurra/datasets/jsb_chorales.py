"""JSB Chorales: 382 four-part chorales by Johann Sebastian Bach, as piano rolls.

Source: N. Boulanger-Lewandowski, Y. Bengio, P. Vincent, Modeling Temporal Dependencies in High-Dimensional Sequences,
ICML 2012; in the form of S. Bai, J. Z. Kolter, V. Koltun, arXiv:1803.01271, 2018. No licence is stated for the data.
"""

from __future__ import annotations

from .piano_rolls import Pieces, load_pieces

__all__ = ["load_data"]

_SHA256 = "ac0e608527cc411c7e21ef7d38be47f0de7fb6b13b3ae168b8eccf1c2a9b18d4"


def load_data(path: str = "JSB_Chorales.mat") -> tuple[Pieces, Pieces, Pieces]:
    """229, 76 and 77 pieces of 25 to 160 steps, for training, validation and test.

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
