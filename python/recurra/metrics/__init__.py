"""Metrics with Keras's names, computed on arrays of the host."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from recurra import losses, serialization
from recurra.checks import attribute_hints, unknown_name
from recurra.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    accuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from recurra.metrics.areas import AUC
from recurra.metrics.at_value import (
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from recurra.metrics.confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
    confusion_matrix,
)
from recurra.metrics.correlation import (
    ConcordanceCorrelation,
    PearsonCorrelation,
    concordance_correlation,
    pearson_correlation,
)
from recurra.metrics.errors import (
    BinaryCrossentropy,
    BitsPerCharacter,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Perplexity,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from recurra.metrics.metric import Mean, MeanMetricWrapper, Metric, Sum
from recurra.metrics.overlap import (
    BinaryIoU,
    IoU,
    MeanIoU,
    OneHotIoU,
    OneHotMeanIoU,
)
from recurra.metrics.scores import F1Score, FBetaScore, R2Score
from recurra.metrics.sequences import SequenceAccuracy

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "BitsPerCharacter",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Perplexity",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SequenceAccuracy",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "concordance_correlation",
    "confusion_matrix",
    "deserialize",
    "get",
    "pearson_correlation",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]

CLASSES: dict[str, type[Metric]] = {
    cls.__name__: cls
    for cls in list(globals().values())
    if isinstance(cls, type) and issubclass(cls, Metric) and cls is not Metric
}


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


_ALIASES: dict[str, type[Metric]] = {
    "auc": AUC,
    "bce": BinaryCrossentropy,
    "bpc": BitsPerCharacter,
    "cosine_similarity": CosineSimilarity,
    "f1": F1Score,
    "kld": KLDivergence,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mse": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
    "r2": R2Score,
    "rmse": RootMeanSquaredError,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
}

NAMES: dict[str, type[Metric]] = {_snake_case(name): cls for name, cls in CLASSES.items()} | _ALIASES


def serialize(metric: Metric) -> dict[str, Any] | None:
    """A metric object as its class and arguments.

    Example:
        >>> recurra.metrics.serialize(recurra.metrics.AUC(curve="PR"))["class_name"]
        'AUC'
    """
    return serialization.serialize(metric)


def deserialize(described: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Metric:
    """The metric object that `serialize` described.

    Args:
        described: What `serialize` gave.
        custom_objects: Classes and functions of your own by name.

    Raises:
        ValueError: There is no such metric.

    Example:
        >>> recurra.metrics.deserialize(recurra.metrics.serialize(recurra.metrics.AUC(curve="PR")))
        AUC(curve='PR')
    """
    metric: Metric = serialization.deserialize(described, Metric, custom_objects)
    return metric


def get(identifier: str | Metric | type[Metric] | Callable[..., Any] | Mapping[str, Any]) -> Metric:
    """A metric from its name ('mae', 'auc', 'Precision', …), from a function of (y_true, y_pred), or itself.

    Args:
        identifier: A name (those of losses are names of metrics too), a description, a class, a function or a `Loss`;
            metrics are returned as they are.

    Raises:
        ValueError: There is no such metric; the message names the close ones.
        TypeError: It is nothing of these.

    Example:
        >>> recurra.metrics.get("rmse")
        RootMeanSquaredError()
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, str):
        cls = NAMES.get(identifier) or CLASSES.get(identifier) or NAMES.get(identifier.lower())
        if cls is not None:
            return cls()
        function = losses.FUNCTIONS.get(identifier.lower()) or serialization.custom_object(identifier)
        if function is None:
            raise unknown_name("metric", identifier, [*NAMES, *losses.FUNCTIONS, "acc", "accuracy"])
        return get(function)
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if isinstance(identifier, losses.Loss):
        return MeanMetricWrapper(identifier, identifier.name)
    if callable(identifier):
        return MeanMetricWrapper(identifier)
    raise TypeError(f"metric: expected a name, a Metric or a function, got {type(identifier).__name__}")


if not TYPE_CHECKING:
    __getattr__ = attribute_hints(__name__)
