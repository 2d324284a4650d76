"""Weights of samples from the weights of their classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from recurra import config
from recurra.models.data.arrays import Batch


def weights_of_classes(y: Any, class_weight: Mapping[int, float]) -> np.ndarray:
    """One weight a sample by its class: whole numbers, one-hot rows, or 0/1 columns."""
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels.argmax(-1) if labels.shape[-1] > 1 else np.round(labels[..., 0])
    return _look_up(np.round(labels).astype(np.int64), class_weight)


def _look_up(labels: np.ndarray, class_weight: Mapping[int, float]) -> np.ndarray:
    classes, places = np.unique(labels, return_inverse=True)
    weights = np.array([float(class_weight.get(int(c), 1.0)) for c in classes], config.floatx())
    return weights[places].reshape(labels.shape)


def with_class_weight(class_weight: Mapping[int, float] | None) -> Callable[[Batch], Batch] | None:
    """A function that multiplies the weights of a batch by those of its classes."""
    if class_weight is None:
        return None
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"class_weight: expected a dictionary of class to weight, got {type(class_weight).__name__}")

    def weigh(batch: Batch) -> Batch:
        x, y, weight = batch
        if y is None or isinstance(y, (list, tuple, dict)):
            raise ValueError("class_weight needs a model with one output and its targets; use sample_weight instead")
        by_class = weights_of_classes(y, class_weight)
        return x, y, by_class if weight is None else by_class * weight

    return weigh
