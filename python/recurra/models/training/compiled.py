"""What `compile` was given, matched to the outputs of the model: one loss and some metrics for each output."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from recurra import agreement, losses, metrics, ops
from recurra.checks import is_number, keywords_of
from recurra.losses import FunctionLoss, Loss
from recurra.metrics import MeanMetricWrapper, Metric
from recurra.metrics.metric import TargetMetric
from recurra.models.names import unused_name
from recurra.models.training.outputs import aligned_with, check_names_of_outputs, names_of_outputs
from recurra.models.training.plausibility import warn_of_accuracy, warn_of_predictions
from recurra.tensor import Tensor
from recurra.tree import flatten

_ACCURACIES = ("acc", "accuracy")
_CROSSENTROPIES = ("crossentropy", "ce")

# What the names above stand for, by the kind of the targets.
_ACCURACY_OF: Mapping[str, type[Metric]] = {
    "binary": metrics.BinaryAccuracy,
    "sparse": metrics.SparseCategoricalAccuracy,
    "categorical": metrics.CategoricalAccuracy,
}
_CROSSENTROPY_OF: Mapping[str, type[Metric]] = {
    "binary": metrics.BinaryCrossentropy,
    "sparse": metrics.SparseCategoricalCrossentropy,
    "categorical": metrics.CategoricalCrossentropy,
}
_LOSS_OF = {
    "binary": losses.binary_crossentropy,
    "sparse": losses.sparse_categorical_crossentropy,
    "categorical": losses.categorical_crossentropy,
}


def is_settled_by_shapes(loss: Any) -> bool:
    """Whether the first batch decides which loss this is."""
    return _is_one_of(loss, _CROSSENTROPIES)


def _is_one_of(identifier: Any, names: Sequence[str]) -> bool:
    return isinstance(identifier, str) and identifier.lower() in names


def _kind_of_targets(y_true: Any, y_pred: Any) -> str:
    """Keras's guess: "binary" for one prediction a sample, "sparse" for class numbers, else "categorical"."""
    true, predicted = agreement.shape_of(y_true), agreement.shape_of(y_pred)
    if predicted[-1:] == (1,) or len(predicted) == 1:
        return "binary"
    if len(true) < len(predicted) or (true[-1] == 1 and predicted[-1] > 1):
        return "sparse"
    return "categorical"


def metric_for(identifier: Any, y_true: Any, y_pred: Any) -> Metric:
    """A metric, "accuracy" and "crossentropy" by the shapes; a metric asked for by a string is named by it."""
    for names, by_targets in ((_ACCURACIES, _ACCURACY_OF), (_CROSSENTROPIES, _CROSSENTROPY_OF)):
        if _is_one_of(identifier, names):
            return by_targets[_kind_of_targets(y_true, y_pred)](name=identifier)
    metric = metrics.get(identifier)
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


def loss_for(identifier: Any, y_true: Any, y_pred: Any) -> Loss | None:
    """A loss object, "crossentropy" by the shapes; None for an output without a loss."""
    if identifier is None:
        return None
    if is_settled_by_shapes(identifier):
        identifier = _LOSS_OF[_kind_of_targets(y_true, y_pred)]
    found = losses.get(identifier)
    if isinstance(found, Loss):
        return found
    return FunctionLoss(found, name=identifier if isinstance(identifier, str) else None)


def check_names(loss: Any, named_metrics: Iterable[Any]) -> None:
    """Raises the error for an unknown loss or metric, or one of another kind, as soon as compile is called."""
    for item in flatten(loss):
        if item is not None and not is_settled_by_shapes(item):
            losses.get(item)
    for item in named_metrics:
        if item is not None and not _is_one_of(item, (*_ACCURACIES, *_CROSSENTROPIES)):
            update = type(metrics.get(item)).update_state
            if update in (metrics.Mean.update_state, metrics.Sum.update_state):
                raise ValueError(
                    f"metrics: {item!r} collects single values, not targets and predictions; give a metric such as "
                    "'mae', or a function of (y_true, y_pred)"
                )


class CompiledLoss:
    """The losses of all outputs, weighted and added up."""

    def __init__(self, loss: Any, weights: Any) -> None:
        self.given = loss
        self.given_weights = weights
        self.parts: list[tuple[Loss | None, float]] = []
        self.means: list[metrics.Mean] = []
        self._titles: list[str] = []  # of the parts, in errors
        self._count: float | None = None
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
        elif is_number(weights):
            weights = [float(weights)] * len(predictions)
        else:
            weights = [1.0 if w is None else float(w) for w in aligned_with(weights, outputs, names, "loss_weights")]
        self.parts = [
            (loss_for(one, y_true, y_pred), weight)
            for one, y_true, y_pred, weight in zip(given, targets, predictions, weights, strict=True)
        ]
        named = names_of_outputs(outputs, names)
        of_output = [f"output '{name}': " if len(predictions) > 1 else "" for name in named]
        self._titles = [
            f"{title}{loss.name}" if loss else "" for title, (loss, _) in zip(of_output, self.parts, strict=True)
        ]
        if len(predictions) > 1:
            taken = ["loss"]
            for name in named:
                taken.append(unused_name(f"{name}_loss", taken))
            self.means = [metrics.Mean(name) for name in taken[1:]]

    @property
    def names(self) -> list[str]:
        """The names under which losses are reported."""
        return ["loss", *(mean.name for mean in self.means)]

    def __call__(self, targets: Sequence[Any], predictions: Sequence[Tensor], weights: Sequence[Any]) -> Tensor | None:
        """The loss of a batch; None if no output has one."""
        total: Tensor | None = None
        self._count = None
        for i, (loss, factor) in enumerate(self.parts):
            if loss is None:
                continue
            if targets[i] is None:
                of = f" of output '{self.means[i].name.removesuffix('_loss')}'" if self.means else ""
                raise ValueError(f"the loss '{loss.name}'{of} needs targets: give y")
            value, count = _measured(loss, targets[i], predictions[i], weights[i], self._titles[i])
            if not self._warned:
                warn_of_predictions(loss, predictions[i])
            if self.means:
                number = _samples(predictions[i]) if count is None else count
                self.means[i].total += value.item() * number
                self.means[i].count += number
            else:
                self._count = count
            if factor != 1.0:
                value = value * factor
            total = value if total is None else total + value
        self._warned = True
        return total

    def counted(self, outputs: Any, steps: int = 1) -> float:
        """How many values the loss computed last was the mean of; the number of samples where that says nothing.

        With it the mean over batches is the mean over all values, however they were divided into batches and padded.
        """
        count, self._count = self._count, None
        if count is None:
            return _samples(outputs if isinstance(outputs, Tensor) else flatten(outputs)[0]) * steps
        return count


def _samples(predictions: Tensor) -> float:
    return float(predictions.shape[0]) if predictions.ndim else 1.0


def _measured(loss: Loss, y_true: Any, y_pred: Tensor, weight: Any, who: str) -> tuple[Tensor, float | None]:
    """The loss of a batch as a scalar, and how many values it is the mean of, as far as that is known."""
    if type(loss).__call__ is Loss.__call__:
        value, count = loss.measure(y_true, y_pred, weight, who)
    else:
        value, count = loss(y_true, y_pred, weight), None
    return (ops.mean(value), None) if value.ndim else (value, count)


class CompiledMetrics:
    """The metrics of all outputs, under the names that are reported."""

    def __init__(self, given: Any, weighted: Any) -> None:
        self.given = given
        self.given_weighted = weighted
        self.parts: list[tuple[int, Metric, bool]] = []  # number of the output, metric, whether it takes weights
        self.names: list[str] = []
        self.built = False
        self._reserved: list[str] = []
        self._keys: dict[str, list[str]] = {}  # names of the figures of a metric that has several

    def build(
        self,
        targets: Sequence[Any],
        predictions: Sequence[Tensor],
        outputs: Any,
        names: Sequence[str],
        loss: CompiledLoss | None = None,
    ) -> None:
        """Makes the metrics by the first batch; their names are none of those of the losses."""
        reported = names_of_outputs(outputs, names)
        self.parts, self.names, self._keys = [], [], {}
        self._reserved = ["loss"] if loss is None else loss.names
        of_outputs = loss.parts if loss is not None and loss.parts else [(None, 1.0)] * len(predictions)
        for given, weighted, what in ((self.given, False, "metrics"), (self.given_weighted, True, "weighted_metrics")):
            for i, own in enumerate(_metrics_of_outputs(given, outputs, names, what)):
                for identifier in own:
                    metric = metric_for(identifier, targets[i], predictions[i])
                    if any(metric is known for _, known, _ in self.parts):
                        raise ValueError(f"{what}: the metric '{metric.name}' is given twice; make one for each place")
                    if _is_one_of(identifier, _ACCURACIES) and targets[i] is not None:
                        warn_of_accuracy(identifier, of_outputs[i][0], targets[i])
                    self.parts.append((i, metric, weighted))
                    name = f"{reported[i]}_{metric.name}" if len(predictions) > 1 else metric.name
                    if weighted and name in self.names:
                        name = f"weighted_{name}"
                    self.names.append(unused_name(name, [*self._reserved, *self.names]))
        self.built = True

    def update(self, targets: Sequence[Any], predictions: Sequence[Tensor], weights: Sequence[Any]) -> None:
        """Adds a batch."""
        for i, metric, weighted in self.parts:
            if targets[i] is None:
                raise ValueError(f"the metric '{metric.name}' needs targets: give y")
            weight = weights[i] if weighted else None
            if isinstance(metric, (TargetMetric, MeanMetricWrapper)):
                metric.update_state(targets[i], predictions[i], sample_weight=weight)
            else:
                _update_own(metric, targets[i], predictions[i], weight)

    def results(self) -> dict[str, Any]:
        """The figures by name."""
        out: dict[str, Any] = {}
        for name, (_, metric, _) in zip(self.names, self.parts, strict=True):
            value = metric.result()
            if type(value) is float:
                out[name] = value
            elif isinstance(value, Mapping):
                others = [*self._reserved, *(other for other in self.names if other != name)]
                keys: list[str] = []
                for key, figure in value.items():
                    keys.append(unused_name(str(key), [*others, *out]))
                    out[keys[-1]] = as_figure(figure)
                self._keys[name] = keys
            else:
                out[name] = as_figure(value)
        return out

    @property
    def figure_names(self) -> list[str]:
        """The names of all figures, in the order of `results`."""
        return [key for name in self.names for key in self._keys.get(name, [name])]

    def expected_direction(self, figure: str) -> str | None:
        """The direction of a figure before the metrics are made: that of a metric whose name it may come from.

        "" if that metric does not say, None if there is none.
        """
        for identifier in flat_identifiers([self.given, self.given_weighted]):
            if _is_one_of(identifier, _ACCURACIES):
                name, direction = identifier, "max"
            elif _is_one_of(identifier, _CROSSENTROPIES):
                name, direction = identifier, "min"
            else:
                metric = metrics.get(identifier)
                name, direction = identifier if isinstance(identifier, str) else metric.name, metric.direction or ""
            if re.fullmatch(rf"(.*_)?{re.escape(name)}(_\d+)?", figure):
                return direction
        return None

    def metric_of(self, figure: str) -> Metric | None:
        """The metric that a figure comes from."""
        for name, (_, metric, _) in zip(self.names, self.parts, strict=True):
            if figure in self._keys.get(name, [name]):
                return metric
        return None


def as_figure(value: Any) -> Any:
    """A result for reports: a number, or the array of several."""
    array = agreement.host(value)
    return array if array.ndim else float(array)


def _update_own(metric: Metric, y_true: Any, y_pred: Tensor, weight: Any) -> None:
    """A batch for a metric class of the user's: padding reaches it as weights of 0."""
    true, predicted, given, mask = agreement.of_batch(y_true, y_pred, weight, agreement.ANY, metric.name)
    factors = given
    if mask is not None:
        factors = mask.astype(np.float64) if given is None else agreement.product(given, mask)
    if factors is None and not _takes_weights(metric):
        metric.update_state(true, predicted)
        return
    if not _takes_weights(metric):
        raise ValueError(
            f"the metric '{metric.name}' cannot leave out padding or take weights; define "
            f"{type(metric).__name__}.update_state(self, y_true, y_pred, sample_weight=None)"
        )
    metric.update_state(true, predicted, sample_weight=factors)


def _takes_weights(metric: Metric) -> bool:
    update = type(metric).update_state
    if not hasattr(update, "__code__"):
        return True
    names, takes_any = keywords_of(update)
    return takes_any or "sample_weight" in names


def flat_identifiers(given: Any) -> list[Any]:
    """All metrics named in what compile was given."""
    return [item for item in flatten(given) if item is not None]


def _metrics_of_outputs(given: Any, outputs: Any, names: Sequence[str], what: str) -> list[list[Any]]:
    count = 1 if isinstance(outputs, Tensor) else len(flatten(outputs))
    if given is None or given == []:
        return [[] for _ in range(count)]
    if count == 1:
        if isinstance(given, Mapping) and "class_name" not in given:
            check_names_of_outputs(given, outputs, names, what)
        return [flat_identifiers(given)]
    if not isinstance(given, (list, tuple, Mapping)):
        raise ValueError(
            f"{what}: the model has {count} outputs; give a list with the metrics of each, or a dictionary"
        )
    return [[] if one is None else flat_identifiers(one) for one in aligned_with(given, outputs, names, what)]
