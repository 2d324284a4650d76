"""The examples of sequences out: they run, learn, and draw."""

from __future__ import annotations

import importlib
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.places import EXAMPLES

pytest.importorskip("matplotlib")


@pytest.fixture
def example(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield importlib.import_module
    for path in EXAMPLES.glob("*.py"):
        sys.modules.pop(path.stem, None)


def test_reverse_digits_learns(example, capsys):
    result = example("reverse_digits").main(count=1500, epochs=5, units=32, batch_size=32, verbose=0, plot="r.png")
    assert Path("r.png").stat().st_size > 1000
    assert result["right"] > 0.3
    assert abs(result["history"][-1] - result["right"]) < 1e-6
    steps = result["alignments"][:10]  # from the last digit to the first
    assert np.abs(steps.argmax(-1) - np.arange(9, -1, -1)).mean() < 2
    assert f"{result['right']:.2%}" in capsys.readouterr().out


def test_sequences_of_the_test_are_new(example):
    module, rng = example("reverse_digits"), np.random.default_rng(0)
    first = module.sequences(50, rng)
    known = set(map(tuple, first))
    assert len(known) == 50
    assert not known & set(map(tuple, module.sequences(50, rng, known)))
    assert {len(one) for one in first} <= set(range(1, 11))


def test_layouts_of_dates(example):
    import datetime

    dates, day = example("dates"), datetime.date(2026, 11, 2)
    found = {layout: dates.written(day, layout) for layout in dates.LAYOUTS}
    assert found["{weekday}, the {day}{th} of {month} {year}"] == "monday, the 2nd of november 2026"
    assert found["{day2} {mon} {year2}"] == "02 nov 26"
    assert found["{number}/{day}/{year2}"] == "11/2/26"
    assert found["{year}/{month2}/{day2}"] == "2026/11/02"
    assert len(set(found.values())) == len(dates.LAYOUTS)
    ordinals = [dates.written(datetime.date(2026, 1, n), "{day}{th}") for n in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 31)]
    assert " ".join(ordinals) == "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 23rd 31st"
    texts, answers, days = dates.pairs(50, np.random.default_rng(0))
    assert all(datetime.date.fromisoformat(answer).toordinal() in days for answer in answers)
    assert all(0 not in row for row in dates.tokens(texts, dates.SIGNS) + dates.tokens(answers, dates.DIGITS))
    _, _, others = dates.pairs(50, np.random.default_rng(0), days)
    assert not days & others


def test_questions_and_answers_of_additions(example):
    texts, answers = example("addition").questions(200, np.random.default_rng(0))
    assert {len(text) for text in texts} == {7}
    pairs = [tuple(sorted(map(int, text.split("+")))) for text in texts]
    assert [sum(pair) for pair in pairs] == [int(answer) for answer in answers]
    assert len(set(pairs)) == 200


def test_lists_that_are_sorted(example):
    module = example("sort_digits")
    known, new = (set(map(tuple, part.tolist())) for part in module.parts(np.random.default_rng(0)))
    assert (len(known), len(new), len(known | new)) == (547, 182, 729)
    shares = module.main(updates=150, units=16, tests=300, verbose=0)["shares"]
    assert shares["training"] > 0.9


@pytest.mark.parametrize("name", ["reverse_digits", "dates"])
def test_quick_runs_from_the_command_line(name, example, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, "--quick", "--plot", "quick.png"])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert "plot: quick.png" in capsys.readouterr().out


@pytest.mark.parametrize(("name", "options"), [("addition", ["--quick"]), ("sort_digits", ["--updates", "2"])])
def test_without_a_picture_from_the_command_line(name, options, example, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, *options])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert "training: " in capsys.readouterr().out
