"""Losses with Keras's names, as functions (one value a sample) and as objects (reduced over the batch)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from recurra import serialization
from recurra.checks import attribute_hints, unknown_name
from recurra.losses.focal import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    binary_focal_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
)
from recurra.losses.hinge import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from recurra.losses.loss import FunctionLoss, Loss
from recurra.losses.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KLDivergence,
    Poisson,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    categorical_crossentropy,
    kl_divergence,
    poisson,
    sparse_categorical_crossentropy,
)
from recurra.losses.quantile import QuantileLoss, quantile_loss
from recurra.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)

__all__ = [
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "FunctionLoss",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "QuantileLoss",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "quantile_loss",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]

FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        binary_crossentropy,
        binary_focal_crossentropy,
        categorical_crossentropy,
        categorical_focal_crossentropy,
        categorical_generalized_cross_entropy,
        categorical_hinge,
        cosine_similarity,
        hinge,
        huber,
        kl_divergence,
        log_cosh,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_error,
        mean_squared_logarithmic_error,
        poisson,
        quantile_loss,
        sparse_categorical_crossentropy,
        squared_hinge,
    )
} | {
    "bce": binary_crossentropy,
    "kld": kl_divergence,
    "kullback_leibler_divergence": kl_divergence,
    "logcosh": log_cosh,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "mse": mean_squared_error,
    "msle": mean_squared_logarithmic_error,
}

CLASSES: dict[str, type[Loss]] = {
    loss.__name__: loss
    for loss in (
        BinaryCrossentropy,
        BinaryFocalCrossentropy,
        CategoricalCrossentropy,
        CategoricalFocalCrossentropy,
        CategoricalGeneralizedCrossEntropy,
        CategoricalHinge,
        CosineSimilarity,
        Hinge,
        Huber,
        KLDivergence,
        LogCosh,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredError,
        MeanSquaredLogarithmicError,
        Poisson,
        QuantileLoss,
        SparseCategoricalCrossentropy,
        SquaredHinge,
    )
}


def serialize(loss: Loss) -> dict[str, Any] | None:
    """A loss object as its class and arguments.

    Example:
        >>> recurra.losses.serialize(recurra.losses.Huber(delta=2.0))["class_name"]
        'Huber'
    """
    return serialization.serialize(loss)


def deserialize(
    described: Mapping[str, Any] | str, custom_objects: Mapping[str, Any] | None = None
) -> Loss | Callable[..., Any]:
    """The loss object that `serialize` described, or the loss with this name.

    Args:
        described: What `serialize` gave, or a name.
        custom_objects: Classes and functions of your own by name.

    Raises:
        ValueError: There is no such loss.

    Example:
        >>> recurra.losses.deserialize(recurra.losses.serialize(recurra.losses.Huber(delta=2.0)))
        Huber(delta=2.0)
    """
    if isinstance(described, str):
        with serialization.custom_object_scope(custom_objects or {}):
            return get(described)
    loss: Loss = serialization.deserialize(described, Loss, custom_objects)
    return loss


def get(identifier: str | Loss | type[Loss] | Callable[..., Any] | Mapping[str, Any]) -> Loss | Callable[..., Any]:
    """A loss from its name: a function for 'mae', 'binary_crossentropy', …, an object for 'MeanAbsoluteError', ….

    Args:
        identifier: A name, a description, or a class; objects and functions are returned as they are.

    Raises:
        ValueError: There is no such loss; the message names the close ones.
        TypeError: It is nothing of these.

    Example:
        >>> recurra.losses.get("mae").__name__
        'mean_absolute_error'
        >>> recurra.losses.get("Huber")
        Huber()
    """
    if isinstance(identifier, str):
        if identifier in CLASSES:
            return CLASSES[identifier]()
        found = FUNCTIONS.get(identifier.lower()) or serialization.custom_object(identifier)
        if found is None:
            raise unknown_name("loss", identifier, FUNCTIONS)
        return found() if isinstance(found, type) else found
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if callable(identifier):
        return identifier
    raise TypeError(f"loss: expected a name, a Loss or a function, got {type(identifier).__name__}")


if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
