"""JSB Chorales: 382 four-part chorales by Johann Sebastian Bach, as piano rolls.

Source: see `recurra.datasets.piano_rolls`.
"""

from __future__ import annotations

from .catalogue import JSB
from .piano_rolls import Pieces, load_pieces

__all__ = ["load_data"]


def load_data(path: str = JSB.name) -> tuple[Pieces, Pieces, Pieces]:
    """229, 76 and 77 pieces of 25 to 160 steps, for training, validation and test.

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
        >>> scipy.io.savemat("few_jsb_chorales.mat", {"traindata": cells, "validdata": cells, "testdata": cells})
        >>> train, valid, test = recurra.datasets.jsb_chorales.load_data("few_jsb_chorales.mat")
        >>> train[0].shape
        (4, 88)
    """
    return load_pieces(path, JSB)
