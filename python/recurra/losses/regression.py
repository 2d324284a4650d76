"""Losses of numbers. Each function gives one value per sample: the mean over the last axis."""

from __future__ import annotations

import math
from typing import Any

from recurra import config, ops
from recurra.agreement import ELEMENTS, VECTORS
from recurra.checks import number, whole_number
from recurra.losses.loss import FunctionLoss, takes
from recurra.tensor import Tensor


@takes(ELEMENTS)
def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """mean (y − ŷ)² over the last axis.

    Example:
        >>> recurra.losses.mean_squared_error([[1.0, 2.0]], [[2.0, 4.0]]).numpy()
        array([2.5], dtype=float32)
    """
    return ops.mean_squared_error(y_true, y_pred)


@takes(ELEMENTS)
def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """mean |y − ŷ| over the last axis.

    Example:
        >>> recurra.losses.mean_absolute_error([[1.0, 2.0]], [[2.0, 4.0]]).numpy()
        array([1.5], dtype=float32)
    """
    return ops.mean_absolute_error(y_true, y_pred)


@takes(ELEMENTS)
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """100 · mean |y − ŷ| / max(|y|, ε) over the last axis, ε = config.epsilon().

    Example:
        >>> recurra.losses.mean_absolute_percentage_error([[1.0, 2.0]], [[2.0, 4.0]]).numpy()
        array([100.], dtype=float32)
    """
    share = ops.abs(y_true - y_pred) / ops.maximum(ops.abs(y_true), config.epsilon())
    return ops.mean(share * 100.0, axis=-1)


@takes(ELEMENTS)
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """mean (log(1 + max(y, ε)) − log(1 + max(ŷ, ε)))² over the last axis, ε = config.epsilon().

    Example:
        >>> recurra.losses.mean_squared_logarithmic_error([[0.0]], [[np.e - 1.0]]).numpy().round(4)
        array([1.], dtype=float32)
    """
    epsilon = config.epsilon()
    difference = ops.log(ops.maximum(y_pred, epsilon) + 1.0) - ops.log(ops.maximum(y_true, epsilon) + 1.0)
    return ops.mean(ops.square(difference), axis=-1)


@takes(ELEMENTS)
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """mean of ½e² where |e| ≤ δ, else δ|e| − ½δ², e = ŷ − y, over the last axis.

    Source: Huber, "Robust estimation of a location parameter", 1964.

    Example:
        >>> recurra.losses.huber([[0.0, 0.0]], [[0.5, 3.0]]).numpy()
        array([1.3125], dtype=float32)
    """
    error = y_pred - y_true
    size = ops.abs(error)
    return ops.mean(ops.where(size <= delta, 0.5 * ops.square(error), delta * size - 0.5 * delta * delta), axis=-1)


@takes(ELEMENTS)
def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """mean log cosh(ŷ − y) over the last axis, as e + softplus(−2e) − log 2, which does not overflow.

    Example:
        >>> recurra.losses.log_cosh([[0.0]], [[1000.0]]).numpy().round(2)
        array([999.31], dtype=float32)
    """
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(error * -2.0) - math.log(2.0), axis=-1)


@takes(VECTORS)
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """−y·ŷ / (‖y‖ ‖ŷ‖) along `axis`: −1 for equal directions, 0 where a vector is 0.

    Example:
        >>> recurra.losses.cosine_similarity([[1.0, 0.0]], [[3.0, 4.0]]).numpy()
        array([-0.6], dtype=float32)
    """
    floor = config.epsilon() ** 2

    def unit(x: Tensor) -> Tensor:
        return ops.divide(x, ops.sqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), floor)))

    return -ops.sum(unit(y_true) * unit(y_pred), axis=axis)


class MeanSquaredError(FunctionLoss):
    """mean (y − ŷ)².

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Example:
        >>> recurra.losses.MeanSquaredError()([[0.0], [2.0]], [[1.0], [5.0]]).item()
        5.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(FunctionLoss):
    """mean |y − ŷ|.

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Example:
        >>> recurra.losses.MeanAbsoluteError()([[0.0], [2.0]], [[1.0], [5.0]]).item()
        2.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(FunctionLoss):
    """100 · mean |y − ŷ| / max(|y|, ε), ε = config.epsilon().

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Example:
        >>> recurra.losses.MeanAbsolutePercentageError()([[1.0], [2.0]], [[2.0], [3.0]]).item()
        75.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_absolute_percentage_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(FunctionLoss):
    """mean (log(1 + y) − log(1 + ŷ))².

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Example:
        >>> recurra.losses.MeanSquaredLogarithmicError()([[0.0]], [[0.0]]).item()
        0.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "mean_squared_logarithmic_error",
        dtype: str | None = None,
    ) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction, name, dtype)


class Huber(FunctionLoss):
    """Huber loss: mean of ½e² for |e| ≤ δ, δ|e| − ½δ² beyond.

    Args:
        delta: δ, where the squared error becomes an absolute one; default 1.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Example:
        >>> recurra.losses.Huber()([[0.0], [0.0]], [[0.5], [3.0]]).item()
        1.3125
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str = "huber_loss",
        dtype: str | None = None,
    ) -> None:
        super().__init__(huber, reduction, name, dtype, delta=number(delta, "Huber", "delta"))


class LogCosh(FunctionLoss):
    """mean log cosh(ŷ − y).

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Example:
        >>> recurra.losses.LogCosh()([[0.0]], [[0.0]]).item()
        0.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "log_cosh",
        dtype: str | None = None,
    ) -> None:
        super().__init__(log_cosh, reduction, name, dtype)


class CosineSimilarity(FunctionLoss):
    """Mean −cos of the angle between y and ŷ.

    Args:
        axis: Axis of the vectors, default −1.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Example:
        >>> recurra.losses.CosineSimilarity()([[1.0, 0.0]], [[3.0, 4.0]]).numpy().round(4)
        np.float32(-0.6)
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "cosine_similarity",
        dtype: str | None = None,
    ) -> None:
        super().__init__(
            cosine_similarity, reduction, name, dtype, axis=whole_number(axis, "CosineSimilarity", "axis", None)
        )
