"""The state of an optimizer as Keras 3 numbers it: iteration, learning rate, then the slots of the variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

# The slots of each optimizer in groups: those of a group alternate variable by variable, groups follow each other.
_GROUPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Adadelta": (("accumulated_grad", "accumulated_delta_var"),),
    "Adagrad": (("accumulator",),),
    "Adam": (("momentum", "velocity"), ("velocity_hat",)),
    "AdamW": (("momentum", "velocity"), ("velocity_hat",)),
    "Adamax": (("momentum", "norm"),),
    "Ftrl": (("accumulator", "linear"),),
    "Lion": (("momentum",),),
    "RMSprop": (("velocity",), ("momentum",), ("average_gradient",)),
    "SGD": (("momentum",),),
}


def names(optimizer: Any) -> list[str]:
    """The names of the state's arrays in the order of Keras.

    Raises:
        ValueError: The state has parts whose place in Keras is not known.
    """
    state = optimizer.state()
    found = [name for name in ("iteration", "learning_rate") if name in state]
    for group in _GROUPS.get(type(optimizer).__name__, ()):
        found += _alternating(group, state)
    if set(found) != set(state):
        raise ValueError(f"a state of {type(optimizer).__name__} with {min(set(state) - set(found))} is not exchanged")
    return found


def _alternating(group: tuple[str, ...], state: Mapping[str, Any]) -> Iterator[str]:
    number = 0
    while any(f"{slot}/{number}" in state for slot in group):
        yield from (f"{slot}/{number}" for slot in group)
        number += 1


def stored(optimizer: Any) -> list[np.ndarray]:
    """The arrays of the state as Keras stores them."""
    state = optimizer.state()
    types = {"iteration": np.int32, "learning_rate": np.float32}
    return [state[name].astype(types.get(name, state[name].dtype)) for name in names(optimizer)]


def restored(optimizer: Any, arrays: list[Any]) -> dict[str, np.ndarray]:
    """The state that these arrays of a file make; they are read after their shapes have been checked.

    Raises:
        ValueError: They do not fit the optimizer.
    """
    state, wanted = optimizer.state(), names(optimizer)
    if len(arrays) != len(wanted):
        raise ValueError(f"{type(optimizer).__name__} has {len(wanted)} arrays here, the file has {len(arrays)}")
    for name, array in zip(wanted, arrays, strict=True):
        if array.shape != state[name].shape:
            raise ValueError(f"{name} should have the shape {state[name].shape}, the file has {array.shape}")
    return {name: array[()].astype(state[name].dtype) for name, array in zip(wanted, arrays, strict=True)}
