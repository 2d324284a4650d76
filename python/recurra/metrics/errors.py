"""Losses as metrics, and figures derived from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from recurra import losses
from recurra.layers.masks import mask_of
from recurra.metrics.metric import Mean, MeanMetricWrapper, host, squeeze_or_expand, weights_and_mask
from recurra.tensor import no_grad


class MeanSquaredError(MeanMetricWrapper):
    """mean (y − ŷ)²."""

    def __init__(self, name: str = "mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """mean |y − ŷ|."""

    def __init__(self, name: str = "mean_absolute_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """100 · mean |y − ŷ| / |y|."""

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """mean (log(1 + y) − log(1 + ŷ))²."""

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


class LogCoshError(MeanMetricWrapper):
    """mean log cosh(ŷ − y)."""

    def __init__(self, name: str = "logcosh", dtype: str | None = None) -> None:
        super().__init__(losses.log_cosh, name, dtype)


def _cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    return -losses.cosine_similarity(y_true, y_pred, axis=axis)


class CosineSimilarity(MeanMetricWrapper):
    """mean cos of the angle between y and ŷ along `axis`: 1 for equal directions (the loss has the other sign)."""

    def __init__(self, name: str = "cosine_similarity", dtype: str | None = None, axis: int = -1) -> None:
        super().__init__(_cosine, name, dtype, axis=axis)


class Hinge(MeanMetricWrapper):
    """mean max(1 − y ŷ, 0)."""

    def __init__(self, name: str = "hinge", dtype: str | None = None) -> None:
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(MeanMetricWrapper):
    """mean max(1 − y ŷ, 0)²."""

    def __init__(self, name: str = "squared_hinge", dtype: str | None = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(MeanMetricWrapper):
    """mean max(max((1 − y) ŷ) − sum(y ŷ) + 1, 0)."""

    def __init__(self, name: str = "categorical_hinge", dtype: str | None = None) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)


class KLDivergence(MeanMetricWrapper):
    """sum y log(y / ŷ), averaged."""

    def __init__(self, name: str = "kl_divergence", dtype: str | None = None) -> None:
        super().__init__(losses.kl_divergence, name, dtype)


class Poisson(MeanMetricWrapper):
    """mean ŷ − y log ŷ."""

    def __init__(self, name: str = "poisson", dtype: str | None = None) -> None:
        super().__init__(losses.poisson, name, dtype)


class BinaryCrossentropy(MeanMetricWrapper):
    """mean −y log p − (1 − y) log(1 − p); arguments as those of the loss."""

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(
            losses.binary_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=label_smoothing
        )


class CategoricalCrossentropy(MeanMetricWrapper):
    """mean −sum y log p; arguments as those of the loss."""

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        super().__init__(
            losses.categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """mean −log p[y]; arguments as those of the loss."""

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(losses.sparse_categorical_crossentropy, name, dtype, from_logits=from_logits, axis=axis)


class RootMeanSquaredError(Mean):
    """√(mean (y − ŷ)²) over everything collected."""

    def __init__(self, name: str = "root_mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Adds a batch of targets and predictions."""
        true, predicted = squeeze_or_expand(host(y_true), host(y_pred))
        super().update_state(np.square(predicted - true), sample_weight)

    def result(self) -> float:
        return math.sqrt(super().result())


class Perplexity(Mean):
    """exp of the mean of −log p[y]: among how many equally likely classes the model hesitates.

    Every time step counts once, weighted; padding (the mask of `y_pred`) and the class `mask_token_id` are left out.

    from_logits: predictions are before the softmax; default False. mask_token_id: default None.
    """

    def __init__(
        self,
        from_logits: bool = False,
        mask_token_id: int | None = None,
        name: str = "perplexity",
        dtype: str | None = None,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.mask_token_id = mask_token_id

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Adds a batch of class numbers and predictions."""
        labels = host(y_true)
        weight = weights_and_mask(sample_weight, mask_of(y_pred))
        if self.mask_token_id is not None:
            labels = labels[..., 0] if labels.ndim == np.ndim(y_pred) else labels
            weight = weights_and_mask(weight, labels != self.mask_token_id)
            labels = np.where(labels == self.mask_token_id, 0, labels)
        with no_grad():
            values = losses.sparse_categorical_crossentropy(labels, y_pred, from_logits=self.from_logits).numpy()
        flat = (
            np.ones(values.shape)
            if weight is None
            else np.broadcast_to(weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim)), values.shape)
        )
        super().update_state(values.reshape(-1), flat.reshape(-1))

    def result(self) -> float:
        return math.exp(super().result()) if self.count else 0.0

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"from_logits": self.from_logits, "mask_token_id": self.mask_token_id}
