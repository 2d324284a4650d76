"""Regularizers: penalties on weights or activations that are added to the loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from recurra import ops, serialization
from recurra.checks import attribute_hints


class Regularizer:
    """A penalty: `regularizer(x) -> scalar tensor`."""

    def __call__(self, x: Any) -> Any:
        raise TypeError(f"{type(self).__name__} defines no __call__(self, x)")

    def get_config(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        return cls(**config)


def _factor(owner: str, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{owner}: {name} must be a finite number >= 0, got {value!r}")
    return float(value)


class L1L2(Regularizer):
    """l1·Σ|x| + l2·Σx²."""

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor("L1L2", "l1", 0.0 if l1 is None else l1)
        self.l2 = _factor("L1L2", "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        if self.l1 and self.l2:
            return self.l1 * ops.sum(ops.absolute(x)) + self.l2 * ops.sum(ops.square(x))
        return self.l1 * ops.sum(ops.absolute(x)) if self.l1 else self.l2 * ops.sum(ops.square(x))

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class L1(Regularizer):
    """l1·Σ|x|."""

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor("L1", "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> Any:
        return self.l1 * ops.sum(ops.absolute(x))

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """l2·Σx²."""

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor("L2", "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        return self.l2 * ops.sum(ops.square(x))

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """Pushes the rows or columns of a matrix towards right angles.

    factor · Σ_{i≠j} |cos(xᵢ, xⱼ)| / (n·(n−1)), the mean over all pairs of the n rows or columns xᵢ.

    Arguments:
        factor: number ≥ 0.
        mode: `rows` or `columns`.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor("OrthogonalRegularizer", "factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer: mode must be 'rows' or 'columns', got {mode!r}")
        self.mode = mode

    def __call__(self, x: Any) -> Any:
        if len(x.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer: expected a matrix, got shape {tuple(x.shape)}")
        vectors = x if self.mode == "rows" else ops.transpose(x)
        count = vectors.shape[0]
        norms = ops.sqrt(ops.maximum(ops.sum(ops.square(vectors), axis=1, keepdims=True), 1e-12))
        unit = vectors / norms
        cosines = ops.matmul(unit, ops.transpose(unit)) * (1.0 - ops.eye(count, dtype=x.dtype))
        return self.factor * ops.sum(ops.absolute(cosines)) / max(count * (count - 1.0), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """L1L2 with both factors 0.01 unless told otherwise."""
    return L1L2(l1, l2)


l1 = L1
l2 = L2
orthogonal_regularizer = OrthogonalRegularizer

_NAMES: dict[str, Callable[..., Regularizer]] = {
    "l1": L1,
    "l2": L2,
    "l1_l2": l1_l2,
    "l1l2": L1L2,
    "L1L2": L1L2,
    "orthogonal_regularizer": OrthogonalRegularizer,
}


def get(identifier: Any) -> Any:
    """A regularizer by name, class name, configuration, object or function; None stays None.

    Raises: ValueError for unknown names, TypeError for anything else.
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        return serialization.named("regularizer", identifier, _NAMES)()
    if isinstance(identifier, dict):
        return serialization.deserialize(identifier, Regularizer)
    if isinstance(identifier, type) and issubclass(identifier, Regularizer):
        return identifier()
    if callable(identifier):
        return identifier
    raise TypeError(f"expected a regularizer, its name, or None, got {identifier!r}")


def serialize(regularizer: Any) -> Any:
    """The configuration of a regularizer; None stays None."""
    return serialization.plain(regularizer)


def deserialize(described: Any) -> Any:
    """The regularizer that `serialize` described."""
    return get(serialization.restored(described))


if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
