"""Share of predictions that are right. The functions give 1 or 0 for each sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.metrics.metric import MeanMetricWrapper, host, squeeze_or_expand


def _matches(right: np.ndarray) -> np.ndarray:
    return right.astype(np.float32)


def accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """1 where target and prediction are equal."""
    true, predicted = squeeze_or_expand(host(y_true), host(y_pred))
    return _matches(true == predicted)


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> np.ndarray:
    """1 where (ŷ > threshold) equals y."""
    true, predicted = squeeze_or_expand(host(y_true), host(y_pred))
    return _matches((predicted > threshold) == true)


def categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """1 where the largest element of the prediction stands where that of the one-hot target does."""
    return _matches(host(y_true).argmax(-1) == host(y_pred).argmax(-1))


def _labels(y_true: Any, predicted: np.ndarray) -> np.ndarray:
    labels = host(y_true)
    return labels[..., 0] if labels.ndim == predicted.ndim and labels.shape[-1] == 1 else labels


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> np.ndarray:
    """1 where the largest element of the prediction is the class that the target names."""
    predicted = host(y_pred)
    return _matches(predicted.argmax(-1) == _labels(y_true, predicted))


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> np.ndarray:
    """1 where fewer than k classes have a larger prediction than the class that the target names."""
    predicted = host(y_pred)
    labels = _labels(y_true, predicted).astype(np.int64)
    inside = (labels >= 0) & (labels < predicted.shape[-1])
    chosen = np.take_along_axis(predicted, np.where(inside, labels, 0)[..., None], axis=-1)
    return _matches(inside & ((predicted > chosen).sum(-1) < k) & np.isfinite(chosen[..., 0]))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> np.ndarray:
    """The same for one-hot targets."""
    return sparse_top_k_categorical_accuracy(host(y_true).argmax(-1), y_pred, k)


class Accuracy(MeanMetricWrapper):
    """Share of predictions equal to their target."""

    def __init__(self, name: str = "accuracy", dtype: str | None = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """Share of predictions on the right side of `threshold` (default 0.5)."""

    def __init__(self, name: str = "binary_accuracy", dtype: str | None = None, threshold: float = 0.5) -> None:
        if not 0 < threshold < 1:
            raise ValueError(f"BinaryAccuracy: threshold must be between 0 and 1, got {threshold}")
        super().__init__(binary_accuracy, name, dtype, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose most likely class is right, for one-hot targets."""

    def __init__(self, name: str = "categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose most likely class is right, for targets that are class numbers."""

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose class is among the k most likely (default 5), for one-hot targets."""

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """Share of samples whose class is among the k most likely (default 5), for targets that are class numbers."""

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype, k=k)
