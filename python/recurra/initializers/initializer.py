"""The base of all initializers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra import config
from recurra.configurable import Configurable
from recurra.tensor import Tensor

Shape = Sequence[int]


class Initializer(Configurable):
    """Makes the first value of a weight: `initializer(shape, dtype) -> Tensor`.

    A subclass defines `__call__` and keeps each argument of its constructor in an attribute of the same name; then it
    can be saved.

    Example:
        >>> class Halves(recurra.Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return recurra.Tensor(np.full(shape, 0.5, dtype))
        >>> layer = recurra.layers.Dense(2, kernel_initializer=Halves())
        >>> layer(np.ones((1, 4), "float32")).numpy()
        array([[2., 2.]], dtype=float32)
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        """The value of a weight of this shape.

        Args:
            shape: Extents of the weight.
            dtype: Of the weight; default None, which is `recurra.config.floatx()`.
        """
        raise TypeError(f"{type(self).__name__} defines no __call__(self, shape, dtype)")

    def clone(self) -> Initializer:
        """An initializer with the same arguments."""
        return type(self).from_config(self.get_config())


def dtype_name(dtype: Any) -> str:
    """The name of a dtype; the package's default float for None."""
    return config.floatx() if dtype is None else np.dtype(dtype).name
