"""The loss of quantiles (pinball loss; Koenker & Bassett, Regression Quantiles, 1978)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from recurra import ops
from recurra.agreement import ANY, ELEMENTS, shape_of
from recurra.checks import is_number, number
from recurra.losses.loss import Loss, floating, takes
from recurra.tensor import Tensor


def checked_quantiles(value: Any, owner: str, argument: str = "quantiles") -> tuple[float, ...]:
    """Quantiles as a tuple of ascending numbers between 0 and 1.

    Raises:
        ValueError: One lies outside (0, 1), they are not sorted, or there is none.
    """
    if not isinstance(value, (list, tuple, np.ndarray)) or not len(value):
        raise ValueError(f"{owner}: {argument} must be a list of numbers in (0, 1), got {value!r}")
    found = tuple(number(one, owner, argument, above=0, below=1) for one in value)
    if any(a >= b for a, b in pairwise(found)):
        raise ValueError(f"{owner}: {argument} must be sorted and different, got {list(found)}; sort them")
    return found


@takes(ELEMENTS)
def quantile_loss(y_true: Any, y_pred: Any, quantile: float = 0.5) -> Tensor:
    """mean max(q e, (q - 1) e) over the last axis, e = y − ŷ: smallest where ŷ is the quantile q of y.

    Args:
        y_true: y.
        y_pred: ŷ.
        quantile: q, between 0 and 1; default 0.5, half of the absolute error.

    Example:
        >>> recurra.losses.quantile_loss([[1.0], [1.0]], [[0.0], [3.0]], quantile=0.75).numpy()
        array([0.75, 0.5 ], dtype=float32)
    """
    error = y_true - y_pred
    return ops.mean(ops.maximum(error * quantile, error * (quantile - 1.0)), axis=-1)


class QuantileLoss(Loss):
    """Loss of one quantile, or of several side by side: the mean of max(q e, (q − 1) e), e = y − ŷ.

    Args:
        quantiles: q, a number; or an ascending list of Q numbers, then predictions have a last axis of Q, one for each,
            which targets do not have. Default 0.5, half of the absolute error.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        ValueError: A quantile lies outside (0, 1), they are not sorted, or predictions have no axis of Q.

    Example:
        >>> loss = recurra.losses.QuantileLoss([0.1, 0.5, 0.9])
        >>> loss(np.array([2.0]), np.array([[1.0, 2.0, 3.0]])).numpy().round(4)
        np.float64(0.0667)

    Source: Koenker & Bassett, Regression Quantiles, 1978.
    """

    def __init__(
        self,
        quantiles: float | Sequence[float] = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "quantile_loss",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        if is_number(quantiles):
            self.quantiles: float | list[float] = number(quantiles, "QuantileLoss", "quantiles", above=0, below=1)
            self.target_kind = ELEMENTS
        else:
            self.quantiles = list(checked_quantiles(quantiles, "QuantileLoss"))
            self.target_kind = ANY

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        if not isinstance(self.quantiles, list):
            return quantile_loss(y_true, y_pred, self.quantiles)
        predictions = floating(y_pred)
        targets = ops.cast(ops.convert_to_tensor(y_true), predictions.dtype)
        count = len(self.quantiles)
        if shape_of(predictions)[-1:] != (count,):
            raise ValueError(
                f"QuantileLoss: predictions must have a last axis of {count}, one for each quantile, got shape "
                f"{shape_of(predictions)}"
            )
        if shape_of(targets) != shape_of(predictions)[:-1]:
            targets = ops.reshape(targets, shape_of(predictions)[:-1])
        error = ops.expand_dims(targets, -1) - predictions
        q = np.array(self.quantiles, dtype=predictions.dtype)
        return ops.mean(ops.maximum(error * q, error * (q - 1.0)), axis=-1)
