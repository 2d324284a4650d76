"""Losses of margins; targets are −1 and 1, or 0 and 1, which are read as −1 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import ops
from recurra.agreement import ELEMENTS, ONE_HOT
from recurra.losses.loss import FunctionLoss, takes
from recurra.tensor import Tensor


def _signed(y_true: Tensor) -> Tensor:
    labels = y_true.numpy()
    return 2.0 * y_true - 1.0 if np.isin(labels, (0, 1)).all() else y_true


@takes(ELEMENTS)
def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """mean max(1 − y ŷ, 0) over the last axis.

    Example:
        >>> recurra.losses.hinge([[-1.0, 1.0]], [[0.5, 0.5]]).numpy()
        array([1.], dtype=float32)
    """
    return ops.mean(ops.maximum(1.0 - _signed(y_true) * y_pred, 0.0), axis=-1)


@takes(ELEMENTS)
def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """mean max(1 − y ŷ, 0)² over the last axis.

    Example:
        >>> recurra.losses.squared_hinge([[-1.0, 1.0]], [[0.5, 0.5]]).numpy()
        array([1.25], dtype=float32)
    """
    return ops.mean(ops.square(ops.maximum(1.0 - _signed(y_true) * y_pred, 0.0)), axis=-1)


@takes(ONE_HOT)
def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """max(max((1 − y) ŷ) − sum(y ŷ) + 1, 0) over the last axis; y is one-hot.

    Example:
        >>> recurra.losses.categorical_hinge([[0.0, 1.0]], [[0.25, 0.5]]).numpy()
        array([0.75], dtype=float32)
    """
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


class Hinge(FunctionLoss):
    """Hinge loss: mean max(1 − y ŷ, 0).

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Example:
        >>> recurra.losses.Hinge()([[0.0], [1.0]], [[0.5], [0.5]]).item()
        1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "hinge",
        dtype: str | None = None,
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(FunctionLoss):
    """Squared hinge loss: mean max(1 − y ŷ, 0)².

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Example:
        >>> recurra.losses.SquaredHinge()([[0.0], [1.0]], [[0.5], [0.5]]).item()
        1.25
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "squared_hinge",
        dtype: str | None = None,
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(FunctionLoss):
    """Hinge loss of one-hot targets: max(max((1 − y) ŷ) − sum(y ŷ) + 1, 0).

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Example:
        >>> recurra.losses.CategoricalHinge()([[0.0, 1.0]], [[0.25, 0.5]]).item()
        0.75
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_hinge",
        dtype: str | None = None,
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)
