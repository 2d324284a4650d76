"""NeuralProgrammer: answers questions about tables by programs that it induces from questions and answers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from recurra import checks, config, losses, ops
from recurra.initializers import Orthogonal, RandomUniform
from recurra.layers import Embedding, SimpleRNN
from recurra.metrics import Mean, Metric
from recurra.models.model import Model
from recurra.models.programmer import operations, reading, text
from recurra.models.programmer.operations import OPERATIONS, Choices
from recurra.models.programmer.selector import Selector
from recurra.optimizers import schedules
from recurra.optimizers.schedules import LearningRateSchedule
from recurra.tensor import Tensor, no_grad


class NeuralProgrammer(Model):
    """Answers questions about tables of numbers by a program of operations that it has learned from answers alone.

    An RNN reads the words of a question, q is its last state. At each of T steps the model chooses an operation and a
    column, and a history RNN remembers the choices; U are vectors of the operations, P those of the words that name the
    columns, eₜ those of the steps, d is their width:

        α(op) = softmax(U tanh(W_op [q; h] + eₜ))     α(col) = softmax(P tanh(W_col [q; h] + eₜ) / √d)
        h ← tanh(W_h [Uᵀα(op); Pᵀα(col); h])

    Numbers are taken out of the question. Which one greater, or lesser, compares with is chosen by the states z left of
    the numbers: β = softmax(Z u), with the vector u of that operation. In training all choices are soft, otherwise they
    are those of the largest probability, and `program` tells them. With x̃ᵢ = Σⱼ α(col)ⱼ xᵢⱼ of row i, the rows that are
    taken, rₜ (all at first), and scalars sₜ (0 at first), the operations are

        sum         Σᵢ rₜ₋₁,ᵢ x̃ᵢ       greater   Σⱼ α(col)ⱼ Σₙ βₙ 1[xᵢⱼ > numberₙ]     and     min(rₜ₋₁, rₜ₋₂)
        count       Σᵢ rₜ₋₁,ᵢ          lesser    Σⱼ α(col)ⱼ Σₙ βₙ 1[xᵢⱼ < numberₙ]     or      max(rₜ₋₁, rₜ₋₂)
        difference  sₜ₋₃ − sₜ₋₁        assign    rₜ₋₁                                  reset   1

    sₜ mixes the first three, rₜ the others, and a step that gives a number keeps the rows. The answer is s_T, or the
    elements α(col)ⱼ α(assign) rᵢ of the last step. The paper differs: there a comparison takes the mean number
    Σₙ βₙ numberₙ, which has no gradient, where this is the mean of the comparisons; there a step that gives a number
    takes no rows, which hides S − n behind S; and it has no eₜ.

    `fit` and `evaluate` take ((questions, tables), answers). A question is a string, or a list of words and numbers;
    its table an array (rows, columns) of any number of rows, a frame, or a dictionary of columns; its answer a number
    or the elements to look up, a list of (row, column). The loss of a number is Huber's of the error, divided by
    |answer| + the root mean square of the table and by δ; that of a selection is λ times the mean cross-entropy of the
    elements. The model itself is called on arrays as `taught` makes them.

    Args:
        columns: Names of the tables' columns, one word each.
        vocabulary: The words of questions beside these; default None, which reads them from the questions that `fit`
            gets first.
        units: Width of all vectors; default 256.
        steps: T, the operations of a program; default 4.
        reader: A recurrent layer of as many units that returns its sequences, to read the questions; default None, a
            SimpleRNN whose weights start twice as large as usual, so that the first words of a question still tell.
        delta: δ, relative errors up to it are squared, larger ones count in proportion; default 0.05.
        lookup_weight: λ, default 3.
        entropy: c, by which the mean entropy of the steps' choices of operations lowers the loss in training, so that
            they stay soft until long programs are found; a number or a schedule by steps of the optimizer. Default 0.
        **options: `name`, `trainable`, `dtype`.

    Raises:
        ValueError: An argument is out of range; later, a question has an unknown word, a table has no rows or other
            columns, or an answer does not fit its table.

    Source: Neelakantan, Le, Sutskever, "Neural Programmer: Inducing Latent Programs with Gradient Descent", 2016.

    Example:
        >>> tables = [np.array([[1.0, 7.0], [2.0, 8.0], [3.0, 9.0]])] * 2
        >>> questions, answers = ["sum height", "width above 1.5"], [24.0, [(1, "width"), (2, "width")]]
        >>> model = recurra.models.NeuralProgrammer(["width", "height"], units=8)
        >>> model.compile(recurra.optimizers.Adam(0.01, gradient_noise=0.01))
        >>> history = model.fit((questions, tables), answers, epochs=1, verbose=0)
        >>> len(model.predict((questions, tables), verbose=0))
        2
    """

    config_arguments: ClassVar[tuple[str, ...]] = (
        "columns",
        "vocabulary",
        "units",
        "steps",
        "reader",
        "delta",
        "lookup_weight",
        "entropy",
    )
    layer_arguments: ClassVar[tuple[str, ...]] = ("reader",)

    def __init__(
        self,
        columns: Sequence[str],
        vocabulary: Sequence[str] | None = None,
        units: int = 256,
        steps: int = 4,
        reader: Any = None,
        delta: float = 0.05,
        lookup_weight: float = 3.0,
        entropy: float | LearningRateSchedule = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        who = type(self).__name__
        self.columns = reading.single_words(columns, who, "columns")
        if not self.columns:
            raise ValueError(f"{who}: columns has no name; a table needs one column at least")
        self.vocabulary = None if vocabulary is None else reading.single_words(vocabulary, who, "vocabulary")
        self.units = checks.whole_number(units, who, "units")
        self.steps = checks.whole_number(steps, who, "steps")
        self.delta = checks.number(delta, who, "delta", above=0)
        self.lookup_weight = checks.number(lookup_weight, who, "lookup_weight", least=0)
        if isinstance(entropy, Mapping):
            entropy = schedules.deserialize(entropy)
        if not isinstance(entropy, LearningRateSchedule):
            entropy = checks.number(entropy, who, "entropy", least=0)
        self.entropy = entropy
        dtype = self.dtype
        self.reader = _reader(self.units, dtype) if reader is None else reader
        self._embedding: Embedding | None = None
        self._selector = Selector(self.units, self.steps, dtype=dtype, name="selector")
        self._right = Mean("accuracy")
        self._right.direction = "max"

    def _name_prefix(self) -> str:
        return "neural_programmer"

    # ---- the network

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not isinstance(inputs, (list, tuple)) or len(inputs) != 5:
            raise ValueError(
                "expected arrays [tokens, numbers, places, table, rows], as taught makes them of questions"
            )
        tokens, numbers, places, table, rows = inputs
        answers, choices = self._run(tokens, numbers, places, table, rows, training)
        return [answers.scalars[-1], answers.lookup, choices.operations]

    def _run(
        self, tokens: Any, numbers: Any, places: Any, table: Any, rows: Any, training: bool
    ) -> tuple[operations.Answers, Choices]:
        choices = self._choose(tokens, places, training)
        given = ops.cast(ops.greater_equal(places, 0), table.dtype)
        return operations.run(choices, table, rows, numbers, given), choices

    def _choose(self, tokens: Any, places: Any, training: bool) -> Choices:
        """What the model does for questions; it depends on no table."""
        if self._embedding is None:
            count, start = len(self._numbers_of_words()) + 1, RandomUniform(-1.0, 1.0)
            self._embedding = Embedding(count, self.units, start, mask_zero=True, dtype=self.dtype, name="words")
        states = self.reader(self._embedding(tokens))
        if states.ndim != 3 or states.shape[2] != self.units:
            raise ValueError(
                f"the reader must return sequences (batch, steps, {self.units}), got {tuple(states.shape)}; give it "
                f"return_sequences=True and units={self.units}"
            )
        of_columns = self._embedding(np.arange(1, len(self.columns) + 1, dtype=np.int32))
        choices: Choices = self._selector(states, of_columns, places, training=training)
        return choices

    # ---- questions, tables, answers

    def _numbers_of_words(self) -> dict[str, int]:
        if self.vocabulary is None:
            raise ValueError("there is no vocabulary yet; give vocabulary=[…], or call fit, which reads it")
        words = dict.fromkeys([*self.columns, *self.vocabulary])
        return {word: number for number, word in enumerate(words, 1)}

    def _read(self, x: Any) -> list[np.ndarray]:
        if not isinstance(x, (list, tuple)) or len(x) != 2:
            raise ValueError(f"{self._title}: expected (questions, tables), got {x!r:.60}")
        questions, tables = x
        dtype, title = self._float_type(), self._title
        found = reading.read_questions(questions, self._numbers_of_words(), self.columns, dtype, title)
        elements, rows = reading.read_tables(tables, self.columns, dtype, title)
        if len(elements) != len(found[0]):
            raise ValueError(
                f"{title}: as many tables as questions are needed, got {len(elements)} and {len(found[0])}"
            )
        return [*found, elements, rows]

    def taught(self, x: Any, y: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """What the model is called on, and what it shall answer: for sources of batches of your own.

        Args:
            x: (questions, tables).
            y: The answers.

        Returns:
            ([tokens, numbers, places, table, rows], [scalar, selection, whether it is one]): words by their numbers,
            padded with 0; the numbers; how many words stand in front of each, −1 for padding; the tables, padded to the
            longest; 1 for their rows. `fit` makes them of its arguments.

        Raises:
            ValueError: A question, table or answer does not fit.
        """
        given = self._read(x)
        return given, [*reading.read_answers(y, given[4], self.columns, self._float_type(), self._title)]

    # ---- training

    def compile(  # type: ignore[override]
        self, optimizer: Any = "adam", **options: Any
    ) -> None:
        """Settles how the model is trained; loss and figures are its own.

        Args:
            optimizer: Name or Optimizer; default "adam".
            **options: As those of `Model.compile`, without loss and metrics.

        Raises:
            ValueError: A loss or metric is given.
        """
        for name in ("loss", "loss_weights", "metrics", "weighted_metrics"):
            if options.get(name) is not None:
                raise ValueError(f"{self._title}: {name} is settled by the model, which has delta and lookup_weight")
        super().compile(optimizer, **options)

    def fit(  # type: ignore[override]
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        **options: Any,
    ) -> Any:
        """Trains the model on questions, tables and answers; see `Model.fit`.

        The figure accuracy is the share of right answers. In training choices are soft, and few answers are right
        before they have become sharp; look at val_accuracy.

        Args:
            x: (questions, tables). Or a source of batches as `taught` makes them, without y.
            y: The answers.
            batch_size: Questions in a batch; default 32.
            epochs: How often all of them are seen; default 1.
            verbose: As that of `Model.fit`, as are callbacks and validation_split.
            callbacks: Default none.
            validation_split: Share at the end that is held out; default 0.
            validation_data: A pair ((questions, tables), answers), or a source of batches.
            **options: As those of `Model.fit`.

        Returns:
            The history of the figures.
        """
        if y is not None:
            if self.vocabulary is None and isinstance(x, (list, tuple)) and len(x) == 2:
                self.vocabulary = reading.words_of(x[0], self.columns, self._title)
            x, y = self.taught(x, y)
        if isinstance(validation_data, (tuple, list)) and len(validation_data) > 1:
            held_x, held_y, *rest = validation_data
            validation_data = (*self.taught(held_x, held_y), *rest)
        return super().fit(x, y, batch_size, epochs, verbose, callbacks, validation_split, validation_data, **options)

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Measures the model on (questions, tables) and answers; arguments as those of `fit` and `Model.evaluate`."""
        if y is not None:
            x, y = self.taught(x, y)
        return super().evaluate(x, y, *args, **kwargs)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """Huber's loss of the scalars and λ times the mean cross-entropy of the selections, as means over questions."""
        scalar, lookup, chosen = y_pred
        true, selected, selects = (ops.cast(one, lookup.dtype) for one in y)
        table, rows = ops.cast(x[3], lookup.dtype), ops.cast(x[4], lookup.dtype)
        height = ops.sum(rows, axis=1)
        of_table = ops.sqrt(ops.sum(ops.square(table), axis=(1, 2)) / (height * len(self.columns)))
        error = (scalar - true) / (ops.abs(true) + of_table + config.epsilon()) / self.delta
        of_scalars = losses.huber(ops.zeros_like(error)[:, None], error[:, None]) * self.delta
        of_elements = ops.mean(ops.binary_crossentropy(selected, lookup), axis=2) * rows
        of_lookups = ops.sum(of_elements, axis=1) / height
        loss = ops.mean(ops.where(selects > 0, self.lookup_weight * of_lookups, of_scalars))
        factor = self._entropy_factor() if training else 0.0
        if factor:
            loss = loss + factor * ops.mean(ops.sum(chosen * ops.log(chosen + config.epsilon()), axis=2))
        return loss

    def _entropy_factor(self) -> float:
        if isinstance(self.entropy, LearningRateSchedule):
            return float(self.entropy(0 if self.optimizer is None else self.optimizer.iterations))
        return self.entropy

    def get_config(self) -> dict[str, Any]:
        described = super().get_config()
        if isinstance(self.entropy, LearningRateSchedule):
            described["entropy"] = schedules.serialize(self.entropy)
        return described

    @property
    def metrics(self) -> list[Metric]:
        """The mean loss and the share of right answers."""
        return [*super().metrics, self._right]

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Adds a batch to the share of right answers: numbers within 0.01 and 1e-4 of theirs, whole selections."""
        scalar, selected, selects = (np.asarray(one) for one in y)
        answer, lookup, _ = (one.numpy() for one in y_pred)
        same = ((lookup > 0.5) == selected).all(axis=(1, 2))
        right = np.where(selects, same, np.isclose(answer, scalar, rtol=1e-4, atol=0.01))
        self._right.update_state(right.astype(np.float64))
        return {"loss": self._loss_mean.result(), "accuracy": self._right.result()}

    # ---- answers

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> list[Any]:  # type: ignore[override]
        """Answers questions.

        Args:
            x: (questions, tables).
            *args: As those of `Model.predict`.
            **kwargs: Likewise.

        Returns:
            For each question a number, or the elements that it selects as a list of (row, name of the column).
            A program that ends in another operation answers 0.

        Raises:
            ValueError: A question or table does not fit.
        """
        scalars, lookups, chosen = super().predict(self._read(x), *args, **kwargs)
        selects = chosen[:, -1].argmax(axis=1) == OPERATIONS.index("assign")
        return [
            [(int(row), self.columns[column]) for row, column in np.argwhere(lookup > 0.5)] if is_selection else scalar
            for scalar, lookup, is_selection in zip(scalars.tolist(), lookups, selects, strict=True)
        ]

    def program(self, question: Any, table: Any = None) -> str:
        """The program that the model has chosen for a question, a line for each step.

        Args:
            question: A string, or a list of words and numbers.
            table: A table; with it each line tells what the step gives. Default None.

        Returns:
            Text with operation(column) of each step.

        Raises:
            ValueError: The question or table does not fit.

        Example:
            >>> recurra.random.set_seed(0)
            >>> model = recurra.models.NeuralProgrammer(["width"], ["sum", "print"], units=8, steps=2)
            >>> len(model.program("sum width", [[1.0], [2.0]]).splitlines())
            2
        """
        shown = np.zeros((1, len(self.columns))) if table is None else table
        tokens, numbers, places, elements, rows = map(Tensor, self._read(([question], [shown])))
        with no_grad():
            answers, choices = self._run(tokens, numbers, places, elements, rows, False)
        of_steps = choices.operations.numpy()[0].argmax(axis=1)
        columns = choices.columns.numpy()[0].argmax(axis=1)
        pivots = [
            float(numbers.numpy()[0, number]) if places.numpy()[0, number] >= 0 else None
            for number in choices.numbers.numpy()[0].argmax(axis=0)
        ]
        steps = text.described(of_steps, columns, pivots, self.columns)
        if table is not None:
            scalars = [float(one.numpy()[0]) for one in answers.scalars]
            taken = [int((one.numpy()[0] > 0.5).sum()) for one in answers.selections]
            steps = text.with_results(steps, of_steps, scalars, taken, elements.shape[1])
        return text.numbered(steps)


def _reader(units: int, dtype: str) -> SimpleRNN:
    start = Orthogonal(gain=2.0)
    return SimpleRNN(units, kernel_initializer=start, recurrent_initializer=start, return_sequences=True, dtype=dtype)
