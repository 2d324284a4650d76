"""Trainer: compile, fit, evaluate, predict, and the same for single batches."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from recurra.callbacks import CallbackList, History, ProgbarLogger
from recurra.callbacks.progbar import checked_verbose
from recurra.checks import whole_number
from recurra.models.data.arrays import structures
from recurra.models.data.class_weights import with_class_weight
from recurra.models.data.feed import Feed, feed_of
from recurra.models.data.reader import Reader
from recurra.models.data.sources import packed
from recurra.models.training import loops
from recurra.models.training.ahead import check_rows, check_validation
from recurra.models.training.arguments import (
    FitArguments,
    check_arrays,
    frequency,
    training_source,
    with_validation,
)
from recurra.models.training.generator_names import GeneratorNames
from recurra.models.training.run import Run
from recurra.models.training.steps import Steps
from recurra.progress import is_terminal
from recurra.tensor import no_grad


class Trainer(Steps, GeneratorNames):
    """What makes a model trainable; part of Model."""

    _kind = "model"  # what messages call the classes of this kind

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
                window; activity penalties count whole windows. See `recurra.models.training.truncation`.

        Ctrl-C stops after the step that is running; fit says so and returns the history as after any other end, with
        the epochs that were completed. A second Ctrl-C raises KeyboardInterrupt at once.

        Raises: ValueError or TypeError, before anything is trained, for data that do not fit.
        """
        self._require_compiled("fit")
        verbose = checked_verbose(verbose)
        epochs = whole_number(epochs, "fit", "epochs", 0)
        initial_epoch = whole_number(initial_epoch, "fit", "initial_epoch", 0)
        shuffle = bool(shuffle) and truncate is None
        reader = Reader(self, builds=True, open_time=truncate is not None)
        source = training_source(reader, x, y, sample_weight, lengths, batch_size, shuffle, self._needs_targets())
        truncation = None if truncate is None else self._truncation(truncate, x)
        source, held_out = with_validation(
            reader, source, validation_split, validation_data, validation_lengths, batch_size, validation_batch_size
        )
        check_arrays(self, source)
        check_arrays(self, held_out, "validation_data: ")
        check_rows(self, source)
        check_validation(self, source, held_out, apart=truncation is not None)
        arguments = FitArguments(
            feed=Feed(
                source,
                steps_per_epoch,
                shuffle,
                with_class_weight(class_weight, self._output_shape),
                reader,
                steps_name="steps_per_epoch",
            ),
            validation=None
            if held_out is None
            else Feed(held_out, validation_steps, False, None, reader, "validation_data", "validation_steps"),
            epochs=epochs,
            initial_epoch=initial_epoch,
            validation_freq=frequency(validation_freq),
            verbose=verbose,
            callbacks=callbacks,
            truncation=truncation,
        )
        return loops.fit(self, arguments)

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
        verbose = checked_verbose(verbose)
        feed = feed_of(Reader(self, builds=True), "evaluate", x, y, sample_weight, batch_size, steps, lengths)
        check_arrays(self, feed.source)
        check_rows(self, feed.source)
        with self._running(feed, callbacks, verbose) as called:
            figures = loops.evaluate(self, feed, called)
            if self.run.step == 0:
                raise ValueError("evaluate: x is empty: it gave no batch")
        return figures if return_dict else _values(figures)

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
        feed = feed_of(Reader(self, builds=True), "predict", x, None, None, batch_size, steps, lengths)
        check_arrays(self, feed.source)
        check_rows(self, feed.source)
        with self._running(feed, callbacks, shown) as called:
            outputs = loops.predict(self, feed, called)
        return structures(outputs)

    @contextmanager
    def _running(self, feed: Feed, callbacks: Any, verbose: int) -> Iterator[CallbackList]:
        """Within it the model's run is one of its own, with these callbacks; after it the outer run is back."""
        outer, self.run = self.run, Run(feed=feed)
        try:
            called = [*loops.listed(callbacks), *([ProgbarLogger()] if verbose else [])]
            self.run.callbacks = CallbackList(called, self, steps=feed.total, verbose=verbose)
            yield self.run.callbacks
        finally:
            self.run = outer

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
        weigh = with_class_weight(class_weight, self._output_shape)
        batch = Reader(self).batch(x, y, sample_weight, lengths)
        self.reset_metrics()
        figures = self._step_for("train", truncation)(batch if weigh is None else weigh(batch))()
        return figures if return_dict else _values(figures)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False, lengths: Any = None
    ) -> Any:
        """The loss and the metrics of one batch. Returns: as `train_on_batch`."""
        self._require_compiled("test_on_batch")
        batch = Reader(self).batch(x, y, sample_weight, lengths)
        self.reset_metrics()
        with no_grad():
            figures = self._step_for("test")(batch)()
        return figures if return_dict else _values(figures)

    def predict_on_batch(self, x: Any, lengths: Any = None) -> Any:
        """The outputs for one batch, as arrays."""
        with no_grad():
            return loops.as_arrays(self.predict_step(packed(Reader(self).batch(x, None, None, lengths))))


def _values(figures: Mapping[str, Any]) -> Any:
    values = list(figures.values())
    return values[0] if len(values) == 1 else values
