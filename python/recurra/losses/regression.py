"""Losses of numbers. Each function gives one value a sample: the mean over the last axis."""

from __future__ import annotations

import math
from typing import Any

from recurra import config, ops
from recurra.losses.loss import FunctionLoss, aligned
from recurra.tensor import Tensor


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """mean (y − ŷ)² over the last axis."""
    y_true, y_pred = aligned(y_true, y_pred, "mean_squared_error")
    return ops.mean_squared_error(y_true, y_pred)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """mean |y − ŷ| over the last axis."""
    y_true, y_pred = aligned(y_true, y_pred, "mean_absolute_error")
    return ops.mean_absolute_error(y_true, y_pred)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """100 · mean |y − ŷ| / max(|y|, ε) over the last axis."""
    y_true, y_pred = aligned(y_true, y_pred, "mean_absolute_percentage_error")
    share = ops.abs(y_true - y_pred) / ops.maximum(ops.abs(y_true), config.epsilon())
    return ops.mean(share * 100.0, axis=-1)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """mean (log(1 + max(y, ε)) − log(1 + max(ŷ, ε)))² over the last axis."""
    y_true, y_pred = aligned(y_true, y_pred, "mean_squared_logarithmic_error")
    epsilon = config.epsilon()
    difference = ops.log(ops.maximum(y_pred, epsilon) + 1.0) - ops.log(ops.maximum(y_true, epsilon) + 1.0)
    return ops.mean(ops.square(difference), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """mean of ½e² where |e| ≤ δ, else δ|e| − ½δ², e = ŷ − y, over the last axis.

    Source: Huber, "Robust estimation of a location parameter", 1964.
    """
    y_true, y_pred = aligned(y_true, y_pred, "huber")
    error = y_pred - y_true
    size = ops.abs(error)
    return ops.mean(ops.where(size <= delta, 0.5 * ops.square(error), delta * size - 0.5 * delta * delta), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """mean log cosh(ŷ − y) over the last axis, as e + softplus(−2e) − log 2, which does not overflow."""
    y_true, y_pred = aligned(y_true, y_pred, "log_cosh")
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(error * -2.0) - math.log(2.0), axis=-1)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """−y·ŷ / (‖y‖ ‖ŷ‖) along `axis`: −1 for equal directions."""
    y_true, y_pred = aligned(y_true, y_pred, "cosine_similarity")
    floor = config.epsilon() ** 2

    def unit(x: Tensor) -> Tensor:
        return ops.divide(x, ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), floor)))

    return -ops.sum(unit(y_true) * unit(y_pred), axis=axis)


class MeanSquaredError(FunctionLoss):
    """mean (y − ŷ)²."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(FunctionLoss):
    """mean |y − ŷ|."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(FunctionLoss):
    """100 · mean |y − ŷ| / max(|y|, ε)."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(FunctionLoss):
    """mean (log(1 + y) − log(1 + ŷ))²."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(FunctionLoss):
    """Squared error for |e| ≤ delta, absolute beyond; delta: default 1."""

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: str | None = None,
    ) -> None:
        super().__init__(huber, reduction, name, dtype, delta=delta)


class LogCosh(FunctionLoss):
    """mean log cosh(ŷ − y)."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "log_cosh", dtype: str | None = None
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)


class CosineSimilarity(FunctionLoss):
    """−cos of the angle between y and ŷ along `axis` (default -1)."""

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: str | None = None,
    ) -> None:
        super().__init__(cosine_similarity, reduction, name, dtype, axis=axis)
