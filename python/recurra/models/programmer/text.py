"""A program as text: operation(column) of each step, with what it gives on a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from recurra.models.programmer.operations import COMPARISONS, OF_COLUMN, OPERATIONS, SCALARS


def described(
    operations: np.ndarray, of_columns: np.ndarray, pivots: Sequence[float | None], columns: Sequence[str]
) -> list[str]:
    """The steps of a program, such as "greater(width, 17.5)".

    Args:
        operations: The number of each step's operation (T,).
        of_columns: That of its column (T,).
        pivots: What greater and lesser compare with; None without a number in the question.
        columns: Names of the columns.
    """
    steps = []
    for number, column in zip(operations, of_columns, strict=True):
        name = OPERATIONS[number]
        arguments = [columns[column]] if name in OF_COLUMN else []
        if name in COMPARISONS:
            pivot = pivots[COMPARISONS.index(name)]
            arguments.append("no number" if pivot is None else f"{pivot:g}")
        steps.append(f"{name}({', '.join(arguments)})" if arguments else name)
    return steps


def with_results(
    steps: Sequence[str], operations: np.ndarray, scalars: Sequence[float], taken: Sequence[int], height: int
) -> list[str]:
    """The steps, each with what it gives: a number, or how many of the table's rows it takes."""
    lines = []
    for text, number, scalar, rows in zip(steps, operations, scalars, taken, strict=True):
        gives = f"{scalar:g}" if OPERATIONS[number] in SCALARS else f"{rows} of {height} rows"
        lines.append(f"{text} → {gives}")
    return lines


def numbered(steps: Sequence[str]) -> str:
    """A line for each step."""
    return "\n".join(f"{number} {step}" for number, step in enumerate(steps, 1))
