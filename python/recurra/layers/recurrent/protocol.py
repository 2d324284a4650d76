"""What makes an object a cell, and calling one.

A cell has `call(inputs, states)` → (output, new states) for one time step, `state_size` (an integer, or a list of them
for several states), and may have `output_size` (default: the size of the first state), `get_initial_state(batch_size)`
(default: zeros), `build(input_shape)` and a `training` argument of `call`, as a `Layer`.

States travel in the structure that `get_initial_state` gives; one state may stand without a list around it.
"""

from __future__ import annotations

from typing import Any

from recurra import ops
from recurra.layers.base import Layer
from recurra.tensor import Tensor


def check_cell(owner: str, cell: Any) -> None:
    """Raises ValueError unless `cell` follows the protocol."""
    if not callable(getattr(cell, "call", None)) or (isinstance(cell, Layer) and type(cell).call is Layer.call):
        raise ValueError(f"{owner}: a cell needs a method call(inputs, states), {_kind(cell)} has none")
    size = getattr(cell, "state_size", None)
    if not _is_size(size):
        raise ValueError(
            f"{owner}: a cell needs a state_size, an integer or a list of integers, {_kind(cell)} has {size!r}"
        )


def _kind(cell: Any) -> str:
    return repr(cell) if isinstance(cell, (str, int, float, type(None))) else type(cell).__name__


def _is_size(size: Any) -> bool:
    if isinstance(size, (list, tuple)):
        return bool(size) and all(_is_size(one) for one in size)
    return hasattr(size, "__index__") and not isinstance(size, bool)


def output_size(cell: Any) -> int:
    """Features of the cell's output."""
    size = getattr(cell, "output_size", None)
    if size is None:
        size = cell.state_size
        while isinstance(size, (list, tuple)):
            size = size[0]
    return int(size)


def initial_state(cell: Any, batch: int, dtype: str) -> Any:
    """The states a sequence starts from: the cell's own, or zeros."""
    own = getattr(cell, "get_initial_state", None)
    if own is not None:
        return own(batch_size=batch)
    return _zeros(cell.state_size, batch, dtype)


def _zeros(size: Any, batch: int, dtype: str) -> Any:
    if isinstance(size, (list, tuple)):
        return [_zeros(one, batch, dtype) for one in size]
    return ops.zeros((batch, int(size)), dtype=dtype)


def call_cell(cell: Any, inputs: Tensor, states: Any, training: bool) -> tuple[Tensor, Any]:
    """One step of a cell; a single state comes back in the structure it went in with."""
    given = states if isinstance(states, (list, tuple)) else [states]
    if getattr(type(cell), "takes_tensors_only", False) and inputs.dtype == cell.compute_dtype:
        result = cell.call(inputs, given, training=training)
    elif isinstance(cell, Layer):
        result = cell(inputs, given, **({"training": training} if cell._signature.takes_training else {}))
    else:
        result = cell.call(inputs, given)
    if not isinstance(result, (list, tuple)) or len(result) != 2:
        raise ValueError(f"the cell {type(cell).__name__} must return (output, new states)")
    output, new = result
    new = list(new) if isinstance(new, (list, tuple)) else [new]
    if len(new) != len(given):
        raise ValueError(f"the cell {type(cell).__name__} has {len(given)} states but returned {len(new)}")
    return output, new if isinstance(states, (list, tuple)) else new[0]


def drop_masks(cell: Any) -> None:
    """Drop the dropout masks of a sequence, in the cell and in cells inside it."""
    for name in ("reset_dropout_mask", "reset_recurrent_dropout_mask"):
        if hasattr(type(cell), name):
            getattr(cell, name)()
    # Asking a layer for an attribute that it lacks makes it compose a message.
    if "cells" in getattr(cell, "__dict__", ()) or hasattr(type(cell), "cells"):
        for inner in cell.cells:
            drop_masks(inner)
