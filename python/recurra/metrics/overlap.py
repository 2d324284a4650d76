"""How far predicted and true regions overlap: intersection over union, for each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra import agreement
from recurra.agreement import CLASS_NUMBERS, ELEMENTS, ONE_HOT, host
from recurra.checks import number, whole_number
from recurra.metrics.metric import Metric


class IoU(Metric):
    """Intersection over union, TP / (TP + FP + FN), as the mean over some classes.

    Elements whose target or prediction is no class do not count, classes that occur nowhere neither, as in Keras.
    Weights count as they are (Keras rounds them to whole numbers unless a dtype is given).

    Args:
        num_classes: Number of classes.
        target_class_ids: The classes whose mean is taken.
        name: Name in the figures.
        dtype: Stored for Keras's sake.
        ignore_class: Elements with this target do not count; default None.
        sparse_y_true: Whether targets are class numbers (default) or one-hot.
        sparse_y_pred: Whether predictions are class numbers (default) or one number for each class.
        axis: Axis of the classes where there is one, default −1.

    Raises:
        ValueError: An argument has no such value.

    Example:
        >>> recurra.metrics.IoU(2, [0])([0, 0, 1, 1], [0, 1, 0, 1]).__round__(4)
        0.3333
    """

    direction = "max"
    _sums = ("confusion",)
    confusion: Any

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        who = type(self).__name__
        self.num_classes = whole_number(num_classes, who, "num_classes")
        self.target_class_ids = [
            whole_number(i, who, "target_class_ids", 0, self.num_classes - 1) for i in target_class_ids
        ]
        super().__init__(name, dtype)
        self.ignore_class = None if ignore_class is None else whole_number(ignore_class, who, "ignore_class", None)
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = whole_number(axis, who, "axis", None)
        if sparse_y_pred:
            self.target_kind = ELEMENTS
        else:
            self.target_kind = CLASS_NUMBERS if sparse_y_true else ONE_HOT

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions; what their mask leaves out does not count.
            sample_weight: One weight per sample, or per element; default 1 each.

        Raises:
            ValueError: The shapes do not agree.
        """
        if self.sparse_y_pred and not self.sparse_y_true:
            y_true = host(y_true).argmax(axis=self.axis)
        true, predicted, weight, mask = agreement.of_batch(
            y_true, y_pred, sample_weight, self.target_kind, self.name, self.axis, columns=True
        )
        true, predicted = host(true), self._classes(host(predicted))
        if self.target_kind == ONE_HOT:
            true = true.argmax(axis=self.axis)
        factors = np.ones(())
        if weight is not None:
            factors = agreement.weights_for(weight, true.shape, self.name).astype(np.float64)
        if mask is not None:
            factors = factors * agreement.weights_for(mask, true.shape, self.name, "the mask")
        factors = np.broadcast_to(factors, true.shape)
        counted = (factors != 0) & (true >= 0) & (true < self.num_classes)
        counted &= (predicted >= 0) & (predicted < self.num_classes)
        if self.ignore_class is not None:
            counted &= true != self.ignore_class
        cells = true[counted].astype(np.int64) * self.num_classes + predicted[counted].astype(np.int64)
        counts = np.bincount(cells, factors[counted], self.num_classes**2)
        self.confusion = self.confusion + counts.reshape(self.num_classes, self.num_classes)

    def _classes(self, predicted: np.ndarray) -> np.ndarray:
        chosen: np.ndarray = predicted if self.sparse_y_pred else predicted.argmax(axis=self.axis)
        return chosen

    def result(self) -> float:
        """The mean over the classes that occur; 0 if none does."""
        if np.ndim(self.confusion) == 0:
            return 0.0
        both = np.diag(self.confusion)
        union = self.confusion.sum(axis=0) + self.confusion.sum(axis=1) - both
        both, union = both[self.target_class_ids], union[self.target_class_ids]
        occur = union > 0
        return float((both[occur] / union[occur]).mean()) if occur.any() else 0.0


class BinaryIoU(IoU):
    """Intersection over union of two classes, told apart by a threshold of the predictions.

    Args:
        target_class_ids: The classes whose mean is taken, default both.
        threshold: Predictions from it on are of class 1; default 0.5.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Raises:
        ValueError: An argument has no such value.

    Example:
        >>> recurra.metrics.BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7]).__round__(4)
        0.3333
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: str | None = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = number(threshold, "BinaryIoU", "threshold")

    def _classes(self, predicted: np.ndarray) -> np.ndarray:
        return (predicted >= self.threshold).astype(np.int64)


class MeanIoU(IoU):
    """Intersection over union, TP / (TP + FP + FN), as the mean over all classes that occur.

    Args:
        num_classes: Number of classes.
        name: Name in the figures.
        dtype: Stored for Keras's sake.
        ignore_class: As for `IoU`.
        sparse_y_true: As for `IoU`.
        sparse_y_pred: As for `IoU`.
        axis: As for `IoU`.

    Raises:
        ValueError: An argument has no such value.

    Example:
        >>> recurra.metrics.MeanIoU(2)([0, 0, 1, 1], [0, 1, 0, 1]).__round__(4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        count = whole_number(num_classes, type(self).__name__, "num_classes")
        super().__init__(count, range(count), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


class OneHotIoU(IoU):
    """`IoU` of one-hot targets and of predictions with one number for each class.

    Args:
        num_classes: Number of classes.
        target_class_ids: The classes whose mean is taken.
        name: Name in the figures.
        dtype: Stored for Keras's sake.
        ignore_class: As for `IoU`.
        sparse_y_pred: Whether predictions are class numbers; default False.
        axis: As for `IoU`.

    Raises:
        ValueError: An argument has no such value.

    Example:
        >>> recurra.metrics.OneHotIoU(2, [0])([[1, 0], [0, 1]], [[0.7, 0.3], [0.6, 0.4]])
        0.5
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot targets and of predictions with one number for each class.

    Args:
        num_classes: Number of classes.
        name: Name in the figures.
        dtype: Stored for Keras's sake.
        ignore_class: As for `IoU`.
        sparse_y_pred: Whether predictions are class numbers; default False.
        axis: As for `IoU`.

    Raises:
        ValueError: An argument has no such value.

    Example:
        >>> recurra.metrics.OneHotMeanIoU(2)([[1, 0], [0, 1]], [[0.7, 0.3], [0.6, 0.4]])
        0.25
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
