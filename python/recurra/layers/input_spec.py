"""What a layer accepts: the rank and the fixed extents of its input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class InputSpec:
    """What one input of a layer must look like; a layer of your own sets `self.input_spec`.

    Args:
        dtype: For information only; default None.
        shape: Extents, None where any will do; default None.
        ndim: Number of axes; default None.
        max_ndim: Largest number of axes; default None.
        min_ndim: Smallest number of axes; default None.
        axes: Required extent of single axes, for example `{-1: 14}`; default None.

    Example:
        >>> spec = recurra.layers.InputSpec(ndim=3, axes={-1: 14})
        >>> spec.complaint((None, 10, 13))
        'expected 14 features on the last axis, got shape (None, 10, 13)'
    """

    def __init__(
        self,
        dtype: str | None = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: Mapping[int, int | None] | None = None,
    ) -> None:
        self.dtype = dtype
        self.shape = None if shape is None else tuple(shape)
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): extent for axis, extent in (axes or {}).items()}

    def __repr__(self) -> str:
        given = {key: value for key, value in vars(self).items() if value is not None and value != {}}
        return f"InputSpec({', '.join(f'{key}={value}' for key, value in given.items())})"

    def complaint(self, shape: Sequence[int | None]) -> str | None:
        """Why an input of this shape is refused, or None."""
        rank = len(shape)
        if self.ndim is not None and rank != self.ndim:
            return f"expected an input with {self.ndim} axes{_layout(self.ndim)}, got shape {tuple(shape)}"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"expected an input with at least {self.min_ndim} axes, got shape {tuple(shape)}"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"expected an input with at most {self.max_ndim} axes, got shape {tuple(shape)}"
        for axis, extent in self.axes.items():
            if extent is None:
                continue
            if not -rank <= axis < rank or shape[axis] not in (extent, None):
                what = "features on the last axis" if axis == -1 else f"elements on axis {axis}"
                return f"expected {extent} {what}, got shape {tuple(shape)}"
        if self.shape is not None:
            for want, got in zip(self.shape, shape, strict=True):
                if want is not None and got is not None and want != got:
                    return f"expected an input of shape {self.shape}, got {tuple(shape)}"
        return None


def _layout(rank: int) -> str:
    return {2: " (batch, features)", 3: " (batch, time, features)", 4: " (batch, height, width, channels)"}.get(
        rank, ""
    )


def check_input(layer: Any, spec: Any, shapes: Any, inputs: Any = None) -> None:
    """Checks the shapes of a layer's inputs.

    Args:
        layer: The layer.
        spec: Its InputSpec, or a list of them.
        shapes: Shape of the input, or a list or dictionary of shapes.
        inputs: The inputs themselves; what made a symbolic one tells how to mend its shape.

    Raises:
        ValueError: A shape does not fit; the message names the layer and says how to mend it.
    """
    specs = spec if isinstance(spec, (list, tuple)) else [spec]
    given = [shapes] if isinstance(shapes, tuple) else shapes
    if isinstance(given, dict):
        given = list(given.values())
    if len(specs) > 1 and len(given) != len(specs):
        raise ValueError(f"{layer._title}: expected {len(specs)} inputs, got {len(given)}")
    for number, (one, shape) in enumerate(zip(specs, given, strict=False)):
        complaint = None if one is None else one.complaint(shape)
        if complaint:
            which = f" (input {number})" if len(specs) > 1 else ""
            raise ValueError(f"{layer._title}: {complaint}{which}{_mend(one, shape, inputs)}")


#: By the axes that are expected and those that came.
_MENDS = {
    (2, 1): "; x[None] makes one sample a batch, x[:, None] makes each number a sample",
    (3, 1): "; x[None, :, None] makes it one sequence of one feature",
    (3, 2): "; x[..., None] gives each step one feature, x[None] makes one sequence a batch, and a recurrent layer in "
    "front needs return_sequences=True",
    (2, 3): "; a recurrent layer in front with return_sequences=False, or GlobalAveragePooling1D, gives vectors",
    (4, 3): "; x[..., None] gives each pixel one channel, x[None] makes one image a batch",
}


def _mend(spec: InputSpec, shape: Sequence[int | None], inputs: Any) -> str:
    """How to mend a shape with the wrong number of axes, by where it comes from."""
    wanted, rank = spec.ndim or spec.min_ndim or 0, len(shape)
    node = getattr(inputs, "node", None)
    if node is None:
        return _MENDS.get((wanted, rank), "")
    if wanted == 2 and rank == 3:
        return "; a recurrent layer in front with return_sequences=False, or GlobalAveragePooling1D, gives vectors"
    if wanted != 3 or rank not in (2, 4):
        return ""
    while node.inputs:
        if rank == 2 and getattr(node.layer, "return_sequences", None) is False:
            return f"; set return_sequences=True in layer '{node.layer.name}'"
        node = node.inputs[0].node
        if node is None:
            return ""
    if inputs.node is not node:
        return ""
    if rank == 4:
        return "; the shape of an Input leaves out the batch: (time, features)"
    return f"; the shape of one sample is (time, features), for example (None, {shape[1]}) or ({shape[1]}, 1)"
