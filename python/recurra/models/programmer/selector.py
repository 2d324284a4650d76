"""What a neural programmer chooses for a question: operation and column of each step, numbers to compare with."""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra import ops
from recurra.initializers import RandomUniform, VarianceScaling
from recurra.layers import Dense, Embedding, Layer
from recurra.models.programmer.operations import COMPARISONS, OPERATIONS, Choices


class Selector(Layer):
    """The choices for read questions; the equations stand in `NeuralProgrammer`.

    Operations start with small vectors, so that all are as likely at first; the steps with large ones, so that each
    learns on its own.

    Args:
        units: Width of all vectors.
        steps: Operations of a program.
        **options: `name`, `trainable`, `dtype`.
    """

    def __init__(self, units: int, steps: int, **options: Any) -> None:
        super().__init__(**options)
        self.units, self.steps = units, steps
        small, large, wide = RandomUniform(-0.02, 0.02), RandomUniform(-2.0, 2.0), VarianceScaling(4.0)
        dtype = self.dtype
        self._operations = Embedding(len(OPERATIONS), units, small, dtype=dtype, name="operations")
        self._steps = Embedding(steps, 2 * units, large, dtype=dtype, name="steps")
        self._question = Dense(2 * units, use_bias=False, kernel_initializer=wide, dtype=dtype, name="question")
        self._past = Dense(2 * units, use_bias=False, kernel_initializer=wide, dtype=dtype, name="past")
        self._history = Dense(units, "tanh", dtype=dtype, name="history")

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """Choices have no steps of the question."""

    def call(self, states: Any, of_columns: Any, places: Any, training: bool = False) -> Choices:
        """The choices, soft in training.

        Args:
            states: Of the question's words (B, Q, units).
            of_columns: Vectors of the columns (C, units).
            places: How many words stand in front of each number (B, N), −1 for padding.
            training: Whether they are soft.
        """
        choose = _softly if training else _largest
        of_operations = self._operations(np.arange(len(OPERATIONS), dtype=np.int32))
        of_steps = self._steps(np.arange(self.steps, dtype=np.int32))
        by_operation, by_column = ops.transpose(of_operations), ops.transpose(of_columns) * self.units**-0.5
        question = self._question(states[:, -1])
        history, operations, columns = ops.zeros_like(states[:, -1]), [], []
        for step in range(self.steps):
            hidden = ops.tanh((question + self._past(history) if step else question) + of_steps[step])
            operation = choose(ops.matmul(hidden[:, : self.units], by_operation), 1)
            column = choose(ops.matmul(hidden[:, self.units :], by_column), 1)
            operations.append(operation)
            columns.append(column)
            if step < self.steps - 1:
                taken = [ops.matmul(operation, of_operations), ops.matmul(column, of_columns), history]
                history = self._history(ops.concatenate(taken, axis=1))
        comparisons = [OPERATIONS.index(name) for name in COMPARISONS]
        scores = ops.matmul(_left_of_numbers(states, places), ops.take(by_operation, comparisons, axis=1))
        padding = ops.expand_dims(ops.cast(ops.less(places, 0), scores.dtype), 2)
        numbers = choose(scores - 1e9 * padding, 1)
        return Choices(ops.stack(operations, axis=1), ops.stack(columns, axis=1), numbers)


def _softly(scores: Any, axis: int) -> Any:
    return ops.softmax(scores, axis=axis)


def _largest(scores: Any, axis: int) -> Any:
    return ops.one_hot(ops.argmax(scores, axis=axis), scores.shape[axis], axis=axis, dtype=scores.dtype)


def _left_of_numbers(states: Any, places: Any) -> Any:
    """The states (B, N, units) behind as many words as `places` says, zeros in front of the first."""
    padded = ops.pad(states, ((0, 0), (1, 0), (0, 0)))
    steps = ops.cast(ops.maximum(places, 0), "int32")
    return ops.take_along_axis(padded, ops.expand_dims(steps, 2), axis=1)
