"""Constraints: functions that bring a weight back into its allowed set after each optimizer step.

Norms are taken along `axis`: the axes that feed one output unit, 0 for the kernel (in, out) of a dense layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import config, ops, serialization
from recurra.checks import attribute_hints, axes, boolean, number
from recurra.configurable import Configurable
from recurra.tensor import Tensor

Axis = int | Sequence[int]


class Constraint(Configurable):
    """A projection of a weight after each update: `constraint(weight) -> tensor` of the same shape.

    A subclass defines `__call__` and keeps each argument of its constructor in an attribute of the same name; then it
    can be saved.

    Example:
        >>> class Bounded(recurra.constraints.Constraint):
        ...     def __call__(self, w):
        ...         return recurra.ops.clip(w, -1.0, 1.0)
        >>> layer = recurra.layers.Dense(2, kernel_constraint=Bounded())
    """

    def __call__(self, w: Any) -> Any:
        raise TypeError(f"{type(self).__name__} defines no __call__(self, w)")


def _norm(w: Any, axis: Axis) -> Any:
    over = axis if isinstance(axis, int) else tuple(axis)
    return ops.sqrt(ops.sum(ops.square(w), axis=over, keepdims=True))


class MaxNorm(Constraint):
    """Scales vectors that are longer than a bound down to it.

    Args:
        max_value: The bound, >= 0; default 2.0.
        axis: The axis, or a list of axes, along which lengths are taken: those that feed one output unit; default 0,
            right for a kernel (in, out).

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> recurra.constraints.MaxNorm(1.0)(np.array([[3.0], [4.0]])).numpy().round(3)
        array([[0.6],
               [0.8]])

    Source: Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014.
    """

    def __init__(self, max_value: float = 2.0, axis: Axis = 0) -> None:
        self.max_value, self.axis = number(max_value, "MaxNorm", "max_value", 0), axes(axis, "MaxNorm")

    def __call__(self, w: Any) -> Any:
        norm = _norm(w, self.axis)
        return w * (ops.clip(norm, 0.0, self.max_value) / (config.epsilon() + norm))


class NonNeg(Constraint):
    """Sets negative numbers to zero.

    Example:
        >>> recurra.constraints.NonNeg()(np.array([-1.0, 2.0])).numpy()
        array([0., 2.])
    """

    def __call__(self, w: Any) -> Any:
        return ops.maximum(w, 0.0)


class UnitNorm(Constraint):
    """Scales every vector to length one.

    Args:
        axis: The axis, or a list of axes, along which lengths are taken: those that feed one output unit; default 0,
            right for a kernel (in, out).

    Raises:
        ValueError: axis is not an integer or a list of them.

    Example:
        >>> recurra.constraints.UnitNorm()(np.array([[3.0], [4.0]])).numpy().round(3)
        array([[0.6],
               [0.8]])
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axes(axis, "UnitNorm")

    def __call__(self, w: Any) -> Any:
        return w / (config.epsilon() + _norm(w, self.axis))


class MinMaxNorm(Constraint):
    """Brings the length of every vector into an interval.

    Args:
        min_value: Lower end, >= 0; default 0.0.
        max_value: Upper end, >= 0; default 1.0.
        rate: Share of the way that is gone at each update, in [0, 1]; default 1.0.
        axis: The axis, or a list of axes, along which lengths are taken: those that feed one output unit; default 0,
            right for a kernel (in, out).

    Raises:
        ValueError: An argument is out of range.

    Example:
        >>> recurra.constraints.MinMaxNorm(1.0, 2.0)(np.array([[0.3], [0.4]])).numpy().round(3)
        array([[0.6],
               [0.8]])
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0) -> None:
        owner = "MinMaxNorm"
        self.min_value, self.max_value = (
            number(min_value, owner, "min_value", 0),
            number(max_value, owner, "max_value", 0),
        )
        self.rate, self.axis = number(rate, owner, "rate", 0, 1), axes(axis, owner)

    def __call__(self, w: Any) -> Any:
        norm = _norm(w, self.axis)
        wanted = self.rate * ops.clip(norm, self.min_value, self.max_value) + (1 - self.rate) * norm
        return w * (wanted / (config.epsilon() + norm))


class Orthogonal(Constraint):
    """Replaces a matrix W by the nearest one, in the Frobenius norm, with orthonormal rows or columns, times `gain`.

    With the singular value decomposition W = U S Vᵀ that is gain · U Vᵀ, the orthogonal factor of W's polar
    decomposition. A recurrent matrix with this constraint neither shrinks nor stretches the gradient.

    Args:
        gain: Factor of the result, > 0; default 1.0.
        per_gate: Whether a matrix (U, nU) of several square blocks side by side, as recurrent kernels of gated cells
            are, is projected block by block; default True. Otherwise it is one matrix with orthonormal rows.

    Raises:
        ValueError: An argument is out of range, or at the call the weight is not a matrix.

    Example:
        >>> recurra.constraints.Orthogonal()(np.array([[3.0, 0.0], [0.0, 0.5]])).numpy().round(3)
        array([[1., 0.],
               [0., 1.]])

    Source: Higham, Computing the Polar Decomposition – with Applications, 1986.
    """

    def __init__(self, gain: float = 1.0, per_gate: bool = True) -> None:
        self.gain = number(gain, "Orthogonal", "gain", above=0)
        self.per_gate = boolean(per_gate, "Orthogonal", "per_gate")

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
    """Look a constraint up.

    Args:
        identifier: A name such as "max_norm", class, class name, configuration, object or function; or None.

    Returns:
        The constraint; None for None.

    Raises:
        ValueError: The name is unknown.
        TypeError: It is something else.

    Example:
        >>> recurra.constraints.get("max_norm")
        MaxNorm()
    """
    return None if identifier is None else serialization.instance("constraint", identifier, Constraint, _NAMES)


def serialize(constraint: Any) -> Any:
    """Describe a constraint by plain values.

    Args:
        constraint: An object, a registered function, or None.

    Returns:
        Its configuration, for `deserialize`; None for None.

    Example:
        >>> recurra.constraints.serialize(recurra.constraints.MaxNorm())["class_name"]
        'MaxNorm'
    """
    return serialization.plain(constraint)


def deserialize(described: Any) -> Any:
    """Make the constraint that `serialize` described.

    Args:
        described: The configuration.

    Returns:
        The constraint.

    Example:
        >>> recurra.constraints.deserialize(recurra.constraints.serialize(recurra.constraints.MaxNorm()))
        MaxNorm()
    """
    return get(serialization.restored(described))


if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
