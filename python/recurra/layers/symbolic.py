"""Tensors without values: what layers and ops are called with while a graph is described.

A `SymbolicTensor` has a shape (None where it is open), a dtype and the `Node` that makes it; a Node is one call of a
layer. A function of `recurra.ops` called with a symbolic tensor becomes a node as well (see operation.py).

Shapes are found by running the function on zeros. Every open extent is replaced by one number, then by another; extents
of the result that follow are open.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from recurra import loading, ops
from recurra._engine import NoGradient, Tensor
from recurra.checks import is_whole_number
from recurra.tree import NESTED, flatten, leaves, map_structure

Shape = tuple[int | None, ...]

_MOST_ZEROS = 2**30  # elements of an input

# Replacements for open extents (batch, any other axis). Long enough for a kernel or a slice to fit, and all prime, so
# that a product of extents cannot equal a fixed one by accident.
_SUBSTITUTES = ((2, 127), (3, 131))


class Node:
    """One call of a layer in a graph: its arguments, with symbolic tensors in them, and its outputs."""

    __slots__ = ("args", "inputs", "kwargs", "layer", "outputs")

    def __init__(self, layer: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], outputs: Any) -> None:
        self.layer = layer
        self.args = args
        self.kwargs = dict(kwargs)
        self.inputs = [leaf for leaf in leaves((args, self.kwargs)) if isinstance(leaf, SymbolicTensor)]
        self.outputs = flatten(outputs)
        for output in self.outputs:
            output.node = self


class SymbolicTensor:
    """A tensor of a graph: shape (None where open), dtype and the node that makes it."""

    __slots__ = ("__weakref__", "dtype", "name", "node", "shape")
    __array_priority__ = 2000

    def __init__(self, shape: Sequence[int | None], dtype: str = "float32", name: str | None = None) -> None:
        self.shape: Shape = tuple(shape)
        self.dtype = dtype
        self.name = name
        self.node: Node | None = None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def T(self) -> Any:  # noqa: N802
        return _operator("transpose", self)

    def reshape(self, *shape: Any) -> Any:
        return _operator("reshape", self, shape[0] if len(shape) == 1 and not is_whole_number(shape[0]) else shape)

    def __repr__(self) -> str:
        return f"<SymbolicTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def __reduce__(self) -> Any:
        # Without its node, which reaches back to the front of the graph: a copy of a model makes the nodes anew.
        return SymbolicTensor, (self.shape, self.dtype, self.name)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            f"symbolic tensor {self.name!r} has no values to make a NumPy array of; use functions of recurra.ops"
        )

    def __bool__(self) -> bool:
        raise TypeError(f"symbolic tensor {self.name!r} has no value; choose with recurra.ops.where instead of `if`")

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise TypeError(f"symbolic tensor {self.name!r} of shape {self.shape} has no length")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        return _operator("get_item", self, key)

    def __add__(self, other: Any) -> Any:
        return _operator("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return _operator("add", other, self)

    def __sub__(self, other: Any) -> Any:
        return _operator("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return _operator("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return _operator("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return _operator("multiply", other, self)

    def __truediv__(self, other: Any) -> Any:
        return _operator("true_divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return _operator("true_divide", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return _operator("floor_divide", self, other)

    def __mod__(self, other: Any) -> Any:
        return _operator("mod", self, other)

    def __pow__(self, other: Any) -> Any:
        return _operator("power", self, other)

    def __rpow__(self, other: Any) -> Any:
        return _operator("power", other, self)

    def __matmul__(self, other: Any) -> Any:
        return _operator("matmul", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _operator("matmul", other, self)

    def __neg__(self) -> Any:
        return _operator("negative", self)

    def __abs__(self) -> Any:
        return _operator("absolute", self)

    def __lt__(self, other: Any) -> Any:
        return _operator("less", self, other)

    def __le__(self, other: Any) -> Any:
        return _operator("less_equal", self, other)

    def __gt__(self, other: Any) -> Any:
        return _operator("greater", self, other)

    def __ge__(self, other: Any) -> Any:
        return _operator("greater_equal", self, other)

    def __and__(self, other: Any) -> Any:
        return _operator("logical_and", self, other)

    def __or__(self, other: Any) -> Any:
        return _operator("logical_or", self, other)

    def __invert__(self) -> Any:
        return _operator("logical_not", self)


def _operator(name: str, *args: Any) -> Any:
    return getattr(ops, name)(*args)


def is_symbolic(*structures: Any) -> bool:
    """Whether a symbolic tensor is among these values or inside their lists, tuples and dictionaries."""
    for structure in structures:
        if isinstance(structure, SymbolicTensor):
            return True
        if isinstance(structure, NESTED) and is_symbolic(
            *(structure.values() if isinstance(structure, dict) else structure)
        ):
            return True
    return False


def is_text(value: Any) -> bool:
    """Whether a value is an array of strings, which no tensor can hold and only layers of dtype 'string' take."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "UT"


def infer(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The symbolic outputs of a function of tensors, found by running it on zeros twice (see above)."""
    first, second = (_run_on_zeros(function, args, kwargs, numbers) for numbers in _SUBSTITUTES)
    others = iter(flatten(second))
    open_before = any(None in leaf.shape for leaf in leaves((args, kwargs)) if isinstance(leaf, SymbolicTensor))

    def combine(output: Any) -> Any:
        if not hasattr(output, "shape"):
            raise TypeError(
                f"{getattr(function, '__name__', function)!r} must return tensors, got {type(output).__name__}"
            )
        other = next(others).shape
        shape = output.shape
        if len(shape) != len(other):
            raise ValueError("the number of axes of the result depends on an open extent of the input; fix that extent")
        extents = tuple(a if a == b or not open_before else None for a, b in zip(shape, other, strict=True))
        return SymbolicTensor(extents, str(output.dtype))

    return map_structure(combine, first)


def _run_on_zeros(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], numbers: tuple[int, int]
) -> Any:
    def placeholder(leaf: Any) -> Any:
        if not isinstance(leaf, SymbolicTensor):
            return leaf
        extents = [numbers[min(axis, 1)] if extent is None else extent for axis, extent in enumerate(leaf.shape)]
        if math.prod(extents) > _MOST_ZEROS:
            raise ValueError(
                f"an input of shape {leaf.shape} is too large to find the output's shape by a run on zeros; define "
                "compute_output_shape, or leave the extents open"
            )
        loading.check_size(extents)
        return Tensor(np.zeros(extents, leaf.dtype))

    args = map_structure(placeholder, tuple(args))
    kwargs = map_structure(placeholder, dict(kwargs))
    recording_off = NoGradient()
    try:
        return function(*args, **kwargs)
    finally:
        del recording_off
