"""Initializers that draw nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.checks import number
from recurra.initializers.initializer import Initializer, Shape, dtype_name
from recurra.tensor import Tensor


class Zeros(Initializer):
    """All zeros.

    Example:
        >>> recurra.initializers.Zeros()((2,)).numpy()
        array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return Tensor(np.zeros(tuple(shape), dtype_name(dtype)))


class Ones(Initializer):
    """All ones.

    Example:
        >>> recurra.initializers.Ones()((2,)).numpy()
        array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        return Tensor(np.ones(tuple(shape), dtype_name(dtype)))


class Constant(Initializer):
    """One number everywhere, or an array that fits the shape.

    Args:
        value: A number or an array that broadcasts to the weight; default 0.0.

    Raises:
        ValueError: The value is not a number or an array of numbers, or at the call it does not fit the weight.

    Example:
        >>> recurra.initializers.Constant([1, 2])((3, 2)).shape
        (3, 2)
    """

    def __init__(self, value: Any = 0.0) -> None:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise ValueError(f"Constant: value must be a number or an array of numbers, got {value!r:.80}")
        self.value: Any = array if array.ndim else array.item()

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        value = np.asarray(self.value)
        try:
            filled = np.broadcast_to(value, tuple(shape))
        except ValueError:
            raise ValueError(
                f"Constant: a value of shape {value.shape} does not fit a weight of shape {tuple(shape)}"
            ) from None
        return Tensor(filled.astype(dtype_name(dtype)))


class Identity(Initializer):
    """A number on the diagonal of a matrix, zero elsewhere.

    Args:
        gain: The number; default 1.0.

    Raises:
        ValueError: gain is not a number, or at the call the shape does not have two axes.

    Example:
        >>> recurra.initializers.Identity(gain=2)((2, 2)).numpy()
        array([[2., 0.],
               [0., 2.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = number(gain, "Identity", "gain")

    def __call__(self, shape: Shape, dtype: Any = None) -> Tensor:
        if len(shape) != 2:
            raise ValueError(f"Identity makes matrices only, got shape {tuple(shape)}")
        return Tensor((self.gain * np.eye(shape[0], shape[1])).astype(dtype_name(dtype)))
