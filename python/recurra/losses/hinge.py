"""Losses of margins; targets are −1 and 1, or 0 and 1, which are read as −1 and 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import ops
from recurra.losses.loss import FunctionLoss, aligned
from recurra.tensor import Tensor


def _signed(y_true: Tensor) -> Tensor:
    labels = y_true.numpy()
    return 2.0 * y_true - 1.0 if np.isin(labels, (0, 1)).all() else y_true


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """mean max(1 − y ŷ, 0) over the last axis."""
    y_true, y_pred = aligned(y_true, y_pred, "hinge")
    return ops.mean(ops.maximum(1.0 - _signed(y_true) * y_pred, 0.0), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """mean max(1 − y ŷ, 0)² over the last axis."""
    y_true, y_pred = aligned(y_true, y_pred, "squared_hinge")
    return ops.mean(ops.square(ops.maximum(1.0 - _signed(y_true) * y_pred, 0.0)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """max(max((1 − y) ŷ) − sum(y ŷ) + 1, 0) over the last axis; y is one-hot."""
    y_true, y_pred = aligned(y_true, y_pred, "categorical_hinge")
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


class Hinge(FunctionLoss):
    """mean max(1 − y ŷ, 0)."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "hinge", dtype: str | None = None
    ) -> None:
        super().__init__(hinge, reduction, name, dtype)


class SquaredHinge(FunctionLoss):
    """mean max(1 − y ŷ, 0)²."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "squared_hinge", dtype: str | None = None
    ) -> None:
        super().__init__(squared_hinge, reduction, name, dtype)


class CategoricalHinge(FunctionLoss):
    """max(max((1 − y) ŷ) − sum(y ŷ) + 1, 0)."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "categorical_hinge", dtype: str | None = None
    ) -> None:
        super().__init__(categorical_hinge, reduction, name, dtype)
