"""The tasks in which one sequence becomes another: their data, all models of each, how the figure is formed."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from recurra import tasks
from recurra.tasks import addition, dates, reverse, sort

TINY = {"count": 40, "held_out": 8, "units": 3, "epochs": 1, "verbose": 0}


@pytest.mark.parametrize(
    ("task", "model"),
    [
        *((task, model) for task in ("reverse", "sort", "dates") for model in ("attention", "state")),
        ("sort", "transformer"),
        ("addition", "lstm"),
        ("addition", "gru"),
    ],
)
def test_all_models_run_an_epoch(task, model):
    result = tasks.run(task, model, **TINY)
    assert 0 <= result.figures["sequence_accuracy"] <= 1
    assert result.history["val_sequence_accuracy"] == [result.history["val_sequence_accuracy"][0]]


@pytest.mark.parametrize("task", ["reverse", "addition"])
def test_taken_up_with_the_same_bits(task, tmp_path):
    changes = {**TINY, "epochs": 3}
    whole = tasks.run(task, **changes)
    assert tasks.run(task, **changes, resume=tmp_path, minutes=1e-9).epochs == 1
    rest = tasks.run(task, **changes, resume=tmp_path)
    assert rest.history == whole.history
    for one, other in zip(rest.network.get_weights(), whole.network.get_weights(), strict=True):
        assert np.array_equal(one, other)


def test_figure_is_the_share_of_whole_answers():
    class Model:
        def generate(self, sources, max_new_tokens):
            assert max_new_tokens == 12
            return self

        def lists(self):
            return [[1, 2], [3], [4, 5], []]

    task = tasks.get("reverse")
    figures = task.evaluate(Model(), ([[2, 1]] * 4, [[1, 2], [3, 3], [4, 5], [6]]), task.settings())
    assert figures == {"sequence_accuracy": 0.5}


def test_sorting_is_learned():
    result = tasks.run("sort", count=9600, held_out=300, units=16, verbose=0)
    assert result.figures["sequence_accuracy"] > 0.9


def test_sorting_is_learned_by_a_transformer():
    changes = {"count": 9600, "held_out": 300, "embedding": 24, "blocks": 2, "learning_rate": 3e-3}
    result = tasks.run("sort", "transformer", verbose=0, **changes)
    assert result.figures["sequence_accuracy"] > 0.9


def test_lists_are_continued_by_their_answers_which_alone_count():
    x, y = sort.continued([[3, 1, 2, 1, 1, 2]], [[1, 1, 1, 2, 2, 3]])
    assert x.tolist() == [[3, 1, 2, 1, 1, 2, 1, 1, 1, 2, 2]]
    assert y.tolist() == [[-1, -1, -1, -1, -1, 1, 1, 1, 2, 2, 3]]


def test_sequences_to_be_reversed_are_new_in_each_part():
    first = reverse.sequences(50, np.random.default_rng(0))
    assert len(set(map(tuple, first))) == 50
    assert {len(one) for one in first} <= set(range(1, 11))
    task = tasks.get("reverse")
    data = task.data(task.settings(count=60, held_out=20), seed=0)
    sources = [set(map(tuple, part[0])) for part in (data.train, data.validation, data.test)]
    assert [len(part) for part in sources] == [60, 20, 20]
    assert len(set.union(*sources)) == 100
    assert all(target == source[::-1] for source, target in zip(*data.test, strict=True))


def test_lists_to_be_sorted_are_in_one_part_only():
    found = [set(map(tuple, part.tolist())) for part in sort.parts(np.random.default_rng(0))]
    assert [len(part) for part in found] == [547, 91, 91]
    assert len(set.union(*found)) == 729
    task = tasks.get("sort")
    data = task.data(task.settings(count=500, held_out=100), seed=1)
    train, test = (set(map(tuple, part[0])) for part in (data.train, data.test))
    assert not train & test
    assert all(target == sorted(source) for source, target in zip(*data.test, strict=True))


def test_layouts_of_dates():
    day = datetime.date(2026, 11, 2)
    found = {layout: dates.written(day, layout) for layout in dates.LAYOUTS}
    assert found["{weekday}, the {day}{th} of {month} {year}"] == "monday, the 2nd of november 2026"
    assert found["{day2} {mon} {year2}"] == "02 nov 26"
    assert found["{number}/{day}/{year2}"] == "11/2/26"
    assert found["{year}/{month2}/{day2}"] == "2026/11/02"
    assert len(set(found.values())) == len(dates.LAYOUTS)
    ordinals = [dates.written(datetime.date(2026, 1, n), "{day}{th}") for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 31)]
    assert " ".join(ordinals) == "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 23rd 31st"


def test_days_of_the_test_are_new():
    texts, answers, days = dates.pairs(50, np.random.default_rng(0))
    assert all(datetime.date.fromisoformat(answer).toordinal() in days for answer in answers)
    assert all(0 not in row for row in dates.tokens(texts, dates.SIGNS) + dates.tokens(answers, dates.DIGITS))
    _, _, others = dates.pairs(50, np.random.default_rng(0), days)
    assert not days & others


def test_questions_and_answers_of_additions():
    texts, answers = addition.questions(200, 3, np.random.default_rng(0))
    assert {len(text) for text in texts} == {7}
    pairs = [tuple(sorted(map(int, text.split("+")))) for text in texts]
    assert [sum(pair) for pair in pairs] == [int(answer) for answer in answers]
    assert len(set(pairs)) == 200
    task = tasks.get("addition")
    data = task.data(task.settings(count=150, held_out=25), seed=0)
    assert [len(part[0]) for part in (data.train, data.validation, data.test)] == [150, 25, 25]
    first = "".join(addition.SIGNS[one] for one in data.train[0][0].argmax(-1)[::-1])
    assert sum(map(int, first.split("+"))) == int("".join(addition.SIGNS[one] for one in data.train[1][0]))
    with pytest.raises(ValueError, match="no 56 different questions with numbers of at most 1 digits"):
        addition.questions(56, 1, np.random.default_rng(0))
