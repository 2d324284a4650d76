"""Losses and metrics with arguments and data, for which Keras's figures are stored; imports neither library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

N = 23  # split into three uneven batches for metrics

_rng = np.random.default_rng(0)


def _normal(*shape: int) -> np.ndarray:
    return _rng.normal(size=shape).astype("float32")


def _uniform(*shape: int) -> np.ndarray:
    return _rng.uniform(0.05, 0.95, size=shape).astype("float32")


def _bits(*shape: int) -> np.ndarray:
    return _rng.integers(0, 2, size=shape).astype("float32")


_LABELS = _rng.integers(0, 4, size=N)
_CHANCES = _uniform(N, 4) / 2

#: Targets and predictions by name.
DATA: dict[str, tuple[np.ndarray, np.ndarray]] = {
    "real": (_normal(N, 4), _normal(N, 4)),
    "positive": (_uniform(N, 4) * 3, _uniform(N, 4) * 3),
    "bits": (_bits(N, 4), _uniform(N, 4)),
    "bit": (_bits(N, 1), _uniform(N, 1)),
    "flat bits beside a column": (_bits(N), _uniform(N, 1)),
    "one-hot": (np.eye(4, dtype="float32")[_LABELS], _CHANCES / _CHANCES.sum(-1, keepdims=True)),
    "one-hot, ties": (np.eye(4, dtype="float32")[_LABELS], np.round(_uniform(N, 4), 1)),
    "classes": (_LABELS, _CHANCES / _CHANCES.sum(-1, keepdims=True)),
    "classes, logits": (_LABELS, _normal(N, 4)),
    "one-hot, logits": (np.eye(4, dtype="float32")[_LABELS], _normal(N, 4)),
    "series": (_normal(N, 5, 1), _normal(N, 5, 1)),
    "classes of steps": (_rng.integers(0, 4, size=(N, 5)), _uniform(N, 5, 4)),
    "zeros": (np.zeros((N, 3), "float32"), np.zeros((N, 3), "float32")),
    "ones beside zeros": (np.ones((N, 2), "float32"), np.zeros((N, 2), "float32")),
    "negative predictions": (_normal(N, 4), -_uniform(N, 4)),
}
WEIGHTS = _uniform(N)
WEIGHTS_OF_STEPS = _uniform(N, 5)
DATA["bits and bits"] = (_bits(N), _bits(N))

_Table = list[tuple[str, dict[str, Any], list[str]]]

LOSSES: _Table = [
    ("MeanSquaredError", {}, ["real", "series", "flat bits beside a column", "zeros"]),
    ("MeanAbsoluteError", {}, ["real", "series", "flat bits beside a column"]),
    ("MeanAbsolutePercentageError", {}, ["real", "zeros", "ones beside zeros"]),
    ("MeanSquaredLogarithmicError", {}, ["positive", "negative predictions"]),
    ("Huber", {"delta": 0.5}, ["real"]),
    ("LogCosh", {}, ["real"]),
    ("CosineSimilarity", {}, ["real", "zeros", "ones beside zeros"]),
    ("Hinge", {}, ["real", "bits", "bit"]),
    ("SquaredHinge", {}, ["real", "bits"]),
    ("CategoricalHinge", {}, ["one-hot"]),
    ("BinaryCrossentropy", {}, ["bits", "bit", "flat bits beside a column"]),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, ["bits"]),
    ("CategoricalCrossentropy", {}, ["one-hot"]),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, ["one-hot, logits"]),
    ("SparseCategoricalCrossentropy", {}, ["classes", "classes of steps"]),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, ["classes, logits"]),
    ("SparseCategoricalCrossentropy", {"ignore_class": 1}, ["classes"]),
    ("KLDivergence", {}, ["one-hot", "positive", "zeros", "ones beside zeros"]),
    ("Poisson", {}, ["positive", "ones beside zeros"]),
    ("BinaryFocalCrossentropy", {}, ["bits", "bit"]),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.4, "gamma": 1.5}, ["bits"]),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, ["bits"]),
    ("CategoricalFocalCrossentropy", {}, ["one-hot"]),
    ("CategoricalFocalCrossentropy", {"alpha": [0.1, 0.2, 0.3, 0.4], "gamma": 1.5}, ["one-hot"]),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, ["one-hot, logits"]),
    ("CategoricalGeneralizedCrossEntropy", {}, ["classes"]),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.8}, ["classes"]),
]

METRICS: _Table = [
    ("MeanSquaredError", {}, ["real", "series", "flat bits beside a column"]),
    ("RootMeanSquaredError", {}, ["real", "series", "flat bits beside a column"]),
    ("MeanAbsoluteError", {}, ["real"]),
    ("MeanAbsolutePercentageError", {}, ["real", "ones beside zeros"]),
    ("MeanSquaredLogarithmicError", {}, ["positive"]),
    ("LogCoshError", {}, ["real"]),
    ("CosineSimilarity", {}, ["real", "zeros"]),
    ("Hinge", {}, ["real", "bits"]),
    ("SquaredHinge", {}, ["real"]),
    ("CategoricalHinge", {}, ["one-hot"]),
    ("KLDivergence", {}, ["one-hot"]),
    ("Poisson", {}, ["positive"]),
    ("BinaryCrossentropy", {}, ["bits", "bit"]),
    ("CategoricalCrossentropy", {}, ["one-hot"]),
    ("SparseCategoricalCrossentropy", {}, ["classes", "classes of steps"]),
    ("Accuracy", {}, ["bit"]),
    ("BinaryAccuracy", {}, ["bits", "bit", "flat bits beside a column"]),
    ("BinaryAccuracy", {"threshold": 0.3}, ["bits"]),
    ("CategoricalAccuracy", {}, ["one-hot", "one-hot, ties"]),
    ("SparseCategoricalAccuracy", {}, ["classes", "classes of steps", "classes, logits"]),
    ("TopKCategoricalAccuracy", {"k": 2}, ["one-hot", "one-hot, ties"]),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, ["classes"]),
    ("TruePositives", {}, ["bits", "bit", "flat bits beside a column"]),
    ("FalsePositives", {"thresholds": [0.2, 0.6]}, ["bits", "bit"]),
    ("TrueNegatives", {}, ["bits"]),
    ("FalseNegatives", {}, ["bits"]),
    ("Precision", {}, ["bits", "bit", "one-hot"]),
    ("Precision", {"top_k": 2}, ["bits", "one-hot", "one-hot, ties"]),
    ("Precision", {"class_id": 1}, ["bits", "one-hot"]),
    ("Precision", {"top_k": 2, "class_id": 1}, ["bits", "one-hot, ties"]),
    ("Precision", {"top_k": 2, "thresholds": 0.2}, ["bits", "one-hot, ties"]),
    ("Recall", {"thresholds": [0.2, 0.6]}, ["bits"]),
    ("Recall", {"top_k": 2}, ["bits", "one-hot, ties"]),
    ("Recall", {"class_id": 3, "thresholds": 0.1}, ["one-hot"]),
    ("AUC", {}, ["bits", "bit"]),
    ("AUC", {"curve": "PR"}, ["bits", "bit"]),
    ("AUC", {"curve": "PR", "summation_method": "minoring"}, ["bits"]),
    ("AUC", {"summation_method": "majoring"}, ["bit"]),
    ("AUC", {"num_thresholds": 10}, ["bits"]),
    ("AUC", {"thresholds": [0.1, 0.5, 0.6]}, ["bits"]),
    ("F1Score", {}, ["one-hot", "bits", "one-hot, ties"]),
    ("F1Score", {"threshold": 0.5}, ["bits", "bit"]),
    ("F1Score", {"average": "micro"}, ["one-hot"]),
    ("FBetaScore", {"beta": 2.0, "average": "macro"}, ["one-hot"]),
    ("FBetaScore", {"average": "weighted"}, ["one-hot"]),
    ("R2Score", {}, ["real", "bit"]),
    ("R2Score", {"class_aggregation": None}, ["real"]),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, ["real"]),
    ("R2Score", {"num_regressors": 3}, ["bit"]),
    ("SensitivityAtSpecificity", {"specificity": 0.6}, ["bits", "bit"]),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6}, ["bits", "bit"]),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6, "class_id": 2}, ["bits"]),
    ("PrecisionAtRecall", {"recall": 0.4, "num_thresholds": 20}, ["bits", "bit"]),
    ("RecallAtPrecision", {"precision": 0.5}, ["bits", "bit"]),
    ("RecallAtPrecision", {"precision": 0.5, "num_thresholds": 1}, ["bits"]),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 3], "sparse_y_pred": False, "dtype": "float32"}, ["classes"]),
    ("MeanIoU", {"num_classes": 2, "ignore_class": 1, "dtype": "float32"}, ["bits and bits"]),
    ("MeanIoU", {"num_classes": 3, "dtype": "float32"}, ["bits and bits"]),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.4, "dtype": "float32"}, ["bit"]),
    ("BinaryIoU", {"dtype": "float32"}, ["bit"]),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [1], "dtype": "float32"}, ["one-hot"]),
    ("OneHotMeanIoU", {"num_classes": 4, "dtype": "float32"}, ["one-hot"]),
    ("PearsonCorrelation", {}, ["real"]),
    ("ConcordanceCorrelation", {}, ["real", "positive"]),
]

#: Arguments of the metrics that cannot be made without.
REQUIRED: dict[str, dict[str, Any]] = {
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "IoU": {"num_classes": 2, "target_class_ids": [1]},
    "MeanIoU": {"num_classes": 2},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 2]},
    "OneHotMeanIoU": {"num_classes": 3},
}


def _cases(table: _Table) -> Iterator[tuple[str, str, dict[str, Any], str]]:
    for name, arguments, names in table:
        for data in names:
            given = ", ".join(f"{key}={value}" for key, value in arguments.items())
            yield f"{name}({given}) of {data}", name, arguments, data


LOSS_CASES = {key: rest for key, *rest in _cases(LOSSES)}
METRIC_CASES = {key: rest for key, *rest in _cases(METRICS)}


def loss_figures(library: Any, case: str) -> list[float]:
    """The loss under three reductions, without weights and with weights of the samples or steps."""
    name, arguments, data = LOSS_CASES[case]
    y, p = DATA[data]
    weights = WEIGHTS_OF_STEPS if p.ndim == 3 else WEIGHTS
    return [
        float(getattr(library.losses, name)(reduction=reduction, **arguments)(y, p, sample_weight=weight))
        for reduction in ("sum_over_batch_size", "sum", "mean_with_sample_weight")
        for weight in (None, weights)
    ]


def metric_figures(library: Any, case: str) -> np.ndarray:
    """The metric over three batches, without weights and with weights of the samples or steps."""
    name, arguments, data = METRIC_CASES[case]
    y, p = DATA[data]
    out = []
    for weight in (None, WEIGHTS_OF_STEPS if p.ndim == 3 else WEIGHTS):
        metric = getattr(library.metrics, name)(**arguments)
        for rows in np.array_split(np.arange(N), 3):
            metric.update_state(y[rows], p[rows], sample_weight=None if weight is None else weight[rows])
        out.append(np.asarray(metric.result(), "float64"))
    return np.stack(out)
