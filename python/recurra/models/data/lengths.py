"""`lengths` of fit, evaluate and predict: how many steps of each sequence count, given to the model as a mask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from recurra.conversion import to_array
from recurra.layers.masks import attach_mask
from recurra.layers.recurrent.step_mask import step_mask
from recurra.tensor import Tensor
from recurra.tree import flatten, pack_as


def checked(lengths: Any, x: Any) -> Any:
    """Integer arrays in the structure of `x`, None for an input without lengths; None if there are none at all.

    Args:
        lengths: (N,) integers for one input; a list or dictionary of them, as `x`, for several.
        x: Checked arrays, (N, T, ...) each.

    Raises:
        ValueError: They do not fit the inputs; the message says which and how.
    """
    if lengths is None:
        return None
    inputs = flatten(x)
    if isinstance(x, Mapping) and isinstance(lengths, Mapping):
        unknown = [name for name in lengths if name not in x]
        if unknown:
            raise ValueError(f"lengths: there is no input {unknown[0]!r}; the inputs are {', '.join(map(repr, x))}")
        given = [lengths.get(name) for name in x]
        names = [f"lengths[{name!r}]" for name in x]
    elif len(inputs) == 1 and not isinstance(lengths, Mapping):
        given, names = [lengths], ["lengths"]
    elif isinstance(lengths, (list, tuple)) and len(lengths) == len(inputs):
        given, names = list(lengths), [f"lengths[{i}]" for i in range(len(inputs))]
    else:
        raise ValueError(
            f"lengths: x has {len(inputs)} inputs; give lengths in the same structure, None for inputs without"
        )
    own = [_of_input(one, array, name) for one, array, name in zip(given, inputs, names, strict=True)]
    return pack_as(x, own)


def _of_input(lengths: Any, array: Any, name: str) -> np.ndarray | None:
    if lengths is None:
        return None
    if array.ndim < 2:
        raise ValueError(f"{name}: the input has no time steps, its shape is {array.shape}")
    values = to_array(lengths, name)
    try:
        step_mask(None, values, *array.shape[:2])
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    return values


def with_masks(x: Any, lengths: Any) -> Any:
    """The inputs of a batch, those with lengths as tensors that carry their mask."""
    if lengths is None:
        return x
    masked = [_with_mask(array, own) for array, own in zip(flatten(x), flatten(lengths), strict=True)]
    return pack_as(x, masked)


def _with_mask(array: Any, lengths: np.ndarray | None) -> Any:
    if lengths is None:
        return array
    tensor = Tensor(array)
    attach_mask(tensor, step_mask(None, lengths, *tensor.shape[:2]))
    return tensor
