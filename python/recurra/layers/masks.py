"""The mask that belongs to a tensor: which time steps are real and which are padding.

A tensor of the engine cannot carry Python attributes, so masks live in a side table keyed by the identity of the Python
object, with a weak reference that removes the entry when the tensor dies. `Layer.__call__` looks the masks of its
inputs up and registers those of its outputs; a chain of layers, a model or a user's loop over layers all propagate
masks by this one mechanism, and a program without masks pays one check for an empty table.

Graphs built from symbolic tensors hold no masks: they arise again each time the graph runs on real tensors.
"""

from __future__ import annotations

import weakref
from typing import Any

from recurra.tree import map_structure

table: dict[int, tuple[weakref.ref[Any], Any]] = {}


def mask_of(tensor: Any) -> Any:
    """The mask registered for a tensor (bool, shape (batch, time)), or None."""
    entry = table.get(id(tensor))
    return entry[1] if entry is not None and entry[0]() is tensor else None


def masks_of(structure: Any) -> Any:
    """The masks of a tensor or of a nested structure of tensors; None where nothing has one."""
    if not isinstance(structure, (list, tuple, dict)):
        return mask_of(structure)
    found = False

    def look_up(tensor: Any) -> Any:
        nonlocal found
        mask = mask_of(tensor)
        found = found or mask is not None
        return mask

    masks = map_structure(look_up, structure)
    return masks if found else None


def attach_mask(tensor: Any, mask: Any) -> None:
    """Register `mask` for as long as `tensor` lives; None removes it."""
    key = id(tensor)
    if mask is None:
        table.pop(key, None)
        return

    def forget(dead: weakref.ref[Any]) -> None:
        entry = table.get(key)
        if entry is not None and entry[0] is dead:
            del table[key]

    table[key] = (weakref.ref(tensor, forget), mask)
