"""Single steps: forward, loss, backward, update, metrics.

A training step runs forward, takes the loss, runs backward into the parameter block, and lets the optimizer make one
pass over it. What it adds in Python is a handful of calls, however many weights there are.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

from recurra import config
from recurra.layers.base import Layer
from recurra.layers.weights import WeightHolder
from recurra.models.data.arrays import Batch
from recurra.models.data.sources import packed, unpack
from recurra.models.training.compiled import as_figure
from recurra.models.training.outputs import aligned_with
from recurra.models.training.run import Structure
from recurra.models.training.state import TrainingState
from recurra.models.training.truncation import Truncation
from recurra.tensor import Tensor, no_grad
from recurra.tree import NESTED, flatten

#: Does a step on a batch, and returns how to get the figures after it.
StepFunction = Callable[[Batch], Callable[[], dict[str, Any]]]


class Steps(TrainingState):
    """The part of a model that does single steps."""

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """The loss of a batch with all penalties; may be overridden."""
        compiled, _ = self._require_compiled("compute_loss")
        targets, predictions, weights = self._by_output(y, y_pred, sample_weight)
        if not compiled.parts:
            compiled.build(targets, predictions, y_pred, self.output_names)
            self._restore_figures("losses")
        total = compiled(targets, predictions, weights)
        for penalty in self._penalties():
            total = penalty if total is None else total + penalty
        if total is None:
            raise ValueError(f"model '{self.name}': there is no loss to train on; give compile a loss")
        return total

    def _structure(self) -> Structure:
        known = self.run.structure
        if known is None or known.changes != WeightHolder.changes:
            variables = list(self.trainable_variables)
            penalised = [variable for variable in variables if variable.regularizer is not None]
            known = Structure(WeightHolder.changes, self._flatten_layers(), variables, penalised)
            self.run.structure = known
            if not variables and self.compiled:
                warnings.warn(f"model '{self.name}' has no trainable weights", stacklevel=2)
        return known

    def _penalties(self) -> list[Tensor]:
        """The elements of `losses`, from lists that hold for many steps."""
        if type(self).losses is not Layer.losses:  # type: ignore[comparison-overlap]
            return self.losses
        structure, token = self._structure(), self._call_token
        found: list[Tensor] = []
        for layer in structure.layers:
            for of, loss in layer._losses:
                if of is token:
                    found.append(loss)
        for variable in structure.penalised:
            found.append(variable.regularizer(variable))
        return found

    def _by_output(self, y: Any, y_pred: Any, sample_weight: Any) -> tuple[list[Any], list[Any], list[Any]]:
        """Targets, predictions and weights as lists with an element for each output."""
        if isinstance(y_pred, Tensor) and not isinstance(y, NESTED) and not isinstance(sample_weight, NESTED):
            return [y], [y_pred], [sample_weight]
        predictions = flatten(y_pred)
        targets = [None] * len(predictions) if y is None else aligned_with(y, y_pred, self.output_names, "y")
        if isinstance(sample_weight, NESTED):
            return targets, predictions, aligned_with(sample_weight, y_pred, self.output_names, "sample_weight")
        return targets, predictions, [sample_weight] * len(predictions)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Adds a batch to the metrics and gives the figures so far; may be overridden.

        Args:
            x: Inputs of the batch.
            y: Targets.
            y_pred: Outputs of the model.
            sample_weight: Weights of samples, or of time steps.

        Returns:
            Figures by name, the mean loss among them.
        """
        self._update_metrics(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def _update_metrics(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        loss, compiled = self._require_compiled("compute_metrics")
        if not compiled.built or compiled.parts:
            targets, predictions, weights = self._by_output(y, y_pred, sample_weight)
            if not compiled.built:
                compiled.build(targets, predictions, y_pred, self.output_names, loss)
                self._restore_figures("metrics")
            compiled.update(targets, predictions, weights)
        self._collect_from_layers()

    def _collect_from_layers(self) -> None:
        """Adds what layers added by `add_metric` in the last call to the figures."""
        token = self._call_token
        for place, layer in enumerate(self._structure().layers):
            for of, name, values in layer._reported:
                if of is token:
                    self._layer_mean(place, name).update_state(values.reshape(-1))

    def _note_loss(self, loss: Tensor, y_pred: Any, steps: int = 1) -> None:
        compiled, mean = self._compiled_loss, self._loss_mean
        assert compiled is not None
        count = compiled.counted(y_pred, steps)
        mean.total += loss.item() * count
        mean.count += count

    def _measure(self, batch: Batch, y_pred: Any, training: bool, steps: int = 1) -> Tensor:
        """The loss of a batch for these outputs, noted in the mean loss and followed by the metrics."""
        x, y, sample_weight = batch
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=training)
        self._note_loss(loss, y_pred, steps)
        if type(self).compute_metrics is Steps.compute_metrics:
            self._update_metrics(y, y_pred, sample_weight)
        else:
            self._own_figures = self.compute_metrics(x, y, y_pred, sample_weight)
        return loss

    def _figures(self) -> dict[str, Any]:
        """The figures after a step."""
        return self.get_metrics_result() if self._own_figures is None else self._own_figures

    def _train_batch(self, batch: Batch) -> Callable[[], dict[str, Any]]:
        # Metrics come before the update: what does not fit changes no weight.
        loss = self._measure(batch, self(batch[0], training=True), True)
        self._descend(loss, batch[0])
        return self._figures

    def _train_windows(self, batch: Batch, truncation: Truncation) -> Callable[[], dict[str, Any]]:
        """Truncated backpropagation through a batch: an update for each of its windows."""
        for window in truncation.windows(batch):
            y_pred = window.outputs(self(window.x, training=True))
            loss = self._measure((window.x, window.y, window.sample_weight), y_pred, True, window.steps)
            self._descend(loss, window.x)
            if self.run.interrupted or self.run.halted:
                break
        return self._figures

    def _descend(self, loss: Tensor, x: Any) -> None:
        variables = self._structure().variables
        if variables:
            self.optimizer.build(variables)
            self.optimizer.zero_gradients()
            loss.backward()
            if self.run.watchers and not all(watch(loss, x) for watch in self.run.watchers):
                self.run.halted = True
                return
            self.optimizer.step()

    def _test_batch(self, batch: Batch) -> Callable[[], dict[str, Any]]:
        self._measure(batch, self(batch[0], training=False), False)
        return self._figures

    def _predict_batch(self, batch: Batch) -> Any:
        if self._has_own("predict"):
            return self.predict_step(packed(batch))
        return self(batch[0], training=False)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Does one training step and gives the figures so far; may be overridden.

        Args:
            data: (x, y) or (x, y, sample_weight).

        Returns:
            Figures by name.
        """
        self._train_batch(unpack(data))
        return self._figures()

    def test_step(self, data: Any) -> dict[str, Any]:
        """Does one step of `evaluate` and gives the figures so far, as `train_step`; may be overridden."""
        self._test_batch(unpack(data))
        return self._figures()

    def predict_step(self, data: Any) -> Any:
        """The outputs for a batch; may be overridden."""
        return self(unpack(data)[0], training=False)

    def _truncation(self, truncate: Any, x: Any) -> Truncation:
        """The cutting of batches like `x` that `truncate` asks for; refuses what it does not fit."""
        if self._has_own("train"):
            raise ValueError(f"model '{self.name}': truncate replaces train_step, but the model defines its own")
        self._build_for_arrays(x, open_time=True)
        return Truncation(self, truncate)

    def _has_own(self, kind: str) -> bool:
        """Whether `train_step`, `test_step` or `predict_step` is overridden."""
        name, own = _STEPS[kind]
        return getattr(type(self), name) is not own or name in self.__dict__

    def _float_type(self) -> str:
        """The float type in which data are read: float64 if any layer computes so."""
        known = self._float_type_at
        if known is None or known[0] != WeightHolder.changes:
            double = any(getattr(layer, "dtype", None) == "float64" for layer in self._flatten_layers())
            known = self._float_type_at = WeightHolder.changes, "float64" if double else config.floatx()
        return known[1]

    def _output_shape(self, x: Any) -> tuple[Any, ...] | None:
        """The shape of the only output; a model that does not know it is called on `x`, which must change nothing."""
        if not self.outputs and not any(getattr(layer, "stateful", False) for layer in self._flatten_layers()):
            with no_grad():
                y_pred = self(x, training=False)
            return tuple(y_pred.shape) if isinstance(y_pred, Tensor) else None
        return tuple(self.outputs[0].shape) if len(self.outputs) == 1 else None

    def _has_own_loss(self) -> bool:
        """Whether `compute_loss` is overridden."""
        return type(self).compute_loss is not Steps.compute_loss

    def _needs_targets(self) -> bool:
        return not self._has_own("train") and self.loss is not None

    def _build_for_arrays(self, x: Any, open_time: bool = False) -> None:
        """Builds a model that learns the shape of its input from the first data; others know it or need no shape.

        open_time: whether other numbers of time steps will come.
        """

    def _step_for(self, kind: str, truncation: Truncation | None = None) -> StepFunction:
        """A function that does a step and returns how to get the figures after it."""
        if self._has_own(kind):
            return self._own_step(kind)
        if truncation is not None:
            return partial(self._train_windows, truncation=truncation)
        return self._train_batch if kind == "train" else self._test_batch

    def _own_step(self, kind: str) -> StepFunction:
        """The same of an overridden `train_step` or `test_step`."""
        method = getattr(self, f"{kind}_step")

        def overridden(batch: Batch) -> Callable[[], dict[str, Any]]:
            figures = {name: as_figure(value) for name, value in method(packed(batch)).items()}
            return lambda: figures

        return overridden


#: The methods that may be overridden, by kind: their names, and what they are here.
_STEPS = {
    "train": ("train_step", Steps.train_step),
    "test": ("test_step", Steps.test_step),
    "predict": ("predict_step", Steps.predict_step),
}
