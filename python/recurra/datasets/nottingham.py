"""Nottingham: 1,037 British and American folk tunes with their chords, as piano rolls.

Source: see `recurra.datasets.piano_rolls`.
"""

from __future__ import annotations

from .catalogue import NOTTINGHAM
from .piano_rolls import Pieces, load_pieces

__all__ = ["load_data"]


def load_data(path: str = NOTTINGHAM.name) -> tuple[Pieces, Pieces, Pieces]:
    """694, 173 and 170 pieces of 40 to 1,793 steps, for training, validation and test.

    Args:
        path: Name of the file, or its path.

    Returns:
        Three lists of arrays (T, 88) uint8: 1 where a key of the piano sounds in a step.

    Raises:
        ImportError: SciPy, which reads the file, is missing.
        DatasetNotFoundError: No file and no network.
        ValueError: A damaged file.

    Example:
        >>> import scipy.io
        >>> cells = np.empty((1, 1), object)
        >>> cells[0, 0] = np.zeros((4, 88), "uint8")
        >>> scipy.io.savemat("few_nottingham.mat", {"traindata": cells, "validdata": cells, "testdata": cells})
        >>> train, valid, test = recurra.datasets.nottingham.load_data("few_nottingham.mat")
        >>> train[0].shape
        (4, 88)
    """
    return load_pieces(path, NOTTINGHAM)
