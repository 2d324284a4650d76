"""How far targets and predictions rise and fall together."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import config
from recurra.agreement import VECTORS, host
from recurra.checks import whole_number
from recurra.metrics.metric import MeanMetricWrapper


def _moments(y_true: Any, y_pred: Any, axis: int) -> tuple[np.ndarray, ...]:
    """Means, variances and covariance along an axis."""
    true, predicted = host(y_true).astype(np.float64), host(y_pred).astype(np.float64)
    means = true.mean(axis=axis), predicted.mean(axis=axis)
    away = (a - np.expand_dims(mean, axis) for a, mean in zip((true, predicted), means, strict=True))
    of_true, of_predicted = away
    return (
        *means,
        np.square(of_true).mean(axis=axis),
        np.square(of_predicted).mean(axis=axis),
        (of_true * of_predicted).mean(axis=axis),
    )


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> np.ndarray:
    """cov(y, ŷ) / √(var(y) var(ŷ)) along an axis; 0 where one of them is constant (not a number in Keras).

    Args:
        y_true: y.
        y_pred: ŷ.
        axis: Default −1.

    Example:
        >>> recurra.metrics.pearson_correlation([[0.0, 1.0, 0.5]], [[0.0, 2.0, 1.0]]).round(4)
        array([1.])
    """
    _, _, of_true, of_predicted, both = _moments(y_true, y_pred, axis)
    scale = np.sqrt(of_true * of_predicted)
    return np.asarray(np.divide(both, scale, out=np.zeros_like(both), where=scale != 0))


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> np.ndarray:
    """2 cov(y, ŷ) / (var(y) + var(ŷ) + (ȳ − mean ŷ)² + ε) along an axis, ε = config.epsilon().

    Args:
        y_true: y.
        y_pred: ŷ.
        axis: Default −1.

    Example:
        >>> recurra.metrics.concordance_correlation([[0.0, 1.0]], [[0.5, 1.5]]).round(4)
        array([0.6667])
    """
    of_y, of_p, of_true, of_predicted, both = _moments(y_true, y_pred, axis)
    return np.asarray(2 * both / (of_true + of_predicted + np.square(of_y - of_p) + config.epsilon()))


for _function in (pearson_correlation, concordance_correlation):
    _function.target_kind = VECTORS  # type: ignore[attr-defined]
    _function.direction = "max"  # type: ignore[attr-defined]


class PearsonCorrelation(MeanMetricWrapper):
    """Mean correlation of the vectors y and ŷ, between −1 and 1; 0 where one of them is constant.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.
        axis: Axis of the vectors, default −1.

    Example:
        >>> round(recurra.metrics.PearsonCorrelation()([[0.0, 1.0, 0.5]], [[0.0, 2.0, 1.0]]), 4)
        1.0
    """

    direction = "max"

    def __init__(self, name: str = "pearson_correlation", dtype: str | None = None, axis: int = -1) -> None:
        axis = whole_number(axis, "PearsonCorrelation", "axis", None)
        super().__init__(pearson_correlation, name, dtype, axis=axis)


class ConcordanceCorrelation(MeanMetricWrapper):
    """Mean concordance of the vectors y and ŷ: a correlation that also falls with a difference in mean or scale.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.
        axis: Axis of the vectors, default −1.

    Source: Lin, "A concordance correlation coefficient to evaluate reproducibility", Biometrics 45, 1989.

    Example:
        >>> round(recurra.metrics.ConcordanceCorrelation()([[0.0, 1.0]], [[0.5, 1.5]]), 4)
        0.6667
    """

    direction = "max"

    def __init__(self, name: str = "concordance_correlation", dtype: str | None = None, axis: int = -1) -> None:
        axis = whole_number(axis, "ConcordanceCorrelation", "axis", None)
        super().__init__(concordance_correlation, name, dtype, axis=axis)
