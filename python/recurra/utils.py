"""Names of `keras.utils` for what lives elsewhere in the package, and `to_categorical`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import config
from recurra.checks import attribute_hints, whole_number
from recurra.conversion import to_array
from recurra.datasets.timeseries import timeseries_dataset_from_array
from recurra.models.data.sources import PyDataset, pack_x_y_sample_weight, unpack_x_y_sample_weight
from recurra.preprocessing.sequence import pad_sequences
from recurra.random import set_seed as set_random_seed
from recurra.serialization import custom_object_scope
from recurra.serialization import register_serializable as register_keras_serializable

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "PyDataset",
    "Sequence",
    "custom_object_scope",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "register_keras_serializable",
    "set_random_seed",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

Sequence = PyDataset


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> NDArray[Any]:
    """One-hot rows for class numbers.

    Args:
        x: Class numbers, shape (...,) or (..., 1).
        num_classes: Number of classes; the largest class number + 1 by default.

    Returns:
        Array of 0 and 1, shape (..., num_classes).

    Raises:
        TypeError: `x` holds texts or other objects.
        ValueError: `x` holds a number that is no class.

    Example:
        >>> recurra.utils.to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]], dtype=float32)
    """
    try:
        labels = to_array(x, "to_categorical: x")
    except TypeError as error:
        raise TypeError(f"{error}; np.unique(x, return_inverse=True)[1] numbers the classes") from None
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is not None:
        num_classes = whole_number(num_classes, "to_categorical", "num_classes")
    classes = (int(labels.max()) + 1 if labels.size else 0) if num_classes is None else num_classes
    bad = labels[(labels < 0) | (labels >= classes) | (labels != np.floor(labels))]
    if bad.size:
        raise ValueError(f"to_categorical: expected class numbers from 0 to {classes - 1}, got {bad[0]}")
    rows: NDArray[Any] = np.eye(classes, dtype=config.floatx())[labels.astype(np.int64)]
    return rows


if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
