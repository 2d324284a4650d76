"""Constraints: functions that bring a weight back into its allowed set after each optimizer step.

Norms are taken along `axis`: the axes that feed one output unit, 0 for the kernel (in, out) of a dense layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import config, ops, serialization
from recurra.checks import attribute_hints
from recurra.tensor import Tensor

Axis = int | Sequence[int]


class Constraint:
    """A projection: `constraint(weight) -> tensor` of the same shape."""

    def __call__(self, w: Any) -> Any:
        raise TypeError(f"{type(self).__name__} defines no __call__(self, w)")

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        return cls(**config)


def _norm(w: Any, axis: Axis) -> Any:
    axes = axis if isinstance(axis, int) else tuple(axis)
    return ops.sqrt(ops.sum(ops.square(w), axis=axes, keepdims=True))


class MaxNorm(Constraint):
    """Scales vectors longer than `max_value` down to it. Source: Srivastava et al. 2014."""

    def __init__(self, max_value: float = 2.0, axis: Axis = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: Any) -> Any:
        norm = _norm(w, self.axis)
        return w * (ops.clip(norm, 0.0, self.max_value) / (config.epsilon() + norm))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class NonNeg(Constraint):
    """Sets negative numbers to zero."""

    def __call__(self, w: Any) -> Any:
        return ops.maximum(w, 0.0)


class UnitNorm(Constraint):
    """Scales every vector to length one."""

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        return w / (config.epsilon() + _norm(w, self.axis))

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """Brings the length of every vector into [min_value, max_value], by the share `rate` of the way at each step."""

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: Any) -> Any:
        norm = _norm(w, self.axis)
        wanted = self.rate * ops.clip(norm, self.min_value, self.max_value) + (1 - self.rate) * norm
        return w * (wanted / (config.epsilon() + norm))

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


class Orthogonal(Constraint):
    """Replaces a matrix W by the nearest one, in the Frobenius norm, with orthonormal rows or columns, times `gain`.

    With the singular value decomposition W = U S Vᵀ that is gain · U Vᵀ, the orthogonal factor of W's polar
    decomposition. A recurrent matrix kept so neither shrinks nor stretches the gradient.

    Arguments:
        gain: factor of the result, default 1.
        per_gate: whether a matrix (U, nU) of several square blocks side by side, as recurrent kernels of gated cells
            are, is treated block by block; default True. Otherwise it is one matrix with orthonormal rows.

    Raises: ValueError for what is no matrix.
    Source: Higham, "Computing the polar decomposition – with applications", 1986.
    """

    def __init__(self, gain: float = 1.0, per_gate: bool = True) -> None:
        if not gain > 0:
            raise ValueError(f"Orthogonal: gain must be greater than 0, got {gain!r}")
        self.gain, self.per_gate = gain, bool(per_gate)

    def __call__(self, w: Any) -> Any:
        matrix = np.asarray(w)
        if matrix.ndim != 2:
            raise ValueError(f"Orthogonal: expected a matrix, got shape {matrix.shape}")
        if not np.isfinite(matrix).all():
            return w  # it has no decomposition, and must not be hidden
        rows, columns = matrix.shape
        gates = columns // rows if self.per_gate and columns >= rows > 0 and columns % rows == 0 else 1
        blocks = matrix.reshape(rows, gates, columns // gates).swapaxes(0, 1)
        left, _, right = np.linalg.svd(blocks, full_matrices=False)
        nearest = self.gain * (left @ right)
        return Tensor(np.ascontiguousarray(nearest.swapaxes(0, 1).reshape(rows, columns), matrix.dtype))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, "per_gate": self.per_gate}


max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm
orthogonal = Orthogonal

_NAMES: dict[str, type[Constraint]] = {
    "max_norm": MaxNorm,
    "non_neg": NonNeg,
    "unit_norm": UnitNorm,
    "min_max_norm": MinMaxNorm,
    "orthogonal": Orthogonal,
}


def get(identifier: Any) -> Any:
    """A constraint by name, class name, configuration, object or function; None stays None.

    Raises: ValueError for unknown names, TypeError for anything else.
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        return serialization.named("constraint", identifier, _NAMES)()
    if isinstance(identifier, dict):
        return serialization.deserialize(identifier, Constraint)
    if isinstance(identifier, type) and issubclass(identifier, Constraint):
        return identifier()
    if callable(identifier):
        return identifier
    raise TypeError(f"expected a constraint, its name, or None, got {identifier!r}")


def serialize(constraint: Any) -> Any:
    """The configuration of a constraint; None stays None."""
    return serialization.plain(constraint)


def deserialize(described: Any) -> Any:
    """The constraint that `serialize` described."""
    return get(serialization.restored(described))


if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
