"""Regularizers: penalties on weights or activations that are added to the loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from recurra import ops, serialization
from recurra.checks import attribute_hints, number, one_of
from recurra.configurable import Configurable


class Regularizer(Configurable):
    """A penalty that is added to the loss: `regularizer(x) -> scalar tensor`.

    A subclass defines `__call__` and keeps each argument of its constructor in an attribute of the same name; then it
    can be saved.

    Example:
        >>> class Sum(recurra.Regularizer):
        ...     def __call__(self, x):
        ...         return recurra.ops.sum(x)
        >>> layer = recurra.layers.Dense(2, kernel_initializer="ones", kernel_regularizer=Sum())
        >>> y = layer(np.ones((1, 3), "float32"))
        >>> [float(loss) for loss in layer.losses]
        [6.0]
    """

    def __call__(self, x: Any) -> Any:
        raise TypeError(f"{type(self).__name__} defines no __call__(self, x)")


class L1L2(Regularizer):
    """The penalty l1·Σ|x| + l2·Σx².

    Args:
        l1: Factor of the absolute values, >= 0; default 0.0.
        l2: Factor of the squares, >= 0; default 0.0.

    Raises:
        ValueError: A factor is not a finite number >= 0.

    Example:
        >>> float(recurra.regularizers.L1L2(l1=1.0, l2=0.5)(np.array([2.0, -2.0])))
        8.0
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = number(0.0 if l1 is None else l1, "L1L2", "l1", 0)
        self.l2 = number(0.0 if l2 is None else l2, "L1L2", "l2", 0)

    def __call__(self, x: Any) -> Any:
        if self.l1 and self.l2:
            return self.l1 * ops.sum(ops.absolute(x)) + self.l2 * ops.sum(ops.square(x))
        return self.l1 * ops.sum(ops.absolute(x)) if self.l1 else self.l2 * ops.sum(ops.square(x))


class L1(Regularizer):
    """The penalty l1·Σ|x|.

    Args:
        l1: Factor, >= 0; default 0.01.

    Raises:
        ValueError: A factor is not a finite number >= 0.

    Example:
        >>> float(recurra.regularizers.L1(0.5)(np.array([2.0, -2.0])))
        2.0
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = number(0.01 if l1 is None else l1, "L1", "l1", 0)

    def __call__(self, x: Any) -> Any:
        return self.l1 * ops.sum(ops.absolute(x))


class L2(Regularizer):
    """The penalty l2·Σx².

    Args:
        l2: Factor, >= 0; default 0.01.

    Raises:
        ValueError: A factor is not a finite number >= 0.

    Example:
        >>> float(recurra.regularizers.L2(0.5)(np.array([2.0, -2.0])))
        4.0
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = number(0.01 if l2 is None else l2, "L2", "l2", 0)

    def __call__(self, x: Any) -> Any:
        return self.l2 * ops.sum(ops.square(x))


class OrthogonalRegularizer(Regularizer):
    """A penalty that drives the rows or columns of a matrix towards right angles.

        factor · Σ_{i≠j} |cos(x_i, x_j)| / (n·(n − 1))

    the mean over all pairs of the n rows or columns x_i.

    Args:
        factor: A number >= 0; default 0.01.
        mode: "rows" or "columns"; default "rows".

    Raises:
        ValueError: An argument is out of range, or at the call the weight is not a matrix.

    Example:
        >>> float(recurra.regularizers.OrthogonalRegularizer(1.0)(np.eye(3)))
        0.0
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = number(factor, "OrthogonalRegularizer", "factor", 0)
        self.mode = one_of(mode, "OrthogonalRegularizer", "mode", ("rows", "columns"))

    def __call__(self, x: Any) -> Any:
        if len(x.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer: expected a matrix, got shape {tuple(x.shape)}")
        vectors = x if self.mode == "rows" else ops.transpose(x)
        count = vectors.shape[0]
        norms = ops.sqrt(ops.maximum(ops.sum(ops.square(vectors), axis=1, keepdims=True), 1e-12))
        unit = vectors / norms
        cosines = ops.matmul(unit, ops.transpose(unit)) * (1.0 - ops.eye(count, dtype=x.dtype))
        return self.factor * ops.sum(ops.absolute(cosines)) / max(count * (count - 1.0), 1.0)


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> L1L2:
    """Make an `L1L2` with both factors 0.01 unless told otherwise.

    Args:
        l1: Factor of the absolute values, >= 0; default 0.01.
        l2: Factor of the squares, >= 0; default 0.01.

    Returns:
        The regularizer.

    Example:
        >>> recurra.regularizers.l1_l2()
        L1L2(l1=0.01, l2=0.01)
    """
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
    """Look a regularizer up.

    Args:
        identifier: A name such as "l2", class, class name, configuration, object or function; or None.

    Returns:
        The regularizer; None for None.

    Raises:
        ValueError: The name is unknown.
        TypeError: It is something else.

    Example:
        >>> recurra.regularizers.get("l2")
        L2()
    """
    return None if identifier is None else serialization.instance("regularizer", identifier, Regularizer, _NAMES)


def serialize(regularizer: Any) -> Any:
    """Describe a regularizer by plain values.

    Args:
        regularizer: An object, a registered function, or None.

    Returns:
        Its configuration, for `deserialize`; None for None.

    Example:
        >>> recurra.regularizers.serialize(recurra.regularizers.L2())["class_name"]
        'L2'
    """
    return serialization.plain(regularizer)


def deserialize(described: Any) -> Any:
    """Make the regularizer that `serialize` described.

    Args:
        described: The configuration.

    Returns:
        The regularizer.

    Example:
        >>> recurra.regularizers.deserialize(recurra.regularizers.serialize(recurra.regularizers.L2()))
        L2()
    """
    return get(serialization.restored(described))


if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
