"""Losses of probabilities: cross-entropies, divergence, Poisson.

Probabilities are kept within [ε, 1 − ε], ε = config.epsilon(), before a logarithm is taken. With `from_logits` the
predictions are the numbers before the sigmoid or softmax, and the loss is computed from them without overflow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import config, ops
from recurra.layers.masks import attach_mask
from recurra.losses.loss import FunctionLoss, aligned, floating
from recurra.tensor import Tensor


def _check_smoothing(label_smoothing: float, who: str) -> None:
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{who}: label_smoothing must be between 0 and 1, got {label_smoothing}")


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """mean of −y log p − (1 − y) log(1 − p) along `axis`.

    label_smoothing: s moves the targets towards ½: y (1 − s) + s/2.
    """
    y_true, y_pred = aligned(y_true, y_pred, "binary_crossentropy")
    if label_smoothing:
        _check_smoothing(label_smoothing, "binary_crossentropy")
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """−sum y log p along `axis`; y is one-hot or a distribution, p is divided by its sum.

    label_smoothing: s moves the targets towards even ones: y (1 − s) + s/C, C the number of classes.
    """
    y_true, y_pred = aligned(y_true, y_pred, "categorical_crossentropy")
    if label_smoothing:
        _check_smoothing(label_smoothing, "categorical_crossentropy")
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / y_pred.shape[axis]
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """−log p[y] along `axis`; y holds the numbers of the classes, from 0, with or without a last axis of extent 1.

    ignore_class: samples of this class do not count.
    Raises ValueError for a number that is no class.
    """
    y_pred = floating(y_pred)
    labels = ops.convert_to_tensor(y_true)
    if labels.ndim == y_pred.ndim and labels.shape[axis] == 1:
        labels = ops.squeeze(labels, axis)
    if not labels.dtype.startswith("int"):
        labels = ops.cast(labels, "int32")
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(labels, y_pred, from_logits=from_logits, axis=axis)
    counted = labels.numpy() != ignore_class
    labels = ops.convert_to_tensor(np.where(counted, labels.numpy(), 0))
    of_all = ops.sparse_categorical_crossentropy(labels, y_pred, from_logits=from_logits, axis=axis)
    values: Tensor = ops.where(counted, of_all, 0.0)
    attach_mask(values, ops.convert_to_tensor(counted))
    return values


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """sum y log(y / ŷ) over the last axis."""
    y_true, y_pred = aligned(y_true, y_pred, "kl_divergence")
    y_true = ops.clip(y_true, config.epsilon(), 1.0)
    y_pred = ops.clip(y_pred, config.epsilon(), 1.0)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """mean ŷ − y log(ŷ + ε) over the last axis."""
    y_true, y_pred = aligned(y_true, y_pred, "poisson")
    return ops.mean(y_pred - y_true * ops.log(y_pred + config.epsilon()), axis=-1)


class BinaryCrossentropy(FunctionLoss):
    """mean of −y log p − (1 − y) log(1 − p).

    from_logits: predictions are before the sigmoid; default False. label_smoothing: default 0. axis: default -1.
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
        _check_smoothing(label_smoothing, "BinaryCrossentropy")
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalCrossentropy(FunctionLoss):
    """−sum y log p with one-hot y.

    from_logits: predictions are before the softmax; default False. label_smoothing: default 0. axis: default -1.
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
        _check_smoothing(label_smoothing, "CategoricalCrossentropy")
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class SparseCategoricalCrossentropy(FunctionLoss):
    """−log p[y], y the number of the class.

    from_logits: predictions are before the softmax; default False. ignore_class: default None. axis: default -1.
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
    """sum y log(y / ŷ)."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "kl_divergence", dtype: str | None = None
    ) -> None:
        super().__init__(kl_divergence, reduction, name, dtype)


class Poisson(FunctionLoss):
    """mean ŷ − y log ŷ."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "poisson", dtype: str | None = None
    ) -> None:
        super().__init__(poisson, reduction, name, dtype)
