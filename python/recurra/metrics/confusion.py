"""Counts of right and wrong decisions, and what is made of them: precision, recall, areas under curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import config
from recurra.metrics.metric import Metric, host, squeeze_or_expand

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def confusion_matrix(
    labels: ArrayLike, predictions: ArrayLike, num_classes: int | None = None, weights: ArrayLike | None = None
) -> np.ndarray:
    """Counts of samples by class (row) and predicted class (column), shape (num_classes, num_classes).

    labels, predictions: class numbers, shape (n,). num_classes: default the largest number + 1.
    Raises ValueError for a number that is no class.
    """
    true, predicted = host(labels).ravel(), host(predictions).ravel()
    if true.shape != predicted.shape:
        raise ValueError(f"confusion_matrix: got {true.size} labels and {predicted.size} predictions")
    count = num_classes or (int(max(true.max(), predicted.max())) + 1 if true.size else 1)
    for what, values in (("labels", true), ("predictions", predicted)):
        bad = values[(values < 0) | (values >= count) | (values != np.floor(values))]
        if bad.size:
            raise ValueError(f"confusion_matrix: {what} must be whole numbers from 0 to {count - 1}, got {bad[0]}")
    cells = true.astype(np.int64) * count + predicted.astype(np.int64)
    given = None if weights is None else host(weights).ravel()
    return np.bincount(cells, given, count * count).reshape(count, count)


def _thresholds(given: float | Sequence[float] | None, default: float, who: str) -> np.ndarray:
    thresholds = np.atleast_1d(np.asarray(default if given is None else given, np.float64))
    if given is not None and not ((thresholds >= 0) & (thresholds <= 1)).all():
        raise ValueError(f"{who}: thresholds must be between 0 and 1, got {given}")
    return thresholds


class _Decisions(Metric):
    """Counts of decisions ŷ > threshold by what is true, for each threshold."""

    _sums = ("true_positives", "false_positives", "true_negatives", "false_negatives")
    true_positives: Any
    false_positives: Any
    true_negatives: Any
    false_negatives: Any

    def __init__(
        self,
        thresholds: float | Sequence[float] | None,
        top_k: int | None,
        class_id: int | None,
        name: str | None,
        dtype: str | None,
    ) -> None:
        super().__init__(name, dtype)
        self._given = thresholds
        self.thresholds = _thresholds(thresholds, 0.5 if top_k is None else -np.inf, type(self).__name__)
        self.top_k = top_k
        self.class_id = class_id

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch of targets (0 or 1) and predictions."""
        true, predicted = squeeze_or_expand(host(y_true), host(y_pred))
        if self.top_k is not None:
            least = np.partition(predicted, -self.top_k, axis=-1)[..., -self.top_k, None]
            predicted = np.where(predicted >= least, predicted, -np.inf)
        weight = np.ones(true.shape)
        if sample_weight is not None:
            given = np.asarray(sample_weight, np.float64)
            if given.ndim > true.ndim:
                given = given[..., 0]
            weight = weight * given.reshape(given.shape + (1,) * (true.ndim - given.ndim))
        if self.class_id is not None:
            true, predicted, weight = (
                true[..., self.class_id],
                predicted[..., self.class_id],
                weight[..., self.class_id],
            )
        self._count(true.ravel() != 0, predicted.ravel(), weight.ravel())

    def _count(self, true: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> None:
        order = np.argsort(self.thresholds, kind="stable")
        # How many of the ascending thresholds lie below a prediction: it is positive for exactly those.
        passed = np.searchsorted(self.thresholds[order], predicted, side="left")

        def above(chosen: np.ndarray) -> np.ndarray:
            count = np.bincount(passed[chosen], weight[chosen], len(order) + 1)
            result = np.empty(len(order))
            result[order] = count[::-1].cumsum()[::-1][1:]
            return result

        positives, negatives = above(true), above(~true)
        self.true_positives = self.true_positives + positives
        self.false_positives = self.false_positives + negatives
        self.false_negatives = self.false_negatives + (weight[true].sum() - positives)
        self.true_negatives = self.true_negatives + (weight[~true].sum() - negatives)

    def _shown(self, values: Any) -> Any:
        values = np.broadcast_to(values, self.thresholds.shape)
        return float(values[0]) if len(values) == 1 else values.copy()

    def _ratio(self, part: Any, rest: Any) -> Any:
        part, whole = np.asarray(part, np.float64), np.asarray(part + rest, np.float64)
        return self._shown(np.divide(part, whole, out=np.zeros_like(whole), where=whole != 0))


class _Count(_Decisions):
    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(thresholds, None, None, name or self._kind, dtype)

    _kind = ""

    def result(self) -> Any:
        """The count, one a threshold."""
        return self._shown(getattr(self, self._kind))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"thresholds": self._given}


class TruePositives(_Count):
    """Number of positives predicted positive. thresholds: one or several, default 0.5."""

    _kind = "true_positives"


class FalsePositives(_Count):
    """Number of negatives predicted positive. thresholds: one or several, default 0.5."""

    _kind = "false_positives"


class TrueNegatives(_Count):
    """Number of negatives predicted negative. thresholds: one or several, default 0.5."""

    _kind = "true_negatives"


class FalseNegatives(_Count):
    """Number of positives predicted negative. thresholds: one or several, default 0.5."""

    _kind = "false_negatives"


class _Share(_Decisions):
    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(thresholds, top_k, class_id, name, dtype)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"thresholds": self._given, "top_k": self.top_k, "class_id": self.class_id}


class Precision(_Share):
    """TP / (TP + FP): how many of those predicted positive are.

    thresholds: one or several, default 0.5. top_k: count only the k largest predictions of a sample as positive.
    class_id: look at this class only.
    """

    def result(self) -> Any:
        """The share, one a threshold; 0 where nothing was predicted positive."""
        return self._ratio(self.true_positives, self.false_positives)


class Recall(_Share):
    """TP / (TP + FN): how many of the positives are found. Arguments as those of Precision."""

    def result(self) -> Any:
        """The share, one a threshold; 0 where nothing is positive."""
        return self._ratio(self.true_positives, self.false_negatives)


class AUC(_Decisions):
    """Area under the curve of decisions at many thresholds.

    num_thresholds: default 200, evenly between 0 and 1. curve: "ROC" (default) or "PR". summation_method:
    "interpolation" (default; for PR after Davis and Goadrich, ICML 2006), "minoring" or "majoring". thresholds: own "
    "ones
    between 0 and 1. from_logits: apply the sigmoid to the predictions first, default False.
    """

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
        if summation_method not in ("interpolation", "minoring", "majoring"):
            raise ValueError(
                f"AUC: summation_method must be 'interpolation', 'minoring' or 'majoring', got {summation_method!r}"
            )
        if thresholds is None and num_thresholds < 2:
            raise ValueError(f"AUC: num_thresholds must be at least 2, got {num_thresholds}")
        inner = np.linspace(0, 1, num_thresholds)[1:-1] if thresholds is None else np.sort(np.asarray(thresholds))
        super().__init__(None, None, None, name or "auc", dtype)
        margin = config.epsilon()
        self.thresholds = np.concatenate([[-margin], inner, [1 + margin]])
        self.num_thresholds = len(self.thresholds)
        self.curve = curve
        self.summation_method = summation_method
        self.from_logits = from_logits
        self._own_thresholds = None if thresholds is None else [float(t) for t in inner]

    def _count(self, true: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> None:
        if self.from_logits:
            predicted = 1 / (1 + np.exp(-predicted.astype(np.float64)))
        super()._count(true, predicted, weight)

    def result(self) -> float:
        """The area, between 0 and 1."""
        tp, fp = self.true_positives, self.false_positives
        tn, fn = self.true_negatives, self.false_negatives
        if np.ndim(tp) == 0:
            return 0.0
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _interpolated_pr_area(tp, fp, fn)
        recall = self._ratio(tp, fn)
        x, y = (self._ratio(fp, tn), recall) if self.curve == "ROC" else (recall, self._ratio(tp, fp))
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2
        else:
            heights = (np.minimum if self.summation_method == "minoring" else np.maximum)(y[:-1], y[1:])
        return float(((x[:-1] - x[1:]) * heights).sum())

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "thresholds": self._own_thresholds,
            "from_logits": self.from_logits,
        }


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
    ratio = np.where(both, quotient(positive[:-1], positive[1:]), 1.0)
    return float(quotient(slope * (d_tp + intercept * np.log(ratio)), tp[1:] + fn[1:]).sum())
