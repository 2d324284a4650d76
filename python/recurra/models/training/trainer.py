"""Trainer: compile, fit, evaluate, predict, and the same for single batches."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, overload

from recurra._engine import NoGradient
from recurra.callbacks import CallbackList, History, ProgbarLogger
from recurra.callbacks.progbar import checked_verbose
from recurra.checks import answers_unknown_keywords, whole_number
from recurra.layers.recurrent.rnn import stateful_layers
from recurra.models.data.arrays import structures
from recurra.models.data.class_weights import with_class_weight
from recurra.models.data.feed import Feed, feed_of
from recurra.models.data.reader import Reader
from recurra.models.training import loops
from recurra.models.training.ahead import check_rows, check_validation, nothing_changed_on_failure
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

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Trainer(Steps, GeneratorNames):
    """What makes a model trainable; part of Model."""

    _kind = "model"  # what messages call the classes of this kind

    @answers_unknown_keywords
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
        """Trains the model and returns the history of its figures.

        Ctrl-C stops after the step that is running: the callbacks hear of the end, `fit` raises KeyboardInterrupt, the
        model keeps its weights and `model.history` the epochs that were completed, so that training can go on. A second
        Ctrl-C raises KeyboardInterrupt at once.

        Args:
            x: Inputs: an array, nested list, column or frame; a list or dictionary of them for several inputs. Or a
                source of batches: anything that can be iterated over, also a generator, giving (x, y),
                (x, y, sample_weight) or (x, y, sample_weight, lengths), with None for what is missing.
            y: Targets; left out for a source.
            batch_size: Samples in a step, default 32; not for sources.
            epochs: Number of the last epoch, counted from 1.
            verbose: 0 shows nothing, 1 or "auto" a progress bar, 2 one line an epoch.
            callbacks: List of callbacks.
            validation_split: Share of the samples, from the end, kept for validation; default 0.
            validation_data: (x, y), (x, y, sample_weight) or a source, evaluated after each epoch.
            shuffle: Whether the samples of arrays are drawn in a new order each epoch, default True.
            class_weight: Weights by class number.
            sample_weight: Weights of samples, or of time steps.
            initial_epoch: Epochs that were done before.
            steps_per_epoch: Batches in an epoch; default all there are.
            validation_steps: Batches of the validation; default all there are.
            validation_batch_size: Samples in a step of the validation, default `batch_size`.
            validation_freq: Validate every so many epochs, or after these epochs (counted from 1).
            lengths: Integers (N,), for sequences that were padded at their end to make the arrays of x: how many steps
                count. What stands behind has no influence on any value or gradient: the model gets a mask, as layers
                do (see `recurra.layers.RNN`), and loss and metrics leave those steps out. For several inputs a list
                or dictionary, None for inputs without.
            validation_lengths: The same of the arrays in `validation_data`.
            truncate: (k1, k2), to train on streams of any length by truncated backpropagation through time: an update
                every k1 time steps, from the losses of these steps, with the gradient through the last k2 >= k1 steps.
                x and y are (B, T, ...) with an open T; all recurrent layers are stateful. The states go on from window
                to window, and from batch to batch, each of whose rows continues the row of the batch before; they are
                reset when a pass over the data begins. The gradient does not go back behind the beginning of a batch.
                Nothing is shuffled. Validation starts from fresh states. Other layers that look along time see one
                window; activity penalties count whole windows. See `recurra.models.training.truncation`.

        Returns:
            The `History`: figures of every epoch by name.

        Raises:
            ValueError, TypeError: Arguments or data do not fit. The model is as it was before.
            KeyboardInterrupt: After Ctrl-C.

        Example:
            >>> x, y = np.ones((64, 5, 2), "float32"), np.zeros((64, 1), "float32")
            >>> model = recurra.Sequential([recurra.layers.GRU(4), recurra.layers.Dense(1)])
            >>> model.compile(optimizer="adam", loss="mse")
            >>> history = model.fit(x, y, epochs=2, verbose=0)
            >>> len(history.history["loss"])
            2
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

    @overload
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        *,
        return_dict: Literal[True],
        lengths: Any = None,
    ) -> dict[str, float]: ...
    @overload
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
    ) -> Any: ...
    @answers_unknown_keywords
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
        """Computes the loss and the metrics on data.

        Args:
            x: Inputs, or a source of batches, as in `fit`.
            y: Targets; left out for a source.
            batch_size: Samples in a step, default 32; not for sources.
            verbose: 0 shows nothing, 1 or "auto" a progress bar, 2 one line.
            sample_weight: Weights of samples, or of time steps.
            steps: Batches of a source; default all there are.
            callbacks: List of callbacks.
            return_dict: Whether the figures come by name, default False.
            lengths: How many steps of each sequence count, as in `fit`.

        Returns:
            The loss, a float; with metrics a list of loss and metrics in the order of `metrics_names`. With
            `return_dict` a dictionary.

        Raises:
            ValueError, TypeError: Arguments or data do not fit.
        """
        self._require_compiled("evaluate")
        verbose = checked_verbose(verbose)
        feed = feed_of(Reader(self, builds=True), "evaluate", x, y, sample_weight, batch_size, steps, lengths)
        check_arrays(self, feed.source)
        check_rows(self, feed.source)
        with self._running(feed, callbacks, verbose) as (run, called):
            figures = loops.evaluate(self, feed, called)
            if run.step == 0:
                raise ValueError("evaluate: x is empty: it gave no batch")
        return figures if return_dict else _values(figures)

    @answers_unknown_keywords
    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        lengths: Any = None,
    ) -> NDArray[Any]:
        """Computes the outputs for inputs, batch by batch.

        Several threads may call `predict` of one model at the same time. Nothing locks the weights: a thread that
        trains or sets them meanwhile gives the others mixtures of old and new ones.

        Args:
            x: Inputs, or a source of batches (targets in them are left aside), as in `fit`.
            batch_size: Samples in a step, default 32; not for sources.
            verbose: 0 shows nothing, 1 a progress bar, "auto" a bar on a terminal.
            steps: Batches of a source; default all there are.
            callbacks: List of callbacks.
            lengths: How many steps of each sequence count, as in `fit`.

        Returns:
            An array with the samples along its first axis; a list or dictionary of arrays for several outputs.

        Raises:
            ValueError, TypeError: Arguments or data do not fit.

        Example:
            >>> model = recurra.Sequential([recurra.layers.LSTM(3)])
            >>> model.predict(np.zeros((2, 5, 1)), verbose=0).shape
            (2, 3)
        """
        shown = 0 if verbose == "auto" and not is_terminal(sys.stdout) else checked_verbose(verbose)
        feed = feed_of(Reader(self, builds=True), "predict", x, None, None, batch_size, steps, lengths)
        check_arrays(self, feed.source)
        check_rows(self, feed.source)
        with self._running(feed, callbacks, shown) as (run, called):
            outputs = loops.predict(self, run, called)
        joined: NDArray[Any] = structures(outputs)
        return joined

    @contextmanager
    def _running(self, feed: Feed, callbacks: Any, verbose: int) -> Iterator[tuple[Run, CallbackList]]:
        """Within it the model's run is one of its own, with these callbacks; after it the outer run is back.

        An error leaves stateful layers with the states that they had before.
        """
        outer, run = self.run, Run(feed=feed)
        self.run = run
        states = [(layer, layer.states, layer._carries) for layer in stateful_layers(self)]
        try:
            given = [*loops.listed(callbacks), *([ProgbarLogger()] if verbose else [])]
            called = run.callbacks = CallbackList(given, self, steps=feed.total, verbose=verbose)
            yield run, called
        except Exception:
            for layer, own, carries in states:
                layer.states, layer._carries = own, carries
            raise
        finally:
            self.run = outer

    # ---- single batches

    @answers_unknown_keywords
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
        """Does one training step on one batch; with `truncate` one for each of its windows.

        The states of stateful layers go on from the batch before; `reset_states()` lets them start again from zeros.

        Args:
            x: Inputs.
            y: Targets.
            sample_weight: Weights of samples, or of time steps.
            class_weight: Weights by class number.
            return_dict: Whether the figures come by name, default False.
            lengths: How many steps of each sequence count, as in `fit`.
            truncate: (k1, k2), as in `fit`.

        Returns:
            The figures of this batch alone, as `evaluate` gives them.
        """
        compiled, compiled_metrics = self._require_compiled("train_on_batch")
        truncation = None if truncate is None else self._truncation(truncate, x)
        weigh = None if class_weight is None else with_class_weight(class_weight, self._output_shape)
        batch = Reader(self).batch(x, y, sample_weight, lengths)
        self.reset_metrics()
        step, batch = self._step_for("train", truncation), batch if weigh is None else weigh(batch)
        if (compiled.parts and compiled_metrics.built) or self._has_own("train"):
            figures = step(batch)()
        else:
            with nothing_changed_on_failure(self):
                figures = step(batch)()
        return figures if return_dict else _values(figures)

    @answers_unknown_keywords
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False, lengths: Any = None
    ) -> Any:
        """Computes the loss and the metrics of one batch; arguments and result as those of `train_on_batch`."""
        self._require_compiled("test_on_batch")
        batch = Reader(self).batch(x, y, sample_weight, lengths)
        self.reset_metrics()
        with no_grad():
            figures = self._step_for("test")(batch)()
        return figures if return_dict else _values(figures)

    @answers_unknown_keywords
    def predict_on_batch(self, x: Any, lengths: Any = None) -> NDArray[Any]:
        """Computes the outputs for one batch, as arrays; see `predict`."""
        batch = Reader(self).batch(x, None, None, lengths)
        recording_off = NoGradient()  # a guard by itself, which costs less than the context manager
        try:
            outputs: NDArray[Any] = loops.as_arrays(self._predict_batch(batch))
        finally:
            del recording_off
        return outputs


def _values(figures: Mapping[str, Any]) -> Any:
    values = list(figures.values())
    return values[0] if len(values) == 1 else values
