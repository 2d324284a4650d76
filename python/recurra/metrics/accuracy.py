"""Share of predictions that are right. The functions give 1 or 0 for each sample."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from recurra import agreement
from recurra.agreement import CLASS_NUMBERS, ELEMENTS, ONE_HOT, host
from recurra.checks import number, whole_number
from recurra.metrics.metric import MeanMetricWrapper, warn_of_logits

Accuracies = Callable[..., np.ndarray]


def _takes(kind: str) -> Callable[[Accuracies], Accuracies]:
    """Decorator of a function of (y_true, y_pred): it gets arrays in agreeing shapes, and returns 0 or 1."""

    def decorate(function: Accuracies) -> Accuracies:
        @wraps(function)
        def wrapped(y_true: Any, y_pred: Any, *args: Any, **kwargs: Any) -> np.ndarray:
            true, predicted = host(y_true), host(y_pred)
            shapes = agreement.agreed_shapes(true.shape, predicted.shape, kind, function.__name__)
            right = function(true.reshape(shapes[0]), predicted.reshape(shapes[1]), *args, **kwargs)
            return right.astype(np.float32)

        wrapped.target_kind = kind  # type: ignore[attr-defined]
        wrapped.direction = "max"  # type: ignore[attr-defined]
        return wrapped

    return decorate


@_takes(ELEMENTS)
def accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """1 where target and prediction are equal.

    Example:
        >>> recurra.metrics.accuracy([1, 2, 3], [1, 2, 4])
        array([1., 1., 0.], dtype=float32)
    """
    return np.asarray(y_true == y_pred)


@_takes(ELEMENTS)
def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> np.ndarray:
    """1 where (ŷ > threshold) equals y.

    Example:
        >>> recurra.metrics.binary_accuracy([1, 0, 0], [0.9, 0.1, 0.8])
        array([1., 1., 0.], dtype=float32)
    """
    return np.asarray((y_pred > threshold) == y_true)


@_takes(ONE_HOT)
def categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """1 where the largest element of the prediction stands where that of the one-hot target does.

    Example:
        >>> recurra.metrics.categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]])
        array([1., 0.], dtype=float32)
    """
    return np.asarray(y_true.argmax(-1) == y_pred.argmax(-1))


@_takes(CLASS_NUMBERS)
def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """1 where the largest element of the prediction is the class that the target names.

    Example:
        >>> recurra.metrics.sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.3, 0.7]])
        array([1., 0.], dtype=float32)
    """
    return np.asarray(y_pred.argmax(-1) == y_true)


def _among_top(labels: np.ndarray, predicted: np.ndarray, k: int) -> np.ndarray:
    labels = labels.astype(np.int64)
    inside = (labels >= 0) & (labels < predicted.shape[-1])
    chosen = np.take_along_axis(predicted, np.where(inside, labels, 0)[..., None], axis=-1)
    return np.asarray(inside & ((predicted > chosen).sum(-1) < k) & np.isfinite(chosen[..., 0]))


@_takes(CLASS_NUMBERS)
def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> np.ndarray:
    """1 where fewer than k classes have a larger prediction than the class that the target names.

    Example:
        >>> recurra.metrics.sparse_top_k_categorical_accuracy([1, 2], [[0.6, 0.3, 0.1], [0.6, 0.3, 0.1]], k=2)
        array([1., 0.], dtype=float32)
    """
    return _among_top(y_true, y_pred, k)


@_takes(ONE_HOT)
def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> np.ndarray:
    """1 where fewer than k classes have a larger prediction than the class of the one-hot target.

    Example:
        >>> recurra.metrics.top_k_categorical_accuracy([[0, 1, 0]], [[0.6, 0.3, 0.1]], k=2)
        array([1.], dtype=float32)
    """
    return _among_top(y_true.argmax(-1), y_pred, k)


class _MeanMatch(MeanMetricWrapper):
    direction = "max"


class Accuracy(_MeanMatch):
    """Share of predictions equal to their target.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> recurra.metrics.Accuracy()([1, 2, 3, 4], [1, 2, 3, 5])
        0.75
    """

    def __init__(self, name: str = "accuracy", dtype: str | None = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(_MeanMatch):
    """Share of predictions on the right side of a threshold.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.
        threshold: Predictions above it mean 1; between 0 and 1, default 0.5.

    Raises:
        ValueError: The threshold is not between 0 and 1.

    Example:
        >>> recurra.metrics.BinaryAccuracy()([1, 1, 0, 0], [0.98, 1.0, 0.0, 0.6])
        0.75
    """

    def __init__(self, name: str = "binary_accuracy", dtype: str | None = None, threshold: float = 0.5) -> None:
        threshold = number(threshold, "BinaryAccuracy", "threshold")
        if not 0 < threshold < 1:
            raise ValueError(f"BinaryAccuracy: threshold must be between 0 and 1, got {threshold}")
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)
        self._looked = False

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        if not self._looked:
            self._looked = True
            predicted, mask = host(y_pred), agreement.mask_array(y_pred)
            warn_of_logits(self.name, predicted if mask is None else predicted[mask])
        super().update_state(y_true, y_pred, sample_weight)


class CategoricalAccuracy(_MeanMatch):
    """Share of samples whose most likely class is right, for one-hot targets.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> recurra.metrics.CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]])
        0.5
    """

    def __init__(self, name: str = "categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(_MeanMatch):
    """Share of samples whose most likely class is right, for targets that are class numbers.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> recurra.metrics.SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.3, 0.7]])
        0.5
    """

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(_MeanMatch):
    """Share of samples whose class is among the k most likely, for one-hot targets.

    Args:
        k: Default 5.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> recurra.metrics.TopKCategoricalAccuracy(k=1)([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]])
        0.5
    """

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=whole_number(k, "TopKCategoricalAccuracy", "k"))


class SparseTopKCategoricalAccuracy(_MeanMatch):
    """Share of samples whose class is among the k most likely, for targets that are class numbers.

    Args:
        k: Default 5.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> recurra.metrics.SparseTopKCategoricalAccuracy(k=1)([1, 0], [[0.2, 0.8], [0.3, 0.7]])
        0.5
    """

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: str | None = None) -> None:
        k = whole_number(k, "SparseTopKCategoricalAccuracy", "k")
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k)
