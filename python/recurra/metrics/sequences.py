"""Figures of whole sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import agreement
from recurra.agreement import CLASS_NUMBERS, host
from recurra.metrics.metric import Metric


class SequenceAccuracy(Metric):
    """Share of sequences whose every step is right: the largest element of the prediction is the target's class.

    Steps that the mask of the predictions leaves out, and steps with weight 0, do not count; sequences without a step
    that counts do not either. A sequence has the largest weight of its steps. With a decoder that is given the true
    tokens before each step this is also the share of whole answers that greedy search gets right: up to its first
    error both see the same.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> scores = np.eye(3)[[[1, 2], [0, 1]]]
        >>> recurra.metrics.SequenceAccuracy()([[1, 2], [0, 2]], scores)
        0.5
    """

    direction = "max"
    target_kind = CLASS_NUMBERS
    _sums = ("total", "count")
    total: float
    count: float

    def __init__(self, name: str = "sequence_accuracy", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        Args:
            y_true: Class numbers (batch, steps).
            y_pred: Probabilities or logits (batch, steps, classes).
            sample_weight: One weight per sequence, or per step; default 1 each.

        Raises:
            ValueError: The shapes do not agree.
        """
        true, predicted, weight, mask = agreement.of_batch(
            y_true, y_pred, sample_weight, CLASS_NUMBERS, self.name, columns=True
        )
        right = host(predicted).argmax(axis=-1) == host(true)
        if right.ndim < 2:
            raise ValueError(
                f"{self.name}: expected predictions (batch, steps, classes), got shape {agreement.shape_of(y_pred)}; "
                "use sparse_categorical_accuracy for single classes"
            )
        factors = np.ones(())
        if weight is not None:
            factors = agreement.weights_for(weight, right.shape, self.name).astype(np.float64)
        if mask is not None:
            factors = factors * agreement.weights_for(mask, right.shape, self.name, "the mask")
        of_steps = np.broadcast_to(factors, right.shape).reshape(len(right), -1)
        whole = (right.reshape(len(right), -1) | (of_steps == 0)).all(axis=1)
        of_sequences = of_steps.max(axis=1, initial=0.0)
        self.total += float((whole * of_sequences).sum())
        self.count += float(of_sequences.sum())

    def result(self) -> float:
        """The share so far; 0 if nothing was collected."""
        return self.total / self.count if self.count else 0.0
