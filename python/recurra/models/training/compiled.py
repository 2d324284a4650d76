"""What `compile` was given, matched to the outputs of the model: one loss and some metrics an output."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from recurra import losses, metrics, ops
from recurra.losses import FunctionLoss, Loss
from recurra.metrics import Metric
from recurra.metrics.metric import host
from recurra.tensor import Tensor
from recurra.tree import flatten


def aligned_with(structure: Any, outputs: Any, names: Sequence[str], what: str) -> list[Any]:
    """Targets, weights or settings as a list with one element an output.

    outputs: structure of the outputs. names: of the outputs, by which a dictionary may give its elements.
    """
    count = 1 if isinstance(outputs, Tensor) else len(flatten(outputs))
    if count == 1:
        if isinstance(structure, Mapping):
            structure = list(structure.values())
        if isinstance(structure, (list, tuple)):
            if len(structure) != 1:
                raise ValueError(f"{what}: the model has one output, got {len(structure)}")
            structure = structure[0]
        return [structure]
    if isinstance(structure, Mapping):
        known = list(outputs) if isinstance(outputs, Mapping) else list(names)
        unknown = [name for name in structure if name not in known]
        if unknown:
            raise ValueError(f"{what}: there is no output '{unknown[0]}'; the outputs are {', '.join(known)}")
        return [structure.get(name) for name in known]
    if isinstance(structure, (list, tuple)) and len(structure) == count:
        return list(structure)
    got = f"{len(structure)} of them" if isinstance(structure, (list, tuple)) else "one"
    raise ValueError(f"{what}: the model has {count} outputs, got {got}; give a list, or a dictionary by output name")


def names_of_outputs(outputs: Any, names: Sequence[str]) -> list[str]:
    """A name for each output, for reports."""
    if isinstance(outputs, Mapping):
        return list(outputs)
    count = len(flatten(outputs))
    return list(names) if len(names) == count else [f"output_{i + 1}" for i in range(count)]


def _kind_of_targets(y_true: Any, y_pred: Any) -> str:
    """Keras's guess: "binary" for one prediction a sample, "sparse" for class numbers, else "categorical"."""
    true, predicted = np.shape(y_true), np.shape(y_pred)
    if predicted[-1:] == (1,):
        return "binary"
    if len(true) < len(predicted) or (true[-1] == 1 and predicted[-1] > 1):
        return "sparse"
    return "categorical"


def metric_for(identifier: Any, y_true: Any, y_pred: Any) -> Metric:
    """A metric, "acc" and "accuracy" by the shapes; a metric asked for by a string is named by it."""
    if isinstance(identifier, str) and identifier.lower() in ("acc", "accuracy"):
        kinds: dict[str, Any] = {
            "binary": metrics.BinaryAccuracy,
            "sparse": metrics.SparseCategoricalAccuracy,
            "categorical": metrics.CategoricalAccuracy,
        }
        accuracy: Metric = kinds[_kind_of_targets(y_true, y_pred)](name=identifier)
        return accuracy
    metric = metrics.get(identifier)
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


def loss_for(identifier: Any, y_true: Any, y_pred: Any) -> Loss | None:
    """A loss object, "crossentropy" by the shapes; None for an output without a loss."""
    if identifier is None:
        return None
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        kinds = {
            "binary": losses.binary_crossentropy,
            "sparse": losses.sparse_categorical_crossentropy,
            "categorical": losses.categorical_crossentropy,
        }
        identifier = kinds[_kind_of_targets(y_true, y_pred)]
    found = losses.get(identifier)
    if isinstance(found, Loss):
        return found
    return FunctionLoss(found, name=identifier if isinstance(identifier, str) else None)


def check_names(loss: Any, named_metrics: Iterable[Any]) -> None:
    """Raises the error for an unknown loss or metric as soon as compile is called."""
    for item in flatten(loss):
        if item is not None and not (isinstance(item, str) and item.lower() in ("crossentropy", "ce")):
            losses.get(item)
    for item in named_metrics:
        if item is not None and not (isinstance(item, str) and item.lower() in ("acc", "accuracy")):
            metrics.get(item)


class CompiledLoss:
    """The losses of all outputs, weighted and added up."""

    def __init__(self, loss: Any, weights: Any) -> None:
        self.given = loss
        self.given_weights = weights
        self.parts: list[tuple[Loss | None, float]] = []
        self.means: list[metrics.Mean] = []
        self._warned = False

    def build(self, targets: Sequence[Any], predictions: Sequence[Tensor], outputs: Any, names: Sequence[str]) -> None:
        """Settles the loss of each output by the first batch."""
        given = self.given
        if isinstance(given, (list, tuple, Mapping)):
            given = aligned_with(given, outputs, names, "loss")
        else:
            given = [given] * len(predictions)
        weights = self.given_weights
        if weights is None:
            weights = [1.0] * len(predictions)
        elif isinstance(weights, (int, float)):
            weights = [float(weights)] * len(predictions)
        else:
            weights = [1.0 if w is None else float(w) for w in aligned_with(weights, outputs, names, "loss_weights")]
        self.parts = [
            (loss_for(one, y_true, y_pred), weight)
            for one, y_true, y_pred, weight in zip(given, targets, predictions, weights, strict=True)
        ]
        if len(predictions) > 1:
            reported = names_of_outputs(outputs, names)
            self.means = [metrics.Mean(f"{name}_loss") for name in reported]

    def __call__(self, targets: Sequence[Any], predictions: Sequence[Tensor], weights: Sequence[Any]) -> Tensor | None:
        """The loss of a batch; None if no output has one."""
        total: Tensor | None = None
        for i, (loss, factor) in enumerate(self.parts):
            if loss is None:
                continue
            if targets[i] is None:
                raise ValueError(f"the loss '{loss.name}' needs targets: give y")
            value = loss(targets[i], predictions[i], weights[i])
            if value.ndim:
                value = ops.mean(value)
            if not self._warned:
                self._warn_of_logits(loss, predictions[i])
            if self.means:
                self.means[i].update_state(value.item(), predictions[i].shape[0])
            if factor != 1.0:
                value = value * factor
            total = value if total is None else total + value
        self._warned = True
        return total

    def _warn_of_logits(self, loss: Loss, predictions: Tensor) -> None:
        if not isinstance(loss, FunctionLoss) or loss.function is not losses.binary_crossentropy:
            return
        values = host(predictions)
        if not loss.arguments.get("from_logits") and values.size and (values.min() < 0 or values.max() > 1):
            warnings.warn(
                "binary_crossentropy got predictions outside [0, 1]: the last layer has no sigmoid. They are cut off "
                "at 0 "
                "and 1, which trains badly; use activation='sigmoid' in the last layer, or "
                "loss=losses.BinaryCrossentropy(from_logits=True)",
                stacklevel=2,
            )


class CompiledMetrics:
    """The metrics of all outputs, under the names that are reported."""

    def __init__(self, given: Any, weighted: Any) -> None:
        self.given = given
        self.given_weighted = weighted
        self.parts: list[tuple[int, Metric, bool]] = []  # number of the output, metric, whether it takes weights
        self.names: list[str] = []
        self.built = False

    def build(self, targets: Sequence[Any], predictions: Sequence[Tensor], outputs: Any, names: Sequence[str]) -> None:
        """Makes the metrics by the first batch."""
        reported = names_of_outputs(outputs, names)
        self.parts, self.names = [], []
        for given, weighted, what in ((self.given, False, "metrics"), (self.given_weighted, True, "weighted_metrics")):
            for i, own in enumerate(_metrics_of_outputs(given, outputs, names, what)):
                for identifier in own:
                    metric = metric_for(identifier, targets[i], predictions[i])
                    self.parts.append((i, metric, weighted))
                    name = f"{reported[i]}_{metric.name}" if len(predictions) > 1 else metric.name
                    self.names.append(self._unused(name, weighted))
        self.built = True

    def _unused(self, name: str, weighted: bool) -> str:
        if name in self.names and weighted:
            name = f"weighted_{name}"
        other, count = name, 1
        while other in self.names:
            other, count = f"{name}_{count}", count + 1
        return other

    def update(self, targets: Sequence[Any], predictions: Sequence[Tensor], weights: Sequence[Any]) -> None:
        """Adds a batch."""
        for i, metric, weighted in self.parts:
            if targets[i] is None:
                raise ValueError(f"the metric '{metric.name}' needs targets: give y")
            metric.update_state(targets[i], predictions[i], sample_weight=weights[i] if weighted else None)

    def results(self) -> dict[str, Any]:
        """The figures by name."""
        out: dict[str, Any] = {}
        for name, (_, metric, _) in zip(self.names, self.parts, strict=True):
            value = metric.result()
            if isinstance(value, dict):
                out.update(value)
            else:
                out[name] = value if isinstance(value, np.ndarray) and value.ndim else float(value)
        return out


def flat_identifiers(given: Any) -> list[Any]:
    """All metrics named in what compile was given."""
    return [item for item in flatten(given) if item is not None]


def _metrics_of_outputs(given: Any, outputs: Any, names: Sequence[str], what: str) -> list[list[Any]]:
    count = 1 if isinstance(outputs, Tensor) else len(flatten(outputs))
    if given is None or given == []:
        return [[] for _ in range(count)]
    if count == 1:
        return [flat_identifiers(given)]
    if not isinstance(given, (list, tuple, Mapping)):
        raise ValueError(
            f"{what}: the model has {count} outputs; give a list with the metrics of each, or a dictionary"
        )
    return [[] if one is None else flat_identifiers(one) for one in aligned_with(given, outputs, names, what)]
