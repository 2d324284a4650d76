"""Questions about tables of numbers, answered by a neural programmer that sees questions, tables and answers alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

import recurra
from recurra.tasks.task import Data, Metric, Settings, Task, setting

COMPARISONS = {"greater": np.greater, "lesser": np.less}
JUNCTIONS = {"and": np.logical_and, "or": np.logical_or}
ANSWERS = ("sum", "count", "print")
WORDS = ("diff", *COMPARISONS, *JUNCTIONS, *ANSWERS)
LONGER = (200, 1000)  # rows of tables in further tests


@dataclass(frozen=True)
class TableSettings(Settings):
    """Settings of the questions, the model and its training."""

    columns: int = setting(1, "columns of a table", most=26)
    least_rows: int = setting(30, "fewest rows of a table")
    most_rows: int = setting(100, "most rows of a table")
    bound: float = setting(100.0, "elements and numbers in questions lie between minus and plus this", above=0)
    count: int = setting(50_000, "questions of the training")
    held_out: int = setting(1000, "questions of the validation, and as many of each test")
    epochs: int = setting(8, "how often the training data are seen", least=0)
    batch_size: int = setting(50, "questions a step")
    units: int = setting(64, "d, width of all vectors")
    steps: int = setting(4, "T, operations of a program")
    learning_rate: float = setting(1e-3, "of Adam, at first; falls to 0 like a cosine", above=0)
    clip: float = setting(1.0, "bound of the norm of the whole gradient; none: no bound", optional=True, above=0)
    noise: float = setting(None, "first variance of the noise of the gradient", kind=float, above=0)
    entropy: float = setting(0.1, "by which soft choices lower the loss at first", least=0)
    entropy_share: float = setting(0.12, "share of the training in which that falls to 0", above=0, most=1)


class TableQuestions(Task):
    """Questions of four kinds, as frequent: simple ones, with a comparison, with two, with a difference.

    With one column they have 23 forms ("greater 5.12 or lesser -17.3 sum"); with several each part names a column.
    """

    settings_class = TableSettings
    models: ClassVar = {"programmer": {}}
    metric = Metric("accuracy", "right answers", lower_is_better=False)
    goal: ClassVar = {"programmer": 0.99}

    def data(self, settings: TableSettings, seed: int) -> Data:
        """Training, validation and tests drawn apart; the tests have tables of more rows too."""
        if settings.least_rows > settings.most_rows:
            raise ValueError(f"settings: least_rows={settings.least_rows} is above most_rows={settings.most_rows}")

        def part(number: int, count: int, rows: tuple[int, int]) -> Any:
            return questions(count, settings.columns, rows, settings.bound, np.random.default_rng((seed, number)))

        usual = settings.least_rows, settings.most_rows
        tests = {"accuracy": part(2, settings.held_out, usual)}
        for number, rows in enumerate(LONGER, 3):
            tests[f"accuracy_{rows}_rows"] = part(number, settings.held_out, (rows, rows))
        return Data(part(0, settings.count, usual), part(1, settings.held_out, usual), tests)

    def model(self, name: str, settings: TableSettings, data: Data) -> Any:
        """The programmer, built by a look at one question."""
        schedules = recurra.optimizers.schedules
        total = max(1, settings.epochs * -(-settings.count // settings.batch_size))
        decay = max(1, int(total * settings.entropy_share))
        model = recurra.models.NeuralProgrammer(
            names(settings.columns),
            WORDS,
            settings.units,
            settings.steps,
            entropy=schedules.PolynomialDecay(settings.entropy, decay, 0.0, power=2.0),
        )
        rate = schedules.CosineDecay(settings.learning_rate, total)
        model.compile(recurra.optimizers.Adam(rate, global_clipnorm=settings.clip, gradient_noise=settings.noise))
        asked, tables = data.validation[0]
        model.predict((asked[:1], tables[:1]), verbose=0)
        return model

    def evaluate(self, model: Any, part: Any, settings: TableSettings) -> dict[str, float]:
        """The share of right answers; of each test by its name."""
        if isinstance(part, Mapping):
            found = {name: super(TableQuestions, self).evaluate(model, one, settings) for name, one in part.items()}
            return {"loss": found["accuracy"]["loss"], **{name: one["accuracy"] for name, one in found.items()}}
        return super().evaluate(model, part, settings)


def names(columns: int) -> list[str]:
    """The names of so many columns: A, B, …, Z."""
    return [chr(ord("A") + number) for number in range(columns)]


def questions(
    count: int, columns: int, rows: tuple[int, int], bound: float, rng: np.random.Generator
) -> tuple[tuple[list[str], list[Any]], list[Any]]:
    """((questions, tables), answers).

    Args:
        count: How many.
        columns: Columns of a table; with one, its name is not said.
        rows: Least and most rows of a table.
        bound: Of elements and numbers.
        rng: What draws them.
    """
    asked, tables, answers = [], [], []
    for _ in range(count):
        table = rng.uniform(-bound, bound, (rng.integers(rows[0], rows[1] + 1), columns)).astype("float32")
        words, answer = _question(table, bound, rng)
        asked.append(" ".join(words))
        tables.append(table)
        answers.append(answer)
    return (asked, tables), answers


def _question(table: Any, bound: float, rng: np.random.Generator) -> tuple[list[str], Any]:
    kind = rng.integers(4)
    height, columns = table.shape
    column = int(rng.integers(columns))
    said = names(columns)[column : column + 1] if columns > 1 else []
    values = table[:, column].astype("float64")
    if kind == 3:
        if rng.integers(2):
            return ["sum", *said, "diff", "count"], float(values.sum() - height)
        return ["count", "diff", "sum", *said], float(height - values.sum())
    words: list[str] = []
    taken = np.ones(height, bool)
    if kind == 1:
        words, taken = _compared(table, str(rng.choice(list(COMPARISONS))), bound, rng)
    elif kind == 2:
        junction = str(rng.choice(list(JUNCTIONS)))
        first, second = rng.permutation(list(COMPARISONS)).tolist()
        words, left = _compared(table, first, bound, rng)
        more, right = _compared(table, second, bound, rng)
        words, taken = [*words, junction, *more], JUNCTIONS[junction](left, right)
    wanted = str(rng.choice(ANSWERS))
    if wanted == "count":
        return [*words, wanted], int(taken.sum())
    if wanted == "sum":
        return [*words, wanted, *said], float(values[taken].sum())
    return [*words, wanted, *said], [(int(row), column) for row in np.flatnonzero(taken)]


def _compared(table: Any, comparison: str, bound: float, rng: np.random.Generator) -> tuple[list[str], Any]:
    """The words of a comparison, and which rows it takes."""
    number = round(float(rng.uniform(-bound, bound)), 2)
    column = int(rng.integers(table.shape[1]))
    said = names(table.shape[1])[column : column + 1] if table.shape[1] > 1 else []
    return [comparison, str(number), *said], COMPARISONS[comparison](table[:, column], np.float32(number))
