"""Losses of probabilities: cross-entropies, divergence, Poisson.

Probabilities are kept within [ε, 1 − ε], ε = config.epsilon(), before a logarithm is taken. With `from_logits` the
predictions are the numbers before the sigmoid or softmax, and the loss is computed from them without overflow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import config, ops
from recurra.agreement import CLASS_NUMBERS, ELEMENTS, ONE_HOT, VECTORS
from recurra.checks import is_number
from recurra.layers.masks import attach_mask
from recurra.losses.loss import FunctionLoss, takes
from recurra.tensor import Tensor


def smoothing(label_smoothing: float, who: str) -> float:
    """The argument `label_smoothing`, checked."""
    if not is_number(label_smoothing) or not 0 <= label_smoothing <= 1:
        raise ValueError(f"{who}: label_smoothing must be between 0 and 1, got {label_smoothing!r}")
    return float(label_smoothing)


@takes(ELEMENTS)
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """mean of −y log p − (1 − y) log(1 − p) along `axis`.

    Args:
        y_true: y, 0 or 1, or probabilities.
        y_pred: p, or logits.
        from_logits: Whether the predictions are the numbers before the sigmoid; default False.
        label_smoothing: s moves the targets towards ½: y (1 − s) + s/2; default 0.
        axis: Default −1.

    Example:
        >>> recurra.losses.binary_crossentropy([[1.0], [0.0]], [[0.5], [0.25]]).numpy().round(4)
        array([0.6931, 0.2877], dtype=float32)
    """
    if label_smoothing:
        smoothing(label_smoothing, "binary_crossentropy")
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


@takes(ONE_HOT)
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """−sum y log p along `axis`; y is one-hot or a distribution, p is divided by its sum.

    Args:
        y_true: y.
        y_pred: p, or logits.
        from_logits: Whether the predictions are the numbers before the softmax; default False.
        label_smoothing: s moves the targets towards even ones: y (1 − s) + s/C, C the number of classes; default 0.
        axis: Axis of the classes, default −1.

    Example:
        >>> recurra.losses.categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    if label_smoothing:
        smoothing(label_smoothing, "categorical_crossentropy")
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


@takes(CLASS_NUMBERS)
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """−log p[y] along `axis`; y holds the numbers of the classes, from 0, with or without a last axis of extent 1.

    Args:
        y_true: y.
        y_pred: p, or logits.
        from_logits: Whether the predictions are the numbers before the softmax; default False.
        ignore_class: Samples of this class do not count; default None.
        axis: Axis of the classes, default −1.

    Raises:
        ValueError: A number is no class.

    Example:
        >>> recurra.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy().round(4)
        array([0.6931], dtype=float32)
    """
    labels = whole_labels(y_true, "sparse_categorical_crossentropy")
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(labels, y_pred, from_logits=from_logits, axis=axis)
    counted = labels.numpy() != ignore_class
    labels = ops.convert_to_tensor(np.where(counted, labels.numpy(), 0))
    of_all = ops.sparse_categorical_crossentropy(labels, y_pred, from_logits=from_logits, axis=axis)
    values: Tensor = ops.where(counted, of_all, 0.0)
    attach_mask(values, ops.convert_to_tensor(counted))
    return values


def whole_labels(labels: Tensor, who: str) -> Tensor:
    """Class numbers as integers."""
    if labels.dtype.startswith("int"):
        return labels
    given = labels.numpy()
    whole = given.astype("int32")
    if (whole != given).any():
        raise ValueError(f"{who}: targets must be class numbers, got {given[whole != given].flat[0]}")
    return ops.convert_to_tensor(whole)


@takes(VECTORS)
def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """sum y log(y / ŷ) over the last axis, y and ŷ within [ε, 1].

    Example:
        >>> recurra.losses.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).numpy().round(4)
        array([0.1438], dtype=float32)
    """
    y_true = ops.clip(y_true, config.epsilon(), 1.0)
    y_pred = ops.clip(y_pred, config.epsilon(), 1.0)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


@takes(ELEMENTS)
def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """mean ŷ − y log(ŷ + ε) over the last axis; not a number for ŷ < 0.

    Example:
        >>> recurra.losses.poisson([[2.0]], [[1.0]]).numpy().round(4)
        array([1.], dtype=float32)
    """
    return ops.mean(y_pred - y_true * ops.log(y_pred + config.epsilon()), axis=-1)


class BinaryCrossentropy(FunctionLoss):
    """Cross-entropy of probabilities p of two classes: mean of −y log p − (1 − y) log(1 − p).

    Args:
        from_logits: Whether the predictions are the numbers before the sigmoid; default False.
        label_smoothing: s moves the targets towards ½: y (1 − s) + s/2; default 0.
        axis: Axis that is averaged, default −1.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        ValueError: label_smoothing is not within [0, 1].

    Example:
        >>> recurra.losses.BinaryCrossentropy(from_logits=True)([[1.0], [0.0]], [[0.0], [0.0]]).numpy().round(4)
        np.float32(0.6931)
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=smoothing(label_smoothing, "BinaryCrossentropy"),
            axis=axis,
        )


class CategoricalCrossentropy(FunctionLoss):
    """Cross-entropy of one-hot targets: −sum y log p.

    Args:
        from_logits: Whether the predictions are the numbers before the softmax; default False.
        label_smoothing: s moves the targets towards even ones: y (1 − s) + s/C, C the number of classes; default 0.
        axis: Axis of the classes, default −1.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        ValueError: label_smoothing is not within [0, 1].

    Example:
        >>> recurra.losses.CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
        np.float32(0.6931)
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=smoothing(label_smoothing, "CategoricalCrossentropy"),
            axis=axis,
        )


class SparseCategoricalCrossentropy(FunctionLoss):
    """Cross-entropy of class numbers: −log p[y].

    Args:
        from_logits: Whether the predictions are the numbers before the softmax; default False.
        ignore_class: Samples of this class do not count; default None.
        axis: Axis of the classes, default −1.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Example:
        >>> recurra.losses.SparseCategoricalCrossentropy()([1, 0], [[0.5, 0.5], [0.5, 0.5]]).numpy().round(4)
        np.float32(0.6931)
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: str | None = None,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


class KLDivergence(FunctionLoss):
    """Kullback-Leibler divergence of distributions: sum y log(y / ŷ).

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Example:
        >>> recurra.losses.KLDivergence()([[0.5, 0.5]], [[0.5, 0.5]]).item()
        0.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "kl_divergence",
        dtype: str | None = None,
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(FunctionLoss):
    """Poisson loss of counts: mean ŷ − y log ŷ.

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Example:
        >>> recurra.losses.Poisson()([[2.0]], [[1.0]]).numpy().round(4)
        np.float32(1.0)
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str = "poisson",
        dtype: str | None = None,
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)
