"""A module of PyTorch as it is known here: its class, the arguments of its constructor, its state dict of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class TorchModule:
    """What makes a module of PyTorch: the name of its class in torch.nn, its arguments and its weights.

    `getattr(torch.nn, kind)(**arguments)` makes the module; its `load_state_dict` takes `state_dict` with
    `torch.from_numpy` of every array.

    Args:
        kind: Name of the class in torch.nn, for example "LSTM".
        arguments: Arguments of its constructor, by name.
        state_dict: Arrays by torch's names, in torch's shapes and order of gates.

    Example:
        >>> layer = recurra.layers.GRU(4)
        >>> layer.build((None, None, 3))
        >>> module = recurra.interchange.to_torch(layer)
        >>> module.kind, module.arguments["hidden_size"], list(module.state_dict)[:2]
        ('GRU', 4, ['weight_ih_l0', 'weight_hh_l0'])
    """

    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    state_dict: Mapping[str, Array] = field(default_factory=dict)


def arrays_of(state: Mapping[Any, Any], prefix: str, owner: str) -> dict[str, Array]:
    """The entries below `prefix` as arrays of one floating type, float32 or float64; names lose the prefix.

    Raises:
        TypeError: A name is no text, or an entry is no array of floating numbers.
    """
    for name in state:
        if not isinstance(name, str):
            raise TypeError(f"{owner}: expected names of weights as text, got {name!r}")
    found = {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}
    found.pop("num_batches_tracked", None)  # a count, which nothing is computed with
    arrays = {name: _array(value, f"{owner}: {name}") for name, value in found.items()}
    wide = any(array.dtype.itemsize > 4 for array in arrays.values())
    return {name: np.ascontiguousarray(array, np.float64 if wide else np.float32) for name, array in arrays.items()}


def _array(value: Any, what: str) -> Array:
    """An array from an array or a tensor of torch, which is known by its methods."""
    if hasattr(value, "detach") and hasattr(value, "cpu"):
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":  # which NumPy has not
            value = value.float()
        value = value.numpy()
    array = np.asarray(value) if hasattr(value, "__array__") else None
    if array is None or array.dtype.kind != "f":
        given = type(value).__name__ if array is None else array.dtype
        raise TypeError(f"{what} must be an array or tensor of floating numbers, got {given}")
    return array
