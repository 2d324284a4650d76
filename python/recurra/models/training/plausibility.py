"""Warnings for losses and metrics that can be computed but cannot be meant."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from recurra import losses
from recurra.agreement import host, mask_array
from recurra.losses import FunctionLoss, Loss
from recurra.tensor import Tensor

_OF_CLASSES = (losses.categorical_crossentropy, losses.sparse_categorical_crossentropy)
_CROSSENTROPIES = (losses.binary_crossentropy, *_OF_CLASSES)


def warn_of_predictions(loss: Loss, predictions: Tensor) -> None:
    """Warns of predictions that are not the probabilities which a cross-entropy expects."""
    function = loss.function if isinstance(loss, FunctionLoss) else None
    if function not in _CROSSENTROPIES or not isinstance(loss, FunctionLoss) or not predictions.ndim:
        return
    values, mask = host(predictions), mask_array(predictions)
    if mask is not None and mask.shape == values.shape[: mask.ndim]:
        values = values[mask]
    if not values.size:
        return
    name, axis = loss.name, loss.arguments.get("axis", -1)
    one_unit = predictions.shape[axis] == 1
    if one_unit and (function in _OF_CLASSES or (len(values) > 1 and (values == 1).all())):
        advice = "softmax over one unit is always 1: give the last layer one unit per class, or use "
        if function is losses.binary_crossentropy:
            advice += "activation='sigmoid'"
        else:
            advice += "activation='sigmoid' with binary_crossentropy"
        _warn(f"{name}: {advice}")
    elif loss.arguments.get("from_logits"):
        return
    elif values.min() < 0 or values.max() > 1:
        activation = "sigmoid" if function is losses.binary_crossentropy else "softmax"
        kind = {
            losses.binary_crossentropy: "BinaryCrossentropy",
            losses.categorical_crossentropy: "CategoricalCrossentropy",
        }.get(function, "SparseCategoricalCrossentropy")
        _warn(
            f"{name} got predictions outside [0, 1]: the last layer has no {activation}. They are cut off at 0 "
            f"and 1, which trains badly; use activation='{activation}' in the last layer, or "
            f"loss=losses.{kind}(from_logits=True)"
        )
    elif function in _OF_CLASSES and axis == -1:
        sums = values.sum(axis=-1, dtype=np.float64)
        worst = float(sums.flat[np.abs(sums - 1).argmax()])
        if abs(worst - 1) > 1e-2:
            _warn(
                f"{name} expects probabilities that sum to 1 over the classes, got a row that sums to {worst:.3g}; use "
                "activation='softmax' in the last layer, or binary_crossentropy if a sample may have several classes"
            )


def warn_of_accuracy(name: str, loss: Loss | None, y_true: Any) -> None:
    """Warns of an accuracy of targets that are no classes."""
    if isinstance(loss, FunctionLoss) and loss.function in _CROSSENTROPIES:
        return  # its targets may be soft
    true = host(y_true)
    if true.dtype.kind != "f":
        return
    other = true[np.isfinite(true) & (true != np.round(true))]
    if other.size:
        _warn(
            f"'{name}' is for classes, but the targets hold numbers such as {other.flat[0]:.4g}; use 'mae', 'rmse' or "
            "'r2_score' for a regression"
        )


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=3)
