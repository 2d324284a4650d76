"""Focal cross-entropies, which count easy samples less, and a cross-entropy for noisy labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recurra import config, ops
from recurra.agreement import CLASS_NUMBERS, ELEMENTS, ONE_HOT
from recurra.checks import is_number, number
from recurra.losses.loss import FunctionLoss, takes
from recurra.losses.probabilistic import smoothing, whole_labels
from recurra.tensor import Tensor


@takes(ELEMENTS)
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """mean of (1 − p_y)^γ · (−y log p − (1 − y) log(1 − p)) along `axis`, p_y = y p + (1 − y)(1 − p).

    Args:
        y_true: y, 0 or 1, or probabilities.
        y_pred: p, or logits.
        apply_class_balancing: Whether each value is multiplied by y α + (1 − y)(1 − α); default False.
        alpha: α, default 0.25.
        gamma: γ, default 2; 0 gives the plain cross-entropy.
        from_logits: Whether the predictions are the numbers before the sigmoid; default False.
        label_smoothing: s moves the targets towards ½: y (1 − s) + s/2; default 0.
        axis: Default −1.

    Example:
        >>> recurra.losses.binary_focal_crossentropy([[1.0], [0.0]], [[0.5], [0.25]]).numpy().round(4)
        array([0.1733, 0.018 ], dtype=float32)
    """
    if label_smoothing:
        y_true = y_true * (1.0 - smoothing(label_smoothing, "binary_focal_crossentropy")) + 0.5 * label_smoothing
    chance = ops.sigmoid(y_pred) if from_logits else y_pred
    plain = ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits)
    missed = 1.0 - (y_true * chance + (1.0 - y_true) * (1.0 - chance))
    values = _power(missed, gamma) * plain
    if apply_class_balancing:
        values = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * values
    return ops.mean(values, axis=axis)


@takes(ONE_HOT)
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float | Sequence[float] = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """−sum α (1 − p)^γ y log p along `axis`; y is one-hot or a distribution, p is divided by its sum.

    Args:
        y_true: y.
        y_pred: p, or logits.
        alpha: α, one number or one for each class on the last axis; default 0.25.
        gamma: γ, default 2.
        from_logits: Whether the predictions are the numbers before the softmax; default False.
        label_smoothing: s moves the targets towards even ones: y (1 − s) + s/C, C the number of classes; default 0.
        axis: Axis of the classes, default −1.

    Example:
        >>> recurra.losses.categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.0433], dtype=float32)
    """
    if label_smoothing:
        share = smoothing(label_smoothing, "categorical_focal_crossentropy")
        y_true = y_true * (1.0 - share) + share / y_pred.shape[axis]
    chances = ops.softmax(y_pred, axis=axis) if from_logits else y_pred
    chances = chances / ops.sum(chances, axis=axis, keepdims=True)
    chances = ops.clip(chances, config.epsilon(), 1.0 - config.epsilon())
    factor = alpha if is_number(alpha) else np.asarray(alpha, chances.dtype)
    return ops.sum(factor * _power(1.0 - chances, gamma) * -(y_true * ops.log(chances)), axis=axis)


def _power(base: Tensor, exponent: float) -> Tensor:
    """base^exponent, kept from 0, where a fractional power has no finite derivative."""
    return ops.square(base) if exponent == 2 else ops.power(ops.maximum(base, config.epsilon()), exponent)


@takes(CLASS_NUMBERS)
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float = 0.5) -> Tensor:
    """(1 − p[y]^q) / q over the last axis; y holds the numbers of the classes, from 0.

    Args:
        y_true: y, with or without a last axis of extent 1.
        y_pred: p, probabilities.
        q: Between cross-entropy (towards 0) and mean absolute error (towards 1); default 0.5.

    Raises:
        ValueError: A number is no class.

    Example:
        >>> recurra.losses.categorical_generalized_cross_entropy([1], [[0.75, 0.25]]).numpy()
        array([1.], dtype=float32)
    """
    labels = whole_labels(y_true, "categorical_generalized_cross_entropy").numpy()
    classes = y_pred.shape[-1]
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        raise ValueError(
            "categorical_generalized_cross_entropy: targets must be class numbers from 0 to "
            f"{classes - 1}, got {labels[wrong].flat[0]}"
        )
    chosen = ops.squeeze(ops.take_along_axis(y_pred, labels[..., None], axis=-1), -1)
    return (1.0 - ops.power(ops.maximum(chosen, config.epsilon()), q)) / q


def _factors(alpha: float | Sequence[float], who: str) -> float | list[float]:
    if isinstance(alpha, Sequence | np.ndarray) and not isinstance(alpha, str):
        return [number(factor, who, "alpha", 0) for factor in alpha]
    return number(alpha, who, "alpha", 0)


class BinaryFocalCrossentropy(FunctionLoss):
    """Cross-entropy of probabilities p of two classes that counts easy samples less: (1 − p_y)^γ · crossentropy.

    p_y is the probability of what is true.

    Args:
        apply_class_balancing: Whether each value is multiplied by y α + (1 − y)(1 − α); default False.
        alpha: α, default 0.25.
        gamma: γ, default 2.
        from_logits: Whether the predictions are the numbers before the sigmoid; default False.
        label_smoothing: s moves the targets towards ½: y (1 − s) + s/2; default 0.
        axis: Axis that is averaged, default −1.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        ValueError: label_smoothing or alpha is not within [0, 1], or gamma is negative.

    Source: Lin et al., "Focal loss for dense object detection", ICCV 2017.

    Example:
        >>> recurra.losses.BinaryFocalCrossentropy()([[1.0], [0.0]], [[0.5], [0.5]]).numpy().round(4)
        np.float32(0.1733)
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(
            binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=number(alpha, "BinaryFocalCrossentropy", "alpha", 0, 1),
            gamma=number(gamma, "BinaryFocalCrossentropy", "gamma", 0),
            from_logits=from_logits,
            label_smoothing=smoothing(label_smoothing, "BinaryFocalCrossentropy"),
            axis=axis,
        )


class CategoricalFocalCrossentropy(FunctionLoss):
    """Cross-entropy of one-hot targets that counts easy samples less: −sum α (1 − p)^γ y log p.

    Args:
        alpha: α, one number or one for each class; default 0.25.
        gamma: γ, default 2.
        from_logits: Whether the predictions are the numbers before the softmax; default False.
        label_smoothing: s moves the targets towards even ones: y (1 − s) + s/C, C the number of classes; default 0.
        axis: Axis of the classes, default −1.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        ValueError: label_smoothing is not within [0, 1], or alpha or gamma is negative.

    Source: Lin et al., "Focal loss for dense object detection", ICCV 2017.

    Example:
        >>> recurra.losses.CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        np.float32(0.0433)
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: str | None = None,
    ) -> None:
        who = "CategoricalFocalCrossentropy"
        super().__init__(
            categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=_factors(alpha, who),
            gamma=number(gamma, who, "gamma", 0),
            from_logits=from_logits,
            label_smoothing=smoothing(label_smoothing, who),
            axis=axis,
        )


class CategoricalGeneralizedCrossEntropy(FunctionLoss):
    """Loss of class numbers, some of which may be wrong: (1 − p[y]^q) / q.

    Args:
        q: Between cross-entropy (towards 0) and mean absolute error (towards 1), which wrong labels disturb less;
            default 0.5.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        ValueError: q does not lie between 0 and 1.

    Source: Zhang and Sabuncu, "Generalized cross entropy loss for training deep neural networks with noisy labels",
    NeurIPS 2018.

    Example:
        >>> recurra.losses.CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]]).item()
        1.0
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_generalized_cross_entropy",
        dtype: str | None = None,
    ) -> None:
        q = number(q, "CategoricalGeneralizedCrossEntropy", "q", above=0, below=1)
        super().__init__(categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
