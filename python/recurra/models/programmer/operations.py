"""What a neural programmer can do to a table, as soft choices of operation and column over steps.

Letters: B questions, T steps, R rows, C columns, N numbers in a question. The equations stand in `NeuralProgrammer`.

Source: Neelakantan, Le, Sutskever, "Neural Programmer: Inducing Latent Programs with Gradient Descent", 2016.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from recurra import ops

#: The operations, in the order of their choices.
OPERATIONS = ("sum", "count", "difference", "greater", "lesser", "and", "or", "assign", "reset")
COMPARISONS = ("greater", "lesser")
SCALARS = ("sum", "count", "difference")
#: Those that look at a column.
OF_COLUMN = ("sum", "greater", "lesser", "assign")


class Choices(NamedTuple):
    """What a programmer has chosen, softly or as zeros and ones."""

    operations: Any  # (B, T, 9), in the order of OPERATIONS
    columns: Any  # (B, T, C)
    numbers: Any  # (B, N, 2), for greater and lesser


class Answers(NamedTuple):
    """The results of every step."""

    scalars: list[Any]  # T of (B,)
    selections: list[Any]  # T of (B, R): the row selectors
    lookup: Any  # (B, R, C), of the last step


def run(choices: Choices, table: Any, rows: Any, numbers: Any, given: Any) -> Answers:
    """Does the chosen operations.

    Args:
        choices: Operation, column and numbers of each step.
        table: The tables (B, R, C).
        rows: 1 for rows of the table (B, R), 0 for padding.
        numbers: The numbers of the questions (B, N).
        given: 1 for numbers (B, N), 0 for padding.
    """
    steps = choices.operations.shape[1]
    of_steps = ops.transpose(choices.columns, (0, 2, 1))
    values = ops.matmul(table, of_steps)  # (B, R, T)
    compared = [
        ops.matmul(_compared(table, rows, numbers, given, choices.numbers[:, :, which : which + 1], name), of_steps)
        for which, name in enumerate(COMPARISONS)
    ]
    zero = ops.zeros_like(rows[:, 0])
    scalars, selections = [zero, zero], [rows, rows]  # those of the steps −1 and 0
    lookup: Any = None
    for t in range(steps):
        alpha = dict(zip(OPERATIONS, ops.unstack(choices.operations[:, t : t + 1], axis=2), strict=True))  # (B, 1) each
        last, before = selections[-1], selections[-2]
        third = scalars[t - 1] if t > 0 else zero
        sums = ops.sum(last * values[:, :, t], axis=1)
        scalars.append(
            alpha["sum"][:, 0] * sums
            + alpha["count"][:, 0] * ops.sum(last, axis=1)
            + alpha["difference"][:, 0] * (third - scalars[-1])
        )
        if t == steps - 1:
            taken = ops.expand_dims(alpha["assign"] * last, 2)  # (B, R, 1)
            lookup = taken * choices.columns[:, t : t + 1]
        selections.append(
            alpha["greater"] * compared[0][:, :, t]
            + alpha["lesser"] * compared[1][:, :, t]
            + alpha["and"] * ops.minimum(last, before)
            + alpha["or"] * ops.maximum(last, before)
            + (alpha["assign"] + sum(alpha[name] for name in SCALARS)) * last
            + alpha["reset"] * rows
        )
    return Answers(scalars[2:], selections[2:], lookup)


def _compared(table: Any, rows: Any, numbers: Any, given: Any, choice: Any, name: str) -> Any:
    """How far each element (B, R, C) is greater or lesser than the chosen number (B, N, 1)."""
    batch, height, width = table.shape
    compare = ops.greater if name == "greater" else ops.less
    pivots = ops.reshape(numbers, (batch, 1, 1, -1))
    true = ops.cast(compare(ops.expand_dims(table, 3), pivots), table.dtype)
    true = true * ops.reshape(given, (batch, 1, 1, -1)) * ops.reshape(rows, (batch, height, 1, 1))
    return ops.reshape(ops.matmul(ops.reshape(true, (batch, height * width, -1)), choice), table.shape)
