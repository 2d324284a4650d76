"""Counts of right and wrong decisions, and what is made of them: precision and recall."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from recurra.agreement import VECTORS, host, shape_of
from recurra.checks import whole_number
from recurra.metrics.metric import TargetMetric, warn_of_logits

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def confusion_matrix(
    labels: ArrayLike, predictions: ArrayLike, num_classes: int | None = None, weights: ArrayLike | None = None
) -> np.ndarray:
    """Counts of samples by class (row) and predicted class (column).

    Args:
        labels: Class numbers, shape (N,).
        predictions: Predicted class numbers, shape (N,).
        num_classes: Default the largest number + 1.
        weights: One weight per sample; default 1 each.

    Returns:
        Array of shape (num_classes, num_classes).

    Raises:
        ValueError: A number is no class, or the lengths differ.

    Example:
        >>> recurra.metrics.confusion_matrix([0, 1, 1], [0, 1, 0])
        array([[1, 0],
               [1, 1]])
    """
    true, predicted = host(labels).ravel(), host(predictions).ravel()
    if true.shape != predicted.shape:
        raise ValueError(f"confusion_matrix: got {true.size} labels and {predicted.size} predictions")
    if num_classes is not None:
        count = whole_number(num_classes, "confusion_matrix", "num_classes")
    else:
        count = int(max(true.max(), predicted.max())) + 1 if true.size else 1
    for what, values in (("labels", true), ("predictions", predicted)):
        bad = values[(values < 0) | (values >= count) | (values != np.floor(values))]
        if bad.size:
            raise ValueError(f"confusion_matrix: {what} must be whole numbers from 0 to {count - 1}, got {bad[0]}")
    cells = true.astype(np.int64) * count + predicted.astype(np.int64)
    given = None if weights is None else host(weights).ravel()
    if given is not None and given.shape != true.shape:
        raise ValueError(f"confusion_matrix: got {given.size} weights for {true.size} labels")
    return np.bincount(cells, given, count * count).reshape(count, count)


def _thresholds(given: float | Sequence[float] | None, default: float, who: str) -> np.ndarray:
    thresholds = np.atleast_1d(np.asarray(default if given is None else given, np.float64))
    if given is not None and not ((thresholds >= 0) & (thresholds <= 1)).all():
        raise ValueError(f"{who}: thresholds must be between 0 and 1, got {given}")
    return thresholds


class Decisions(TargetMetric):
    """Counts of decisions ŷ > threshold by what is true, for each threshold; NaN is above none of them."""

    _sums: ClassVar[tuple[str, ...]] = ("true_positives", "false_positives", "true_negatives", "false_negatives")
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
        who = type(self).__name__
        self._given = thresholds
        self.thresholds = _thresholds(thresholds, 0.5 if top_k is None else -np.inf, who)
        self.top_k = None if top_k is None else whole_number(top_k, who, "top_k")
        self.class_id = None if class_id is None else whole_number(class_id, who, "class_id", 0)
        self._looked = thresholds is not None or top_k is not None

    def _arguments(self) -> dict[str, Any]:
        given = super()._arguments()
        return given | {"thresholds": self._given} if "thresholds" in given else given

    def _kind_of(self, y_pred: Any) -> str:
        """Where classes are looked at, the last axis stays theirs, even beside a weight for each single element."""
        of_classes = self.top_k is not None or self.class_id is not None
        return VECTORS if of_classes and len(shape_of(y_pred)) > 1 else self.target_kind

    def _add(self, true: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> None:
        if not self._looked:
            self._looked = True
            warn_of_logits(self.name, predicted, weight)
        for argument, least in (
            ("top_k", self.top_k),
            ("class_id", None if self.class_id is None else self.class_id + 1),
        ):
            if least is not None and least > predicted.shape[-1]:
                raise ValueError(
                    f"{self.name}: {argument}={getattr(self, argument)} asks for more classes than the predictions of "
                    f"shape {predicted.shape} have"
                )
        if self.top_k is not None:
            order = np.argsort(-predicted, axis=-1, kind="stable")[..., : self.top_k]
            chosen = np.zeros(predicted.shape, bool)
            np.put_along_axis(chosen, order, True, axis=-1)
            predicted = np.where(chosen, predicted, -np.inf)
        if self.class_id is not None:
            true, predicted, weight = (a[..., self.class_id] for a in (true, predicted, weight))
        self._count(true.ravel() != 0, predicted.ravel(), weight.ravel(), self.thresholds)

    def _count(self, true: np.ndarray, predicted: np.ndarray, weight: np.ndarray, thresholds: np.ndarray) -> None:
        if predicted.dtype.kind == "f":  # 0.2 as float32 is not above the threshold 0.2
            thresholds = thresholds.astype(predicted.dtype)
        order = np.argsort(thresholds, kind="stable")
        # How many of the ascending thresholds lie below a prediction: it is positive for exactly those.
        passed = np.searchsorted(thresholds[order], predicted, side="left")
        passed[np.isnan(predicted)] = 0

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
        return self._shown(ratio(part, rest))


def ratio(part: Any, rest: Any) -> np.ndarray:
    """part / (part + rest), 0 where both are."""
    part, whole = np.asarray(part, np.float64), np.asarray(part + rest, np.float64)
    return np.asarray(np.divide(part, whole, out=np.zeros_like(whole), where=whole != 0))


class _Count(Decisions):
    _kind = ""

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(thresholds, None, None, name or self._kind, dtype)

    def result(self) -> Any:
        """The count, one per threshold."""
        return self._shown(getattr(self, self._kind))


class TruePositives(_Count):
    """Number of positives predicted positive.

    Args:
        thresholds: One or several between 0 and 1; predictions above are positive. Default 0.5.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Raises:
        ValueError: A threshold is not between 0 and 1.

    Example:
        >>> recurra.metrics.TruePositives()([0, 1, 1], [0.9, 0.8, 0.1])
        1.0
    """

    _kind = "true_positives"
    direction = "max"


class FalsePositives(_Count):
    """Number of negatives predicted positive.

    Args:
        thresholds: One or several between 0 and 1; predictions above are positive. Default 0.5.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Raises:
        ValueError: A threshold is not between 0 and 1.

    Example:
        >>> recurra.metrics.FalsePositives()([0, 1, 1], [0.9, 0.8, 0.1])
        1.0
    """

    _kind = "false_positives"
    direction = "min"


class TrueNegatives(_Count):
    """Number of negatives predicted negative.

    Args:
        thresholds: One or several between 0 and 1; predictions above are positive. Default 0.5.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Raises:
        ValueError: A threshold is not between 0 and 1.

    Example:
        >>> recurra.metrics.TrueNegatives()([0, 0, 1], [0.9, 0.2, 0.1])
        1.0
    """

    _kind = "true_negatives"
    direction = "max"


class FalseNegatives(_Count):
    """Number of positives predicted negative.

    Args:
        thresholds: One or several between 0 and 1; predictions above are positive. Default 0.5.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Raises:
        ValueError: A threshold is not between 0 and 1.

    Example:
        >>> recurra.metrics.FalseNegatives()([0, 1, 1], [0.9, 0.8, 0.1])
        1.0
    """

    _kind = "false_negatives"
    direction = "min"


class _Share(Decisions):
    direction = "max"

    def __init__(
        self,
        thresholds: float | Sequence[float] | None = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(thresholds, top_k, class_id, name, dtype)


class Precision(_Share):
    """Share of those predicted positive that are: TP / (TP + FP).

    Args:
        thresholds: One or several between 0 and 1; predictions above are positive. Default 0.5.
        top_k: Count only the k largest predictions of a sample as positive, of equal ones the first.
        class_id: Look at this class only.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Raises:
        ValueError: A threshold is not between 0 and 1.

    Example:
        >>> recurra.metrics.Precision()([0, 1, 1], [0.9, 0.8, 0.1])
        0.5
    """

    def result(self) -> Any:
        """The share, one per threshold; 0 where nothing was predicted positive."""
        return self._ratio(self.true_positives, self.false_positives)


class Recall(_Share):
    """Share of the positives that are found: TP / (TP + FN).

    Args:
        thresholds: One or several between 0 and 1; predictions above are positive. Default 0.5.
        top_k: Count only the k largest predictions of a sample as positive, of equal ones the first.
        class_id: Look at this class only.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Raises:
        ValueError: A threshold is not between 0 and 1.

    Example:
        >>> recurra.metrics.Recall()([0, 1, 1, 1], [0.9, 0.8, 0.7, 0.1]).__round__(4)
        0.6667
    """

    def result(self) -> Any:
        """The share, one per threshold; 0 where nothing is positive."""
        return self._ratio(self.true_positives, self.false_negatives)
