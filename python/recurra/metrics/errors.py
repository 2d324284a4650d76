"""Losses as metrics, and figures derived from them."""

from __future__ import annotations

import math
from typing import Any

from recurra import losses
from recurra.agreement import VECTORS
from recurra.checks import whole_number
from recurra.metrics.metric import MeanMetricWrapper


class _MeanLoss(MeanMetricWrapper):
    direction = "min"


class MeanSquaredError(_MeanLoss):
    """Mean of (y − ŷ)².

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> round(recurra.metrics.MeanSquaredError()([0.0, 2.0], [1.0, 5.0]), 4)
        5.0
    """

    def __init__(self, name: str = "mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


class MeanAbsoluteError(_MeanLoss):
    """Mean of |y − ŷ|.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> round(recurra.metrics.MeanAbsoluteError()([0.0, 2.0], [1.0, 5.0]), 4)
        2.0
    """

    def __init__(self, name: str = "mean_absolute_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(_MeanLoss):
    """100 · mean of |y − ŷ| / max(|y|, ε), ε = config.epsilon().

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> round(recurra.metrics.MeanAbsolutePercentageError()([1.0, 2.0], [2.0, 3.0]), 4)
        75.0
    """

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(_MeanLoss):
    """Mean of (log(1 + y) − log(1 + ŷ))².

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> round(recurra.metrics.MeanSquaredLogarithmicError()([0.0], [0.0]), 4)
        0.0
    """

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


class LogCoshError(_MeanLoss):
    """Mean of log cosh(ŷ − y).

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> round(recurra.metrics.LogCoshError()([0.0], [0.0]), 4)
        0.0
    """

    def __init__(self, name: str = "logcosh", dtype: str | None = None) -> None:
        super().__init__(losses.log_cosh, name, dtype)


def _cosine(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    return -losses.cosine_similarity(y_true, y_pred, axis=axis)


_cosine.target_kind = VECTORS  # type: ignore[attr-defined]


class CosineSimilarity(_MeanLoss):
    """Mean cosine of the angle between y and ŷ: 1 for equal directions (the loss has the other sign).

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.
        axis: Axis of the vectors, default −1.

    Example:
        >>> round(recurra.metrics.CosineSimilarity()([[1.0, 0.0]], [[3.0, 4.0]]), 4)
        0.6
    """

    direction = "max"

    def __init__(self, name: str = "cosine_similarity", dtype: str | None = None, axis: int = -1) -> None:
        super().__init__(_cosine, name, dtype, axis=whole_number(axis, "CosineSimilarity", "axis", None))


class Hinge(_MeanLoss):
    """Mean of max(1 − y ŷ, 0), y −1 and 1, or 0 and 1.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> round(recurra.metrics.Hinge()([0.0, 1.0], [0.5, 0.5]), 4)
        1.0
    """

    def __init__(self, name: str = "hinge", dtype: str | None = None) -> None:
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(_MeanLoss):
    """Mean of max(1 − y ŷ, 0)², y −1 and 1, or 0 and 1.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> round(recurra.metrics.SquaredHinge()([0.0, 1.0], [0.5, 0.5]), 4)
        1.25
    """

    def __init__(self, name: str = "squared_hinge", dtype: str | None = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(_MeanLoss):
    """Mean of max(max((1 − y) ŷ) − sum(y ŷ) + 1, 0), y one-hot.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> round(recurra.metrics.CategoricalHinge()([[0.0, 1.0]], [[0.25, 0.5]]), 4)
        0.75
    """

    def __init__(self, name: str = "categorical_hinge", dtype: str | None = None) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)


class KLDivergence(_MeanLoss):
    """Mean Kullback-Leibler divergence: sum y log(y / ŷ).

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> round(recurra.metrics.KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 4)
        0.1438
    """

    def __init__(self, name: str = "kl_divergence", dtype: str | None = None) -> None:
        super().__init__(losses.kl_divergence, name, dtype)


class Poisson(_MeanLoss):
    """Mean of ŷ − y log ŷ.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> round(recurra.metrics.Poisson()([2.0], [1.0]), 4)
        1.0
    """

    def __init__(self, name: str = "poisson", dtype: str | None = None) -> None:
        super().__init__(losses.poisson, name, dtype)


class BinaryCrossentropy(_MeanLoss):
    """Mean of −y log p − (1 − y) log(1 − p).

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.
        from_logits: Whether the predictions are the numbers before the sigmoid; default False.
        label_smoothing: As for the loss, default 0.

    Example:
        >>> round(recurra.metrics.BinaryCrossentropy()([1.0, 0.0], [0.5, 0.5]), 4)
        0.6931
    """

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


class CategoricalCrossentropy(_MeanLoss):
    """Mean of −sum y log p, y one-hot.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.
        from_logits: Whether the predictions are the numbers before the softmax; default False.
        label_smoothing: As for the loss, default 0.
        axis: Axis of the classes, default −1.

    Example:
        >>> round(recurra.metrics.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]), 4)
        0.6931
    """

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


class SparseCategoricalCrossentropy(_MeanLoss):
    """Mean of −log p[y], y class numbers.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.
        from_logits: Whether the predictions are the numbers before the softmax; default False.
        ignore_class: Samples of this class do not count, as in the loss (Keras's metric without weights counts them as
            0); default None.
        axis: Axis of the classes, default −1.

    Example:
        >>> round(recurra.metrics.SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]), 4)
        0.6931
    """

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: str | None = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            losses.sparse_categorical_crossentropy,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


class RootMeanSquaredError(_MeanLoss):
    """Root of the mean of (y − ŷ)² over everything collected.

    Args:
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Example:
        >>> recurra.metrics.RootMeanSquaredError()([0.0, 0.0], [3.0, 3.0])
        3.0
    """

    def __init__(self, name: str = "root_mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)

    def result(self) -> float:
        return math.sqrt(super().result())


class Perplexity(_MeanLoss):
    """exp of the mean of −log p[y]: among how many equally likely classes the model hesitates.

    Every time step counts once, weighted; padding (the mask of the predictions) and the class `mask_token_id` are left
    out.

    Args:
        from_logits: Whether the predictions are the numbers before the softmax; default False.
        mask_token_id: Class that stands for padding; default None.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Input shape:
        Class numbers (N, T), predictions (N, T, C).

    Example:
        >>> round(recurra.metrics.Perplexity()([[1, 0]], [[[0.25, 0.25, 0.5], [0.25, 0.25, 0.5]]]), 4)
        4.0
    """

    def __init__(
        self,
        from_logits: bool = False,
        mask_token_id: int | None = None,
        name: str = "perplexity",
        dtype: str | None = None,
    ) -> None:
        super().__init__(
            losses.sparse_categorical_crossentropy, name, dtype, from_logits=from_logits, ignore_class=mask_token_id
        )
        self.mask_token_id = mask_token_id

    def result(self) -> float:
        if not self.count:
            return 0.0
        mean = super().result()
        return math.exp(mean) if mean < 700 else math.inf if mean == mean else mean


class BitsPerCharacter(Perplexity):
    """Mean of −log₂ p[y]: bits that each character costs, the base-2 logarithm of `Perplexity`.

    Every time step counts once, weighted; padding (the mask of the predictions) and the class `mask_token_id` are left
    out.

    Args:
        from_logits: Whether the predictions are the numbers before the softmax; default False.
        mask_token_id: Class that stands for padding; default None.
        name: Name in the figures.
        dtype: Stored for Keras's sake.

    Input shape:
        Class numbers (N, T), predictions (N, T, C).

    Example:
        >>> round(recurra.metrics.BitsPerCharacter()([[1, 0]], [[[0.25, 0.25, 0.5], [0.25, 0.25, 0.5]]]), 4)
        2.0
    """

    def __init__(
        self,
        from_logits: bool = False,
        mask_token_id: int | None = None,
        name: str = "bits_per_character",
        dtype: str | None = None,
    ) -> None:
        super().__init__(from_logits, mask_token_id, name, dtype)

    def result(self) -> float:
        return self.total / self.count / math.log(2) if self.count else 0.0
