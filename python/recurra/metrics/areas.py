"""Areas under the curves of decisions at many thresholds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recurra import config
from recurra.checks import one_of, whole_number
from recurra.metrics.confusion import Decisions, ratio

# Predictions that are no probabilities (logits, scores) are told apart by thresholds beyond 0 and 1, 300 on each side.
# They add points of the curve only for such predictions: for probabilities the area is the same to the bit.
_BEYOND = np.geomspace(1e-3, 1e6, 300)


class AUC(Decisions):
    """Area under the curve of decisions at many thresholds.

    Predictions of any range are ordered rightly; those from 0 to 1 finer than others.

    Args:
        num_thresholds: Default 200, evenly between 0 and 1.
        curve: "ROC" (default) or "PR".
        summation_method: "interpolation" (default; for PR after Davis and Goadrich, ICML 2006), "minoring" or
            "majoring".
        name: Name in the figures.
        dtype: Stored for Keras's sake.
        thresholds: Own ones between 0 and 1, in place of num_thresholds.
        from_logits: Apply the sigmoid to the predictions first; default False.

    Raises:
        ValueError: An argument has no such value.

    Example:
        >>> recurra.metrics.AUC()([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
        0.75
    """

    direction = "max"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: str | None = None,
        thresholds: Sequence[float] | None = None,
        from_logits: bool = False,
    ) -> None:
        if curve not in ("ROC", "PR"):
            raise ValueError(f"AUC: curve must be 'ROC' or 'PR', got {curve!r}")
        one_of(summation_method, "AUC", "summation_method", ("interpolation", "minoring", "majoring"))
        if thresholds is None and whole_number(num_thresholds, "AUC", "num_thresholds", None) < 2:
            raise ValueError(f"AUC: num_thresholds must be at least 2, got {num_thresholds}")
        inner = np.linspace(0, 1, num_thresholds)[1:-1] if thresholds is None else np.sort(np.asarray(thresholds))
        if inner.size and not 0 <= inner[0] <= inner[-1] <= 1:
            raise ValueError(f"AUC: thresholds must be between 0 and 1, got {thresholds}")
        super().__init__(None, None, None, name or "auc", dtype)
        margin = config.epsilon()
        self.thresholds = np.concatenate([[-margin], inner, [1 + margin]])
        beyond = (-np.inf, *-_BEYOND[::-1]), (*1 + _BEYOND, np.inf)
        self._cuts = np.concatenate([beyond[0], self.thresholds, beyond[1]])
        self.num_thresholds = len(self.thresholds)
        self.curve = curve
        self.summation_method = summation_method
        self.from_logits = from_logits
        self._given = None if thresholds is None else [float(t) for t in inner]
        self._looked = True

    def _count(self, true: np.ndarray, predicted: np.ndarray, weight: np.ndarray, thresholds: np.ndarray) -> None:
        if self.from_logits:
            predicted = 0.5 + 0.5 * np.tanh(0.5 * predicted.astype(np.float64))
        super()._count(true, predicted, weight, self._cuts)

    def result(self) -> float:
        """The area, between 0 and 1; 0 if nothing was collected."""
        tp, fp = self.true_positives, self.false_positives
        tn, fn = self.true_negatives, self.false_negatives
        if np.ndim(tp) == 0:
            return 0.0
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _interpolated_pr_area(tp, fp, fn)
        recall = ratio(tp, fn)
        x, y = (ratio(fp, tn), recall) if self.curve == "ROC" else (recall, ratio(tp, fp))
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2
        else:
            heights = (np.minimum if self.summation_method == "minoring" else np.maximum)(y[:-1], y[1:])
        return float(((x[:-1] - x[1:]) * heights).sum())


def _interpolated_pr_area(tp: np.ndarray, fp: np.ndarray, fn: np.ndarray) -> float:
    # Between two thresholds TP is taken as linear in the number predicted positive, P: TP = intercept + slope·P, and
    # the area of slope·(1 + intercept/(slope·P)) over P is added up.
    def quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        out: np.ndarray = np.divide(a, b, out=np.zeros_like(a), where=b > 0)
        return out

    positive = tp + fp
    d_tp = tp[:-1] - tp[1:]
    slope = quotient(d_tp, positive[:-1] - positive[1:])
    intercept = tp[1:] - slope * positive[1:]
    both = (positive[:-1] > 0) & (positive[1:] > 0)
    quotients = np.where(both, quotient(positive[:-1], positive[1:]), 1.0)
    return float(quotient(slope * (d_tp + intercept * np.log(quotients)), tp[1:] + fn[1:]).sum())
