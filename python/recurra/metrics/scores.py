"""Scores of whole data sets: F-scores and the coefficient of determination."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from recurra import config
from recurra.agreement import ELEMENTS, ONE_HOT
from recurra.checks import number, one_of, whole_number
from recurra.metrics.metric import TargetMetric


class FBetaScore(TargetMetric):
    """F-score per class: (1 + β²) · precision · recall / (β² precision + recall).

    Args:
        average: None (default: one score per class), "micro" (all classes counted together), "macro" (mean over
            classes) or "weighted" (mean weighted by the number of samples).
        beta: β, default 1.
        threshold: A prediction above it is positive; default None: the largest prediction of a sample is.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Input shape:
        One-hot or multi-hot targets, and predictions, (N, C) or (N, T, C).

    Raises:
        ValueError: An argument has no such value.

    Example:
        >>> score = recurra.metrics.FBetaScore("macro", beta=2.0, threshold=0.5)
        >>> round(score([[1, 0], [0, 1]], [[0.9, 0.2], [0.6, 0.8]]), 4)
        0.9167
    """

    target_kind = ONE_HOT
    direction = "max"
    _sums = ("true_positives", "false_positives", "false_negatives", "support")
    true_positives: Any
    false_positives: Any
    false_negatives: Any
    support: Any

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: str | None = None,
    ) -> None:
        who = type(self).__name__
        one_of(average, who, "average", (None, "micro", "macro", "weighted"))
        beta = number(beta, who, "beta")
        if not beta > 0:
            raise ValueError(f"{who}: beta must be greater than 0, got {beta}")
        if threshold is not None and not 0 < number(threshold, who, "threshold") <= 1:
            raise ValueError(f"{who}: threshold must be greater than 0 and at most 1, got {threshold}")
        super().__init__(name, dtype)
        self.average = average
        self.beta = beta
        self.threshold = None if threshold is None else float(threshold)
        self._warned = False

    def _add(self, true: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> None:
        if predicted.ndim < 2:
            raise ValueError(
                f"{type(self).__name__}: expected targets and predictions of one shape (batch, classes), "
                f"got {true.shape} and {predicted.shape}"
            )
        true, predicted, weight = (a.reshape(-1, a.shape[-1]) for a in (true.astype(np.float64), predicted, weight))
        if self.threshold is None and predicted.shape[-1] == 1 and not self._warned:
            self._warned = True
            warnings.warn(
                f"{self.name}: of one class alone every prediction is the largest, so all samples count as positive; "
                "give threshold=0.5",
                stacklevel=4,
            )
        if self.threshold is None:
            chosen = (predicted >= predicted.max(axis=-1, keepdims=True)) & (np.abs(predicted) > 1e-9)
        else:
            chosen = predicted > self.threshold
        positive = chosen.astype(np.float64)
        axis = None if self.average == "micro" else 0
        self.true_positives = self.true_positives + (positive * true * weight).sum(axis)
        self.false_positives = self.false_positives + (positive * (1 - true) * weight).sum(axis)
        self.false_negatives = self.false_negatives + ((1 - positive) * true * weight).sum(axis)
        self.support = self.support + (true * weight).sum(axis)

    def result(self) -> Any:
        """The score, or one per class."""
        epsilon = config.epsilon()
        precision = self.true_positives / (self.true_positives + self.false_positives + epsilon)
        recall = self.true_positives / (self.true_positives + self.false_negatives + epsilon)
        score = (1 + self.beta**2) * precision * recall / (self.beta**2 * precision + recall + epsilon)
        if self.average == "weighted":
            share = self.support / max(float(np.sum(self.support)), epsilon)
            return float(np.sum(score * share))
        if self.average == "macro":
            return float(np.mean(score))
        return float(score) if np.ndim(score) == 0 else score


class F1Score(FBetaScore):
    """F-score with β = 1, per class: 2 · precision · recall / (precision + recall).

    Args:
        average: As for `FBetaScore`.
        threshold: As for `FBetaScore`.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> round(recurra.metrics.F1Score("micro")([[1, 0], [0, 1]], [[0.9, 0.2], [0.6, 0.8]]), 4)
        1.0
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)


class R2Score(TargetMetric):
    """Coefficient of determination, the share of the variance that is explained: 1 − Σ(y − ŷ)² / Σ(y − ȳ)².

    Args:
        class_aggregation: "uniform_average" over outputs (default), "variance_weighted_average", or None (one per
            output).
        num_regressors: p, adjusts to 1 − (1 − R²)(n − 1)/(n − p − 1); default 0.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Input shape:
        Targets and predictions, (N,), (N, outputs) or (N, T, outputs).

    Raises:
        ValueError: An argument has no such value.

    Source: means and squared deviations of batches are merged after Chan, Golub and LeVeque, 1979.

    Example:
        >>> recurra.metrics.R2Score()([0.0, 1.0, 2.0, 3.0], [0.5, 0.5, 2.5, 2.5])
        0.8
    """

    target_kind = ELEMENTS
    direction = "max"
    _sums = ("weights", "means", "deviations", "residuals", "least", "largest", "samples")
    weights: Any
    means: Any
    deviations: Any  # Σ w (y − ȳ)²
    residuals: Any  # Σ w (y − ŷ)²
    least: Any
    largest: Any
    samples: float

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
        dtype: str | None = None,
    ) -> None:
        one_of(
            class_aggregation, "R2Score", "class_aggregation", (None, "uniform_average", "variance_weighted_average")
        )
        super().__init__(name, dtype)
        self.class_aggregation = class_aggregation
        self.num_regressors = whole_number(num_regressors, "R2Score", "num_regressors", 0)

    def _add(self, true: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> None:
        true, predicted, weight = (a.reshape(-1, a.shape[-1]).astype(np.float64) for a in (true, predicted, weight))
        counted = weight != 0
        if not counted.any():
            return
        if not counted.all():  # what does not count may be anything, even NaN
            true, predicted = np.where(counted, true, 0.0), np.where(counted, predicted, 0.0)
        added = weight.sum(0)
        safe = np.where(added != 0, added, 1.0)
        mean = (true * weight).sum(0) / safe
        deviations = (np.square(true - mean) * weight).sum(0)
        total = self.weights + added
        shift = mean - self.means
        inside = np.where(total != 0, total, 1.0)
        self.deviations = self.deviations + deviations + np.square(shift) * self.weights * added / inside
        self.means = self.means + shift * added / inside
        self.residuals = self.residuals + (np.square(true - predicted) * weight).sum(0)
        least, largest = (np.inf, -np.inf) if np.ndim(self.weights) == 0 else (self.least, self.largest)
        self.least = np.minimum(least, np.where(counted, true, np.inf).min(0))
        self.largest = np.maximum(largest, np.where(counted, true, -np.inf).max(0))
        self.weights = total
        self.samples += float(counted.any(-1).sum())

    def result(self) -> Any:
        """The score, or one per output; 0 where the targets do not vary."""
        if np.ndim(self.weights) == 0:
            return 0.0
        varies = self.largest > self.least
        total = np.where(varies, self.deviations, 0.0)
        scores: Any = 1 - np.divide(self.residuals, total, out=np.ones_like(total), where=varies)
        if self.class_aggregation == "uniform_average":
            scores = float(scores.mean())
        elif self.class_aggregation == "variance_weighted_average":
            scores = float((total * scores).sum() / total.sum()) if varies.any() else 0.0
        spare = self.samples - self.num_regressors - 1
        if self.num_regressors and spare > 0:
            scores = 1 - (1 - scores) * (self.samples - 1) / spare
        return scores
