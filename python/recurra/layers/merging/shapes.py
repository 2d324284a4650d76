"""Shapes of several inputs, and of what is made of them."""

from __future__ import annotations

from typing import Any

from recurra.layers.arguments import Shape
from recurra.tree import is_shape


def shapes_of(shapes: Any, least: int = 1) -> list[Shape]:
    """The shapes of the inputs. Raises ValueError unless they are a list of `least` or more."""
    many = isinstance(shapes, (list, tuple)) and all(isinstance(shape, tuple) for shape in shapes)
    if not many or len(shapes) < least:
        got = f"one tensor of shape {shapes}" if is_shape(shapes) else f"shapes {shapes}"
        raise ValueError(f"expected a list of tensors, got {got}; write layer([a, b])")
    batches = {shape[0] for shape in shapes if shape and shape[0] is not None}
    if len(batches) > 1:
        raise ValueError(f"expected tensors with equal numbers of samples, got shapes {listed(shapes)}")
    return list(shapes)


def masks_of_inputs(inputs: Any, masks: Any) -> Any:
    """The masks of several inputs, None where none has one.

    Raises:
        ValueError: They are not a list with one entry for each input.
    """
    if masks is None:
        return None
    if not isinstance(masks, (list, tuple)) or len(masks) != len(inputs):
        raise ValueError(
            f"expected a list of {len(inputs)} masks, one for each input, None where it has none; "
            f"got {len(masks) if isinstance(masks, (list, tuple)) else type(masks).__name__}"
        )
    return None if all(one is None for one in masks) else masks


def listed(shapes: Any) -> str:
    """Shapes for a message."""
    return " and ".join(map(str, shapes))


def broadcast(shapes: list[Shape]) -> Shape:
    """The shape of an elementwise result: extents of 1 stretch, and axes missing behind the batch are taken as 1."""
    rank = max(len(shape) for shape in shapes)
    result: list[int | None] = []
    for extents in zip(*((shape[0], *(1,) * (rank - len(shape)), *shape[1:]) for shape in shapes), strict=True):
        wide = {extent for extent in extents if extent not in (1, None)}
        if len(wide) > 1:
            raise ValueError(
                f"cannot combine tensors of shapes {listed(shapes)}: extents must be equal or 1; a Dense layer in "
                "front can bring one to the width of the other"
            )
        result.append(wide.pop() if wide else None if None in extents else 1)
    return tuple(result)
