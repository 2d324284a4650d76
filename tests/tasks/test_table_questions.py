"""Questions about tables: their forms, their answers, a run with few of them."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest

from recurra import tasks
from recurra.tasks import table_questions

SMALL = {"count": 40, "held_out": 8, "units": 6, "epochs": 1, "least_rows": 2, "most_rows": 5, "verbose": 0}


def form(question: str) -> str:
    return re.sub(r"-?\d+\.\d+", "#", question)


@pytest.mark.parametrize("columns", [1, 3])
def test_a_run(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_questions, "LONGER", (7,))
    result = tasks.run("table-questions", columns=columns, **SMALL)
    assert set(result.figures) == {"loss", "accuracy", "accuracy_7_rows"}
    assert result.network.columns == ["A", "B", "C"][:columns]
    question = "sum diff count" if columns == 1 else "sum B diff count"
    assert len(result.network.program(question).splitlines()) == 4


def test_forms_of_one_column() -> None:
    (asked, tables), _ = table_questions.questions(2000, 1, (2, 5), 100.0, np.random.default_rng(0))
    forms = Counter(map(form, asked))
    assert len(forms) == 23
    assert {len(table) for table in tables} == {2, 3, 4, 5}
    assert 0.9 < 2000 / (8 * forms["sum diff count"]) < 1.1  # half of one kind of four


@pytest.mark.parametrize("columns", [1, 3])
def test_answers(columns: int) -> None:
    """The words, read once more by hand."""
    (asked, tables), answers = table_questions.questions(300, columns, (5, 9), 2.0, np.random.default_rng(1))
    for question, table, answer in zip(asked, tables, answers, strict=True):
        of = {name: table[:, i].astype("float64") for i, name in enumerate(table_questions.names(columns))}
        words = question.split() if columns > 1 else re.sub(r"(sum|print|\d+\.\d+)", r"\1 A", question).split()
        clauses, taken, junction = " ".join(words), np.ones(len(table), bool), None
        for sign, number, name in re.findall(r"(greater|lesser) (\S+) (\w)", clauses):
            own = of[name] > np.float32(number) if sign == "greater" else of[name] < np.float32(number)
            taken = own if junction is None and taken.all() else (taken & own if " and " in clauses else taken | own)
            junction = sign
        last = words[-2] if words[-1] in of else words[-1]
        if "diff" in words:
            total = of[words[words.index("sum") + 1]].sum() - len(table)
            expected = total if words[0] == "sum" else -total
        elif last == "count":
            expected = int(taken.sum())
        elif last == "sum":
            expected = of[words[-1]][taken].sum()
        else:
            column = list(of).index(words[-1])
            assert answer == [(int(row), column) for row in np.flatnonzero(taken)]
            continue
        assert answer == pytest.approx(expected)


def test_parts_are_drawn_apart() -> None:
    task = tasks.get("table-questions")
    data = task.data(task.settings(count=5, held_out=5), 1)
    assert not set(data.train[0][0]) & set(data.validation[0][0]) - set(table_questions.ANSWERS)
    assert {len(table) for table in data.test["accuracy_1000_rows"][0][1]} == {1000}
    with pytest.raises(ValueError, match="least_rows=5 is above most_rows=4"):
        task.data(task.settings(least_rows=5, most_rows=4), 0)
