"""Areas under the curves of decisions at many thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra import config
from recurra.checks import one_of, whole_number
from recurra.metrics.confusion import Decisions, ratio

# How many values beyond 0 and 1 are told apart; neighbours are merged when there are more.
_MOST_BEYOND = 8192


class AUC(Decisions):
    """Area under the curve of decisions at many thresholds.

    Predictions between 0 and 1 are told apart by the thresholds; any beyond, such as logits, by their own values.

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
    _sums = (*Decisions._sums, "beyond")
    beyond: Any  # rows (value, weight of positives, weight of negatives) in ascending order

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
        self.num_thresholds = len(self.thresholds)
        self.curve = curve
        self.summation_method = summation_method
        self.from_logits = from_logits
        self._given = None if thresholds is None else [float(t) for t in inner]
        self._looked = True

    def _count(self, true: np.ndarray, predicted: np.ndarray, weight: np.ndarray, thresholds: np.ndarray) -> None:
        if self.from_logits:
            predicted = 0.5 + 0.5 * np.tanh(0.5 * predicted.astype(np.float64))
        super()._count(true, predicted, weight, thresholds)
        outside = (predicted < thresholds[0]) | (predicted > thresholds[-1])
        if outside.any():
            rows = np.stack([predicted, np.where(true, weight, 0), np.where(true, 0, weight)], axis=1)[outside]
            known = rows if np.ndim(self.beyond) == 0 else np.concatenate([self.beyond, rows])
            self.beyond = _merged(known.astype(np.float64))

    def _curve(self) -> tuple[np.ndarray, ...]:
        """True and false positives, true and false negatives for ascending thresholds, over all predictions."""
        counts = self.true_positives, self.false_positives, self.true_negatives, self.false_negatives
        if np.ndim(self.beyond) == 0:
            return counts
        tp, fp, tn, fn = counts
        below = self.beyond[self.beyond[:, 0] < self.thresholds[0], 1:]
        above = self.beyond[self.beyond[:, 0] > self.thresholds[-1], 1:]
        # A threshold below all values, then one at each: what lies above it is positive.
        lower, upper = np.add(_sums_above(below), (tp[0], fp[0]))[:-1], _sums_above(above)[1:]
        tp = np.concatenate([lower[:, 0], tp, upper[:, 0]])
        fp = np.concatenate([lower[:, 1], fp, upper[:, 1]])
        positives, negatives = counts[0][0] + fn[0], counts[1][0] + tn[0]
        return tp, fp, negatives - fp, positives - tp

    def result(self) -> float:
        """The area, between 0 and 1; 0 if nothing was collected."""
        if np.ndim(self.true_positives) == 0:
            return 0.0
        tp, fp, tn, fn = self._curve()
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _interpolated_pr_area(tp, fp, fn)
        recall = ratio(tp, fn)
        x, y = (ratio(fp, tn), recall) if self.curve == "ROC" else (recall, ratio(tp, fp))
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2
        else:
            heights = (np.minimum if self.summation_method == "minoring" else np.maximum)(y[:-1], y[1:])
        return float(((x[:-1] - x[1:]) * heights).sum())


def _merged(rows: np.ndarray) -> np.ndarray:
    """The rows in ascending order of their values, those of equal values added up; at most _MOST_BEYOND."""
    values, places = np.unique(rows[:, 0], return_inverse=True)
    columns = [values, *(np.bincount(places, rows[:, i], len(values)) for i in (1, 2))]
    merged: np.ndarray = np.stack(columns, axis=1)
    while len(merged) > _MOST_BEYOND:
        pairs = merged[: len(merged) // 2 * 2].reshape(-1, 2, 3)
        joined = np.concatenate([pairs[:, 1, :1], pairs[:, :, 1:].sum(axis=1)], axis=1)
        merged = np.concatenate([joined, merged[len(joined) * 2 :]])
    return merged


def _sums_above(weights: np.ndarray) -> np.ndarray:
    """For a threshold below all values and for one at each of them, the weights of the values above."""
    sums: np.ndarray = np.concatenate([weights[::-1].cumsum(axis=0)[::-1], np.zeros((1, 2))])
    return sums


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
