"""Scores of whole data sets: F-scores and the coefficient of determination."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import config
from recurra.metrics.metric import Metric, host, squeeze_or_expand


class FBetaScore(Metric):
    """(1 + β²) · precision · recall / (β² precision + recall), per class.

    average: None (default: one score a class), "micro" (all classes counted together), "macro" (mean over classes) or
    "weighted" (mean weighted by the number of samples). beta: β, default 1. threshold: a prediction above it is
    positive; default None: the largest prediction of a sample is. Targets and predictions have shape (batch, classes).
    """

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
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(f"{who}: average must be None, 'micro', 'macro' or 'weighted', got {average!r}")
        if not beta > 0:
            raise ValueError(f"{who}: beta must be greater than 0, got {beta}")
        if threshold is not None and not 0 < threshold <= 1:
            raise ValueError(f"{who}: threshold must be greater than 0 and at most 1, got {threshold}")
        super().__init__(name, dtype)
        self.average = average
        self.beta = beta
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch of one-hot or multi-hot targets and predictions, shape (batch, classes)."""
        true, predicted = host(y_true).astype(np.float64), host(y_pred)
        if true.ndim != 2 or true.shape != predicted.shape:
            raise ValueError(
                f"{type(self).__name__}: expected targets and predictions of one shape (batch, classes), "
                f"got {true.shape} and {predicted.shape}"
            )
        if self.threshold is None:
            chosen = (predicted >= predicted.max(axis=-1, keepdims=True)) & (np.abs(predicted) > 1e-9)
        else:
            chosen = predicted > self.threshold
        positive = chosen.astype(np.float64)
        weight = np.ones((len(true), 1)) if sample_weight is None else np.asarray(sample_weight).reshape(-1, 1)
        axis = None if self.average == "micro" else 0
        self.true_positives = self.true_positives + (positive * true * weight).sum(axis)
        self.false_positives = self.false_positives + (positive * (1 - true) * weight).sum(axis)
        self.false_negatives = self.false_negatives + ((1 - positive) * true * weight).sum(axis)
        self.support = self.support + (true * weight).sum(axis)

    def result(self) -> Any:
        """The score, or one a class."""
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

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"average": self.average, "beta": self.beta, "threshold": self.threshold}


class F1Score(FBetaScore):
    """2 · precision · recall / (precision + recall). Arguments as those of FBetaScore."""

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: str | None = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        return {name: value for name, value in super().get_config().items() if name != "beta"}


class R2Score(Metric):
    """1 − Σ(y − ŷ)² / Σ(y − ȳ)²: the share of the variance that is explained.

    class_aggregation: "uniform_average" over outputs (default), "variance_weighted_average", or None (one an output).
    num_regressors: p, adjusts to 1 − (1 − R²)(n − 1)/(n − p − 1); default 0.
    """

    _sums = ("squares", "sums", "residuals", "weights", "samples")
    squares: Any
    sums: Any
    residuals: Any
    weights: Any
    samples: float

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
        dtype: str | None = None,
    ) -> None:
        if class_aggregation not in (None, "uniform_average", "variance_weighted_average"):
            raise ValueError(
                "R2Score: class_aggregation must be None, 'uniform_average' or 'variance_weighted_average', "
                f"got {class_aggregation!r}"
            )
        if num_regressors < 0:
            raise ValueError(f"R2Score: num_regressors must be at least 0, got {num_regressors}")
        super().__init__(name, dtype)
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch of targets and predictions, shape (batch, outputs)."""
        true, predicted = squeeze_or_expand(host(y_true).astype(np.float64), host(y_pred))
        if true.ndim == 1:
            true, predicted = true[:, None], predicted[:, None]
        if true.ndim != 2 or true.shape != predicted.shape:
            raise ValueError(
                f"R2Score: expected targets and predictions of one shape (batch, outputs), got {true.shape} "
                f"and {predicted.shape}"
            )
        weight = np.ones((len(true), 1)) if sample_weight is None else np.asarray(sample_weight).reshape(len(true), -1)
        weight = np.broadcast_to(weight, true.shape)
        self.sums = self.sums + (true * weight).sum(0)
        self.squares = self.squares + (true * true * weight).sum(0)
        self.residuals = self.residuals + ((true - predicted) ** 2 * weight).sum(0)
        self.weights = self.weights + weight.sum(0)
        self.samples += float((weight != 0).any(-1).sum())

    def result(self) -> Any:
        """The score, or one an output; 0 where the targets do not vary."""
        if np.ndim(self.weights) == 0:
            return 0.0
        total = self.squares - self.sums**2 / self.weights
        scores = 1 - np.divide(self.residuals, total, out=np.ones_like(total), where=total != 0)
        if self.class_aggregation == "uniform_average":
            scores = float(scores.mean())
        elif self.class_aggregation == "variance_weighted_average":
            scores = float((total * scores).sum() / total.sum())
        spare = self.samples - self.num_regressors - 1
        if self.num_regressors and spare > 0:
            scores = 1 - (1 - scores) * (self.samples - 1) / spare
        return scores

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }
