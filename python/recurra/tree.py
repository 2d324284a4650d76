"""Nested lists, tuples and dictionaries of tensors: the shapes that inputs and outputs of layers may take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

#: The types that are structures.
NESTED = (list, tuple, dict)


def flatten(structure: Any) -> list[Any]:
    """Every element that is no list, tuple or dictionary, from left to right; None is an element."""
    if not isinstance(structure, NESTED):
        return [structure]
    found: list[Any] = []
    _collect(structure, found)
    return found


def _collect(structure: Any, found: list[Any]) -> None:
    for item in structure.values() if isinstance(structure, dict) else structure:
        if isinstance(item, NESTED):
            _collect(item, found)
        else:
            found.append(item)


def leaves(structure: Any) -> Iterator[Any]:
    """The elements of a nested structure one by one."""
    return iter(flatten(structure))


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """The same structure with `function` applied to every element."""
    if isinstance(structure, NESTED):
        return map_items(lambda item: map_structure(function, item), structure)
    return function(structure)


def map_items(function: Callable[[Any], Any], structure: Any) -> Any:
    """The same list, tuple or dictionary with `function` applied to its own items, whatever is inside of them."""
    if isinstance(structure, dict):
        return {key: function(item) for key, item in structure.items()}
    items = [function(item) for item in structure]
    if isinstance(structure, tuple):
        return type(structure)(*items) if hasattr(structure, "_fields") else tuple(items)
    return items


def pack_as(structure: Any, flat: list[Any]) -> Any:
    """The elements of `flat` arranged like `structure`."""
    if not isinstance(structure, NESTED):
        return flat[0]
    if type(structure) is list and not any(isinstance(item, NESTED) for item in structure):
        return flat[: len(structure)]
    remaining = iter(flat)
    return map_structure(lambda _: next(remaining), structure)


def is_shape(value: Any) -> bool:
    """Whether this is one shape (integers and None) and no collection of shapes."""
    return isinstance(value, (tuple, list)) and all(extent is None or hasattr(extent, "__index__") for extent in value)


def map_shapes(function: Callable[[tuple[Any, ...]], Any], shapes: Any) -> Any:
    """`function` applied to every shape of a nested structure of shapes."""
    if is_shape(shapes):
        return function(tuple(shapes))
    if isinstance(shapes, dict):
        return {key: map_shapes(function, item) for key, item in shapes.items()}
    if isinstance(shapes, (list, tuple)):
        return [map_shapes(function, item) for item in shapes]
    raise TypeError(f"expected a shape such as (None, 10), got {shapes!r}")
