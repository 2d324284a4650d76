"""What all losses share: per-sample values, masks, sample weights, reduction to a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import ops
from recurra.layers.masks import mask_of
from recurra.tensor import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from typing_extensions import Self

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


def squeeze_or_expand(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both with the same number of axes, where they differ by a last axis of extent 1."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, ops.expand_dims(b, -1)) if b.ndim == 1 else (ops.squeeze(a, -1), b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (ops.expand_dims(a, -1), b) if a.ndim == 1 else (a, ops.squeeze(b, -1))
    return a, b


def floating(y_pred: ArrayLike | Tensor) -> Tensor:
    """Predictions as a tensor of floating-point numbers."""
    tensor: Tensor = ops.convert_to_tensor(y_pred)
    return tensor if tensor.dtype.startswith("float") else ops.cast(tensor, "float32")


def aligned(y_true: ArrayLike | Tensor, y_pred: ArrayLike | Tensor, who: str) -> tuple[Tensor, Tensor]:
    """Targets and predictions with the same dtype and shape.

    Raises ValueError if the shapes differ by more than a last axis of extent 1.
    """
    predictions = floating(y_pred)
    targets: Tensor = ops.convert_to_tensor(y_true)
    if targets.dtype != predictions.dtype:
        targets = ops.cast(targets, predictions.dtype)
    if targets.shape != predictions.shape:
        given = tuple(targets.shape), tuple(predictions.shape)
        targets, predictions = squeeze_or_expand(targets, predictions)
        if targets.shape != predictions.shape:
            raise ValueError(f"{who}: the targets have shape {given[0]}, the predictions {given[1]}; they must match")
    return targets, predictions


def reduce_weighted(
    values: Tensor,
    sample_weight: ArrayLike | Tensor | None = None,
    mask: ArrayLike | Tensor | None = None,
    reduction: str | None = "sum_over_batch_size",
) -> Tensor:
    """The values times weights and mask, reduced.

    A mask leaves out values: their mean is taken over the rest, a sum skips them. Weights multiply the values and do
    not change what a mean divides by, except for "mean_with_sample_weight", which divides by the sum of the weights.
    """
    weight = None if sample_weight is None else np.asarray(sample_weight, values.dtype)
    if mask is not None:
        kept = np.asarray(mask).astype(values.dtype)
        if reduction in ("mean", "sum_over_batch_size"):
            kept *= kept.size / max(float(kept.sum()), 1.0)
        weight = kept if weight is None else _array_product(weight, kept)
    if weight is not None:
        values, weights = squeeze_or_expand(values, ops.convert_to_tensor(weight))
        if weights.ndim < values.ndim:
            weights = ops.reshape(weights, tuple(weights.shape) + (1,) * (values.ndim - weights.ndim))
        values = values * weights
    if reduction in (None, "none") or values.ndim == 0:
        return values
    if values.size == 0:
        return ops.sum(values)
    if reduction == "sum":
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and weight is not None:
        total = float(np.sum(weight))
        mean: Tensor = ops.sum(values) * (1.0 / total if total else 0.0)
        return mean
    return ops.mean(values)


def _array_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a · b where one may lack the last axes of the other."""
    rank = max(a.ndim, b.ndim)
    product: np.ndarray = a.reshape(a.shape + (1,) * (rank - a.ndim)) * b.reshape(b.shape + (1,) * (rank - b.ndim))
    return product


class Loss:
    """A number to make small, from targets and predictions.

    reduction: how the values of the samples become one number: "sum_over_batch_size" (their mean; default), "mean",
        "sum", "mean_with_sample_weight" (divided by the sum of the weights), "none" or None (no reduction).
    name: shown where the loss is reported.

    A loss of your own is a subclass that defines `call(y_true, y_pred)`, one value a sample.
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: str | None = None
    ) -> None:
        if reduction not in REDUCTIONS:
            raise ValueError(f"{type(self).__name__}: reduction must be one of {REDUCTIONS}, got {reduction!r}")
        self.name = name or type(self).__name__.lower()
        self.reduction = reduction
        self.dtype = dtype

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """One value a sample (or a time step); defined by each loss."""
        raise TypeError(f"{type(self).__name__} does not define call(y_true, y_pred)")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: ArrayLike | Tensor | None = None) -> Tensor:
        """The loss of a batch: a scalar, unless the reduction is "none".

        sample_weight: one weight a sample, or a time step; default 1 each. The mask of `y_pred` leaves out padding.
        """
        mask = mask_of(y_pred)
        values = self.call(y_true, y_pred)
        own = mask_of(values)
        if own is not None:
            mask = own if mask is None else ops.logical_and(mask, own)
        return reduce_weighted(values, sample_weight, mask, self.reduction)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {"name": self.name, "reduction": self.reduction, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The loss with these arguments."""
        return cls(**config)


class FunctionLoss(Loss):
    """A loss from a function of (y_true, y_pred) that gives one value a sample; `arguments` are passed on by name."""

    def __init__(
        self,
        function: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: str | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(name or getattr(function, "__name__", type(function).__name__), reduction, dtype)
        self.function = function
        self.arguments = arguments

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        values: Tensor = self.function(y_true, y_pred, **self.arguments)
        return values

    def get_config(self) -> dict[str, Any]:
        own = {} if type(self) is not FunctionLoss else {"function": self.function}
        return super().get_config() | own | self.arguments
