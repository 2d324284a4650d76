"""The best of one figure of decisions over all thresholds at which another one is high enough."""

from __future__ import annotations

import numpy as np

from recurra import config
from recurra.checks import number, whole_number
from recurra.metrics.confusion import Decisions, ratio


class _AtValue(Decisions):
    """Evenly spaced thresholds; predictions of 0 lie above the lowest one."""

    direction = "max"

    def __init__(
        self,
        argument: str,
        value: float,
        num_thresholds: int,
        class_id: int | None,
        name: str | None,
        dtype: str | None,
    ) -> None:
        who = type(self).__name__
        count = whole_number(num_thresholds, who, "num_thresholds")
        setattr(self, argument, number(value, who, argument, 0, 1))
        super().__init__(None, None, class_id, name, dtype)
        self.num_thresholds = count
        self.thresholds = np.array([0.5]) if count == 1 else np.linspace(0, 1, count)
        if count > 1:
            self.thresholds[0] = -config.epsilon()

    def _sensitivity(self) -> np.ndarray:
        return ratio(self.true_positives, self.false_negatives)

    def _specificity(self) -> np.ndarray:
        return ratio(self.true_negatives, self.false_positives)

    def _precision(self) -> np.ndarray:
        return ratio(self.true_positives, self.false_positives)


def _best(figure: np.ndarray, other: np.ndarray, least: float) -> float:
    return float(np.max(np.where(other >= least, figure, 0.0), initial=0.0))


class SensitivityAtSpecificity(_AtValue):
    """Largest share of positives found, TP / (TP + FN), where TN / (TN + FP) is high enough.

    Args:
        specificity: Least TN / (TN + FP), between 0 and 1.
        num_thresholds: Evenly between 0 and 1, default 200; a single one is 0.5.
        class_id: Look at this class only.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Raises:
        ValueError: An argument has no such value.

    Example:
        >>> recurra.metrics.SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
        0.5
    """

    specificity: float

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__("specificity", specificity, num_thresholds, class_id, name, dtype)

    def result(self) -> float:
        """The share, between 0 and 1; 0 if no threshold is good enough."""
        return _best(self._sensitivity(), self._specificity(), self.specificity)


class SpecificityAtSensitivity(_AtValue):
    """Largest share of negatives recognised, TN / (TN + FP), where TP / (TP + FN) is high enough.

    Args:
        sensitivity: Least TP / (TP + FN), between 0 and 1.
        num_thresholds: Evenly between 0 and 1, default 200; a single one is 0.5.
        class_id: Look at this class only.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Raises:
        ValueError: An argument has no such value.

    Example:
        >>> score = recurra.metrics.SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
        >>> round(score, 4)
        0.6667
    """

    sensitivity: float

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__("sensitivity", sensitivity, num_thresholds, class_id, name, dtype)

    def result(self) -> float:
        """The share, between 0 and 1; 0 if no threshold is good enough."""
        return _best(self._specificity(), self._sensitivity(), self.sensitivity)


class PrecisionAtRecall(_AtValue):
    """Largest share of those predicted positive that are, TP / (TP + FP), where TP / (TP + FN) is high enough.

    Args:
        recall: Least TP / (TP + FN), between 0 and 1.
        num_thresholds: Evenly between 0 and 1, default 200; a single one is 0.5.
        class_id: Look at this class only.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Raises:
        ValueError: An argument has no such value.

    Example:
        >>> recurra.metrics.PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])
        0.5
    """

    recall: float

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__("recall", recall, num_thresholds, class_id, name, dtype)

    def result(self) -> float:
        """The share, between 0 and 1; 0 if no threshold is good enough."""
        return _best(self._precision(), self._sensitivity(), self.recall)


class RecallAtPrecision(_AtValue):
    """Largest share of positives found, TP / (TP + FN), where TP / (TP + FP) is high enough.

    Args:
        precision: Least TP / (TP + FP), between 0 and 1.
        num_thresholds: Evenly between 0 and 1, default 200; a single one is 0.5.
        class_id: Look at this class only.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Raises:
        ValueError: An argument has no such value.

    Example:
        >>> recurra.metrics.RecallAtPrecision(0.8)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9])
        0.5
    """

    precision: float

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__("precision", precision, num_thresholds, class_id, name, dtype)

    def result(self) -> float:
        """The share, between 0 and 1; 0 if no threshold is good enough."""
        return _best(self._sensitivity(), self._precision(), self.precision)
