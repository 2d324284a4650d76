"""Trainer: compile, fit, evaluate, predict, and the same for single batches.

A training step runs forward, takes the loss, runs backward into the parameter block, and lets the optimizer make one
pass over it. What it adds in Python is a handful of calls, however many weights there are.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from recurra import losses, metrics, optimizers, serialization
from recurra.callbacks import BackupAndRestore, CallbackList, History, ProgbarLogger
from recurra.callbacks.progbar import checked_verbose
from recurra.layers.base import Layer
from recurra.layers.weights import WeightHolder
from recurra.losses import FunctionLoss, Loss
from recurra.metrics import Mean, Metric
from recurra.models import batches
from recurra.models import lengths as sequence_lengths
from recurra.models.batches import Batch, Feed
from recurra.models.border import check_inputs, check_targets
from recurra.models.compiled import CompiledLoss, CompiledMetrics, aligned_with, check_names, flat_identifiers
from recurra.models.generator_names import GeneratorNames
from recurra.models.run import Run, Structure, stop_on_interrupt
from recurra.models.truncation import Truncation
from recurra.progress import is_terminal
from recurra.tensor import Tensor, convert_to_numpy, no_grad
from recurra.tree import flatten, map_structure

if TYPE_CHECKING:
    from recurra.tensor import Variable


class Trainer(GeneratorNames):
    """What makes a model trainable; part of Model."""

    # What a model brings.
    name: str
    built: bool
    if TYPE_CHECKING:

        @property
        def layers(self) -> list[Any]: ...
        @property
        def losses(self) -> list[Tensor]: ...
        @property
        def weights(self) -> list[Variable]: ...
        @property
        def trainable_variables(self) -> list[Variable]: ...
        @property
        def inputs(self) -> list[Any]: ...
        @property
        def outputs(self) -> list[Any]: ...

        _call_token: object | None

        def _flatten_layers(self) -> list[Any]: ...
        @property
        def output_names(self) -> list[str]: ...
        def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
        def build(self, input_shape: Any) -> None: ...
        def reset_states(self) -> None: ...

    def __init__(self) -> None:
        self.optimizer: Any = None
        self.stop_training = False
        self.history: History | None = None
        self.run = Run()
        self._compiled_loss: CompiledLoss | None = None
        self._compiled_metrics: CompiledMetrics | None = None
        self._compile_arguments: dict[str, Any] = {}
        self._loss_mean = Mean("loss")

    # ---- compile

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Settles how the model is trained.

        Arguments:
            optimizer: name or Optimizer; default "rmsprop".
            loss: name, Loss or function of (y_true, y_pred); for several outputs a list, or a dictionary by output
            name. loss_weights: factor of each output's loss, as a list or dictionary; default 1 each.
            metrics: list of names, Metrics and functions; for several outputs a list of such lists, or a dictionary.
            weighted_metrics: the same, but taking sample weights and class weights.
            run_eagerly, steps_per_execution, jit_compile, auto_scale_loss: taken for Keras's sake, without effect.

        Raises: ValueError for an unknown name, saying which are close to it.
        """
        new_optimizer = optimizers.get(optimizer)
        check_names(loss, [*flat_identifiers(metrics), *flat_identifiers(weighted_metrics)])
        self.optimizer = new_optimizer
        self._compile_arguments = {
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
        }
        self._compiled_loss = CompiledLoss(loss, loss_weights)
        self._compiled_metrics = CompiledMetrics(metrics, weighted_metrics)
        self._loss_mean.reset_state()
        self.stop_training = False
        self.run = Run()

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled_loss is not None

    @property
    def loss(self) -> Any:
        """The loss that `compile` was given."""
        return self._compile_arguments.get("loss")

    @property
    def metrics(self) -> list[Metric]:
        """The mean loss and the metrics."""
        out: list[Metric] = [self._loss_mean]
        if self._compiled_loss is not None:
            out += self._compiled_loss.means
        if self._compiled_metrics is not None:
            out += [metric for _, metric, _ in self._compiled_metrics.parts]
        return out

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns."""
        names = ["loss"]
        if self._compiled_loss is not None:
            names += [mean.name for mean in self._compiled_loss.means]
        if self._compiled_metrics is not None:
            names += self._compiled_metrics.names
        return names

    def reset_metrics(self) -> None:
        """Forgets the figures collected."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The figures so far, by name: the mean loss, then the metrics."""
        out: dict[str, Any] = {"loss": self._loss_mean.result()}
        if self._compiled_loss is not None:
            out |= {mean.name: mean.result() for mean in self._compiled_loss.means}
        if self._compiled_metrics is not None and self._compiled_metrics.built:
            out |= self._compiled_metrics.results()
        return out

    def _require_compiled(self, what: str) -> tuple[CompiledLoss, CompiledMetrics]:
        if self._compiled_loss is None or self._compiled_metrics is None:
            raise ValueError(f"model '{self.name}': call compile(optimizer, loss) before {what}")
        return self._compiled_loss, self._compiled_metrics

    # ---- steps

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """The loss of a batch with all penalties; may be overridden."""
        compiled, _ = self._require_compiled("compute_loss")
        single = isinstance(y_pred, Tensor)
        if single and not isinstance(y, (list, tuple, dict)):
            targets, predictions, weights = [y], [y_pred], [sample_weight]
        else:
            targets = self._per_output(y, y_pred, "y")
            predictions = flatten(y_pred)
            weights = self._weights_per_output(sample_weight, y_pred)
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
        found = [loss for layer in structure.layers for of, loss in layer._losses if of is token]
        return found + [variable.regularizer(variable) for variable in structure.penalised]

    def _per_output(self, structure: Any, outputs: Any, what: str) -> list[Any]:
        if structure is None:
            return [None] * len(flatten(outputs))
        return aligned_with(structure, outputs, self.output_names, what)

    def _weights_per_output(self, weights: Any, outputs: Any) -> list[Any]:
        if weights is None or not isinstance(weights, (list, tuple, dict)):
            return [weights] * len(flatten(outputs))
        return self._per_output(weights, outputs, "sample_weight")

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Adds a batch to the metrics and gives the figures so far; may be overridden."""
        self._update_metrics(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def _update_metrics(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        _, compiled = self._require_compiled("compute_metrics")
        if compiled.built and not compiled.parts:
            return
        targets = self._per_output(y, y_pred, "y")
        predictions = flatten(y_pred)
        if not compiled.built:
            compiled.build(targets, predictions, y_pred, self.output_names)
            self._restore_figures("metrics")
        compiled.update(targets, predictions, self._weights_per_output(sample_weight, y_pred))

    def _note_loss(self, loss: Tensor, y_pred: Any, steps: int = 1) -> None:
        first = y_pred if isinstance(y_pred, Tensor) else flatten(y_pred)[0]
        count = (first.shape[0] if first.ndim else 1) * steps
        self._loss_mean.total += loss.item() * count
        self._loss_mean.count += count

    def _train_batch(self, batch: Batch) -> None:
        x, y, sample_weight = batch
        y_pred = self(x, training=True)
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=True)
        self._descend(loss, x)
        self._note_loss(loss, y_pred)
        self._update_metrics(y, y_pred, sample_weight)

    def _train_windows(self, batch: Batch, truncation: Truncation) -> None:
        """Truncated backpropagation through a batch: an update for each of its windows."""
        for window in truncation.windows(batch):
            y_pred = window.outputs(self(window.x, training=True))
            loss = self.compute_loss(window.x, window.y, y_pred, window.sample_weight, training=True)
            self._descend(loss, window.x)
            self._note_loss(loss, y_pred, window.steps)
            self._update_metrics(window.y, y_pred, window.sample_weight)
            if self.run.interrupted or self.run.halted:
                return

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

    def _test_batch(self, batch: Batch) -> None:
        x, y, sample_weight = batch
        y_pred = self(x, training=False)
        self._note_loss(self.compute_loss(x, y, y_pred, sample_weight, training=False), y_pred)
        self._update_metrics(y, y_pred, sample_weight)

    def train_step(self, data: Any) -> dict[str, Any]:
        """One training step on (x, y) or (x, y, sample_weight); gives the figures so far; may be overridden."""
        self._train_batch(batches.unpack(data))
        return self.get_metrics_result()

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of `evaluate`; gives the figures so far; may be overridden."""
        self._test_batch(batches.unpack(data))
        return self.get_metrics_result()

    def predict_step(self, data: Any) -> Any:
        """The outputs for a batch; may be overridden."""
        return self(batches.unpack(data)[0], training=False)

    def _truncation(self, truncate: Any, x: Any) -> Truncation:
        """The cutting of batches like `x` that `truncate` asks for; refuses what it does not fit."""
        if self._has_own("train"):
            raise ValueError(f"model '{self.name}': truncate replaces train_step, but the model defines its own")
        if not self.built and hasattr(x, "shape") and type(self).__name__ == "Sequential" and len(x.shape) > 1:
            self.build((None, None, *x.shape[2:]))
        return Truncation(self, truncate)

    def _has_own(self, kind: str) -> bool:
        """Whether `train_step` or `test_step` is overridden."""
        name = f"{kind}_step"
        return getattr(type(self), name) is not getattr(Trainer, name) or name in vars(self)

    def _step_for(
        self, kind: str, truncation: Truncation | None = None
    ) -> Callable[[Batch], Callable[[], dict[str, Any]]]:
        """A function that does a step and returns how to get the figures after it."""
        if not self._has_own(kind):
            fast = self._train_batch if kind == "train" else self._test_batch

            def step(batch: Batch) -> Callable[[], dict[str, Any]]:
                if truncation is None:
                    fast(batch)
                else:
                    self._train_windows(batch, truncation)
                return self.get_metrics_result

            return step
        method = getattr(self, f"{kind}_step")

        def overridden(batch: Batch) -> Callable[[], dict[str, Any]]:
            figures = {name: float(np.asarray(value)) for name, value in method(_packed(batch)).items()}
            return lambda: figures

        return overridden

    # ---- fit

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
        lengths: Any = None,
        validation_lengths: Any = None,
        truncate: tuple[int, int] | None = None,
    ) -> History:
        """Trains the model and returns the history of the figures.

        Arguments:
            x: inputs (an array; a list or dictionary of arrays for several), or a source of batches: anything that can
                be iterated over, also a generator, giving (x, y), (x, y, sample_weight) or (x, y, sample_weight,
                lengths), with None for what is missing.
            y: targets; left out for a source.
            batch_size: samples in a step, default 32; not for sources.
            epochs: number of the last epoch, counted from 1.
            verbose: 0 silent, 1 or "auto" a progress bar, 2 one line an epoch.
            callbacks: list of callbacks.
            validation_split: share of the samples, from the end, kept for validation.
            validation_data: (x, y), (x, y, sample_weight) or a source, evaluated after each epoch.
            shuffle: draw the samples of arrays in a new order each epoch, default True.
            class_weight: weights by class number.
            sample_weight: weights of samples, or of time steps.
            initial_epoch: epochs that were done before.
            steps_per_epoch: batches in an epoch; default all there are.
            validation_steps: batches of the validation; default all there are.
            validation_batch_size: default batch_size.
            validation_freq: validate every so many epochs, or in these epochs (from 1).
            lengths: integers (N,), for sequences that were padded at their end to make the arrays of x: how many steps
                count. What stands behind has no influence on any value or gradient: the model gets a mask, as layers
                do (see `recurra.layers.RNN`), and loss and metrics leave those steps out. For several inputs a list
                or dictionary, None for inputs without.
            validation_lengths: the same of the arrays in validation_data.
            truncate: (k1, k2), to train on streams of any length by truncated backpropagation through time: an update
                every k1 time steps, from the losses of these steps, with the gradient through the last k2 >= k1 steps.
                x and y are (B, T, ...) with an open T; all recurrent layers are stateful. The states go on from window
                to window, and from batch to batch, each of whose rows continues the row of the batch before; they are
                reset when a pass over the data begins. The gradient does not go back behind the beginning of a batch.
                Nothing is shuffled. Validation starts from fresh states. Other layers that look along time see one
                window; activity penalties count whole windows. See `recurra.models.truncation`.

        Ctrl-C stops after the step that is running; fit says so and returns the history as after any other end, with
        the epochs that were completed. A second Ctrl-C raises KeyboardInterrupt at once.

        Raises: ValueError or TypeError, before anything is trained, for data that do not fit.
        """
        self._require_compiled("fit")
        verbose = checked_verbose(verbose)
        _check_count(epochs, "epochs", 0)
        _check_count(initial_epoch, "initial_epoch", 0)
        batches.check_data_arguments(x, y, sample_weight, lengths)
        if x is None:
            raise ValueError("fit: x is missing: give arrays, a source of batches or a generator")
        truncation = None if truncate is None else self._truncation(truncate, x)
        shuffle = bool(shuffle) and truncation is None
        if not isinstance(validation_freq, int):
            validation_freq = frozenset(validation_freq)  # type: ignore[assignment]
        source = x
        if not batches.is_source(x):
            source = batches.ArrayBatches(x, y, sample_weight, batch_size, shuffle, lengths)
            if y is None and self._needs_targets():
                raise ValueError("fit: y is missing: give the targets of x")
        elif batch_size is not None:
            raise ValueError("fit: batch_size is for arrays; a source of batches settles it by itself")
        held_out = None
        if validation_split and validation_data is None:
            if not isinstance(source, batches.ArrayBatches):
                raise ValueError("fit: validation_split needs arrays; give validation_data for a source of batches")
            source, held_out = source.split(validation_split)
        if validation_data is not None:
            held_out = self._validation_source(validation_data, validation_batch_size or batch_size, validation_lengths)
        elif held_out is not None and validation_batch_size:
            held_out.batch_size = validation_batch_size
        self._check_arrays(source, held_out)
        if truncation is not None and isinstance(source, batches.ArrayBatches):
            truncation.check_rows(source.samples, source.batch_size)
        feed = Feed(source, steps_per_epoch, shuffle, batches.with_class_weight(class_weight))
        validation = None if held_out is None else Feed(held_out, validation_steps, False, what="validation_data")
        return self._fit(feed, validation, epochs, initial_epoch, validation_freq, verbose, callbacks, truncation)

    def _needs_targets(self) -> bool:
        return type(self).train_step is Trainer.train_step and self.loss is not None

    def _validation_source(self, validation_data: Any, batch_size: int | None, lengths: Any) -> Any:
        x, y, weight = batches.validation_parts(validation_data)
        batches.check_data_arguments(x, y, weight, lengths)
        if batches.is_source(x):
            return x
        try:
            return batches.ArrayBatches(x, y, weight, batch_size, lengths=lengths)
        except (ValueError, TypeError) as error:
            raise type(error)(f"validation_data: {error}") from None

    def _check_arrays(self, source: Any, held_out: Any) -> None:
        """Checks all arrays against the model before the first step."""
        for data, what in ((source, ""), (held_out, "validation_data: ")):
            if isinstance(data, batches.ArrayBatches):
                check_inputs(self, data.x, what)
                check_targets(self, data.y, what)

    def _fit(
        self,
        feed: Feed,
        validation: Feed | None,
        epochs: int,
        initial_epoch: int,
        validation_freq: Any,
        verbose: int,
        callbacks: Any,
        truncation: Truncation | None,
    ) -> History:
        history = History()
        self.history = history
        self.stop_training = False
        run = self.run = Run(feed=feed, epoch=initial_epoch)
        run.callbacks = CallbackList(
            _in_order(callbacks, history, verbose),
            self,
            epochs=epochs,
            steps=feed.total,
            verbose=verbose,
            validation=validation is not None,
        )
        step = self._step_for("train", truncation)
        with stop_on_interrupt(run):
            run.callbacks.call("on_train_begin", {})
            while run.epoch < epochs and not self.stop_training:
                figures = self._fit_epoch(step, truncation)
                if run.interrupted or (feed.exhausted and run.step == 0):
                    break
                logs = dict(figures())
                if validation is not None and _is_due(run.epoch + 1, validation_freq):
                    steps, samples = run.step, run.samples
                    with nullcontext() if truncation is None else truncation.put_aside():
                        held_out = self._evaluate(validation, run.callbacks)
                    logs |= {f"val_{name}": value for name, value in held_out.items()}
                    run.step, run.samples = steps, samples
                    if run.interrupted:
                        break
                run.callbacks.call("on_epoch_end", run.epoch, logs)
                run.epoch += 1
                if feed.exhausted:
                    break
            if self.optimizer is not None:
                self.optimizer.finalize_variable_values()
            run.callbacks.call("on_train_end", {})
        if run.interrupted:
            print(
                f"Interrupted in epoch {run.epoch + 1} after step {run.step}: the model keeps its weights, the history "
                f"has {len(history.epoch)} epochs."
            )
        return history

    def _fit_epoch(
        self, step: Callable[[Batch], Callable[[], dict[str, Any]]], truncation: Truncation | None
    ) -> Callable[[], dict[str, Any]]:
        run = self.run
        assert run.feed is not None
        assert run.callbacks is not None
        self.reset_metrics()
        run.structure = None  # layers may have been frozen or thawed since the last epoch
        if run.resumed is None:
            run.step = run.samples = 0
        else:
            run.step, run.samples, run.figures = run.resumed
            run.resumed = None
            for kind in ("loss", "losses", "metrics"):
                self._restore_figures(kind)
        run.callbacks.call("on_epoch_begin", run.epoch, {})
        figures: Callable[[], dict[str, Any]] = self.get_metrics_result
        for batch in run.feed.epoch(done=run.step):
            run.callbacks.batch_begin("train", run.step)
            if truncation is not None and run.feed.drawn == 1:
                self.reset_states()
            figures = step(batch)
            run.count(batch)
            run.callbacks.batch_end("train", run.step - 1, figures)
            if self.stop_training or run.interrupted:
                break
        run.figures = None
        return figures

    # ---- evaluate and predict

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        lengths: Any = None,
    ) -> Any:
        """The loss and the metrics on data; arguments as those of `fit`.

        Returns: the loss, or a list of loss and metrics in the order of `metrics_names`, or a dictionary if asked for.
        """
        self._require_compiled("evaluate")
        feed = batches.feed_of(x, y, sample_weight, batch_size, steps, lengths=lengths)
        self._check_arrays(feed.source, None)
        listed = _listed(callbacks, ProgbarLogger() if checked_verbose(verbose) else None)
        outer, self.run = self.run, Run(feed=feed)
        try:
            self.run.callbacks = CallbackList(listed, self, steps=feed.total, verbose=checked_verbose(verbose))
            logs = self._evaluate(feed, self.run.callbacks)
        finally:
            self.run = outer
        return logs if return_dict else _values(logs)

    def _evaluate(self, feed: Feed, callbacks: CallbackList) -> dict[str, Any]:
        run = self.run
        self.reset_metrics()
        run.step = run.samples = 0
        step = self._step_for("test")
        figures: Callable[[], dict[str, Any]] = self.get_metrics_result
        callbacks.call("on_test_begin", {})
        with no_grad():
            for batch in feed.epoch(anew=True):
                callbacks.batch_begin("test", run.step)
                figures = step(batch)
                run.count(batch)
                callbacks.batch_end("test", run.step - 1, figures)
                if run.interrupted:
                    break
        logs = figures()
        callbacks.call("on_test_end", logs)
        return logs

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        lengths: Any = None,
    ) -> Any:
        """The outputs of the model for inputs, as arrays.

        Arguments:
            x: inputs, or a source of batches (targets in them are left aside).
            batch_size: default 32.
            verbose: 0 silent, 1 a progress bar, "auto" a bar on a terminal.
            steps: batches of a source; default all there are.
            callbacks: list of callbacks.
            lengths: steps that count of each sequence, as in `fit`.
        """
        shown = 0 if verbose == "auto" and not is_terminal(sys.stdout) else checked_verbose(verbose)
        feed = batches.feed_of(x, None, None, batch_size, steps, lengths=lengths)
        if isinstance(feed.source, batches.ArrayBatches):
            check_inputs(self, feed.source.x, "")
        listed = _listed(callbacks, ProgbarLogger() if shown else None)
        outer, self.run = self.run, Run(feed=feed)
        try:
            self.run.callbacks = CallbackList(listed, self, steps=feed.total, verbose=shown)
            outputs = self._predict(feed, self.run.callbacks)
        finally:
            self.run = outer
        return batches.structures(outputs)

    def _predict(self, feed: Feed, callbacks: CallbackList) -> list[Any]:
        run = self.run
        outputs: list[Any] = []
        callbacks.call("on_predict_begin", {})
        with no_grad():
            for batch in feed.epoch():
                callbacks.batch_begin("predict", run.step)
                outputs.append(_as_arrays(self.predict_step(_packed(batch))))
                run.count(batch)
                callbacks.batch_end("predict", run.step - 1, lambda: {"outputs": outputs[-1]})
        callbacks.call("on_predict_end", {})
        return outputs

    # ---- single batches

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
        lengths: Any = None,
        truncate: tuple[int, int] | None = None,
    ) -> Any:
        """One training step on one batch; with `truncate` one for each of its windows. Arguments as those of `fit`.

        The states of stateful layers go on from the batch before; `reset_states()` lets them start anew.

        Returns: as `evaluate`, of this batch alone.
        """
        self._require_compiled("train_on_batch")
        truncation = None if truncate is None else self._truncation(truncate, x)
        weigh = batches.with_class_weight(class_weight)
        batch = self._single_batch(x, y, sample_weight, lengths)
        self.reset_metrics()
        figures = self._step_for("train", truncation)(batch if weigh is None else weigh(batch))()
        return figures if return_dict else _values(figures)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False, lengths: Any = None
    ) -> Any:
        """The loss and the metrics of one batch. Returns: as `train_on_batch`."""
        self._require_compiled("test_on_batch")
        batch = self._single_batch(x, y, sample_weight, lengths)
        self.reset_metrics()
        with no_grad():
            figures = self._step_for("test")(batch)()
        return figures if return_dict else _values(figures)

    def predict_on_batch(self, x: Any, lengths: Any = None) -> Any:
        """The outputs for one batch, as arrays."""
        with no_grad():
            return _as_arrays(self.predict_step(_packed(self._single_batch(x, None, None, lengths))))

    def _single_batch(self, x: Any, y: Any, sample_weight: Any, lengths: Any) -> Batch:
        inputs = batches.arrays_of(x, "x", text=True)
        targets, weights = batches.arrays_of(y, "y"), batches.arrays_of(sample_weight, "sample_weight")
        batches.check_lengths(inputs, targets, weights)
        return sequence_lengths.with_masks(inputs, sequence_lengths.checked(lengths, inputs)), targets, weights

    # ---- state and configuration

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile` was given, as names and descriptions; empty if it was not called or cannot be described."""
        if not self.compiled:
            return {}
        described = {name: map_structure(_described, value) for name, value in self._compile_arguments.items()}
        try:
            return {
                "optimizer": optimizers.serialize(self.optimizer),
                **{name: serialization.plain(value) for name, value in described.items()},
            }
        except TypeError as error:
            warnings.warn(f"the settings of compile are not stored: {error}; compile again after loading", stacklevel=3)
            return {}

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compiles as `get_compile_config` says; builds the optimizer if the model has weights."""
        config = serialization.restored(config)
        self.compile(
            optimizers.deserialize(config["optimizer"]),
            loss=_recalled(config.get("loss"), losses.deserialize),
            loss_weights=config.get("loss_weights"),
            metrics=_recalled(config.get("metrics"), metrics.deserialize),
            weighted_metrics=_recalled(config.get("weighted_metrics"), metrics.deserialize),
        )
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def _trainer_state(self) -> dict[str, np.ndarray]:
        """The optimizer's state, empty before the first step."""
        if self.optimizer is None or not self.optimizer.built:
            return {}
        return {f"optimizer/{name}": array for name, array in self.optimizer.state().items()}

    def _set_trainer_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Puts back what `_trainer_state` gave."""
        own = {name.removeprefix("optimizer/"): array for name, array in state.items()}
        if own:
            self.optimizer.build(self.trainable_variables)
            self.optimizer.set_state(own)

    def _figures_state(self) -> dict[str, Any]:
        """The sums of loss and metrics in the middle of an epoch."""
        loss, compiled = self._require_compiled("fit")
        return {
            "loss": self._loss_mean.state(),
            "losses": [mean.state() for mean in loss.means],
            "metrics": [metric.state() for _, metric, _ in compiled.parts],
        }

    def _restore_figures(self, kind: str) -> None:
        """Puts back a part of what `_figures_state` gave, if an interrupted epoch is taken up."""
        if self.run.figures is None:
            return
        loss, compiled = self._require_compiled("fit")
        if kind == "loss":
            self._loss_mean.set_state(self.run.figures["loss"])
            return
        own = loss.means if kind == "losses" else [metric for _, metric, _ in compiled.parts]
        for metric, state in zip(own, self.run.figures[kind], strict=bool(own)):
            metric.set_state(state)


def _packed(batch: Batch) -> Any:
    return batches.pack_x_y_sample_weight(*batch)


def _as_arrays(outputs: Any) -> Any:
    return map_structure(convert_to_numpy, outputs)


def _values(figures: Mapping[str, Any]) -> Any:
    values = list(figures.values())
    return values[0] if len(values) == 1 else values


def _check_count(value: Any, what: str, least: int) -> None:
    if not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"fit: {what} must be a whole number of at least {least}, got {value!r}")


def _is_due(epoch: int, frequency: Any) -> bool:
    return epoch % frequency == 0 if isinstance(frequency, int) else epoch in frequency


def _listed(callbacks: Any, own: Any = None) -> list[Any]:
    if callbacks is None:
        callbacks = []
    elif isinstance(callbacks, CallbackList):
        callbacks = callbacks.callbacks
    elif not isinstance(callbacks, Iterable):
        callbacks = [callbacks]
    return [*callbacks, *([] if own is None else [own])]


def _in_order(callbacks: Any, history: History, verbose: int) -> list[Any]:
    """The user's callbacks, the history, the display, and the backup last: it stores the state of all others."""
    listed = _listed(callbacks)
    backups = [callback for callback in listed if isinstance(callback, BackupAndRestore)]
    shown = any(isinstance(callback, ProgbarLogger) for callback in listed)
    display = [ProgbarLogger()] if verbose and not shown else []
    return [*(callback for callback in listed if callback not in backups), history, *display, *backups]


def _described(item: Any) -> Any:
    """A loss or metric for a configuration: functions of the package by their name."""
    if isinstance(item, type) and issubclass(item, (Loss, Metric)):
        return item.__name__
    if isinstance(item, FunctionLoss) and type(item) is FunctionLoss and not item.arguments:
        item = item.function
    for name, function in losses.FUNCTIONS.items():
        if function is item:
            return name
    return item


def _recalled(value: Any, make: Callable[[Mapping[str, Any]], Any]) -> Any:
    """The structure with descriptions of objects made into objects."""
    if isinstance(value, Mapping):
        if "class_name" in value:
            return make(value)
        return {name: _recalled(item, make) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_recalled(item, make) for item in value]
    return value
