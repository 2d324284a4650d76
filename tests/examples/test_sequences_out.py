"""The examples of sequences out: they run, learn, and draw. What they train is tested in tests/tasks."""

from __future__ import annotations

import importlib
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from recurra import tasks
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
    sizes = {"count": 1500, "held_out": 200, "epochs": 5, "units": 32, "batch_size": 32}
    result = example("reverse_digits").main(verbose=0, plot="r.png", **sizes)
    assert Path("r.png").stat().st_size > 1000
    assert result["right"] > 0.3
    steps = result["alignments"][:10]  # from the last digit to the first
    assert np.abs(steps.argmax(-1) - np.arange(9, -1, -1)).mean() < 2
    out = capsys.readouterr().out
    assert f"{result['right']:.2%}" in out
    assert "3141592653 backwards: " in out


@pytest.mark.parametrize(("name", "word"), [("reverse_digits", "27"), ("dates", "27 november 2026")])
def test_from_the_command_line(name, word, example, monkeypatch, capsys):
    monkeypatch.setattr(tasks, "run", small(tasks.run))
    monkeypatch.setattr(sys, "argv", [name, word, "--epochs", "1", "--plot", "quick.png"])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    out = capsys.readouterr().out
    assert "plot: quick.png" in out
    assert word in out


def small(run):
    """The same with few sequences and units."""
    return lambda *names, **settings: run(*names, **settings, count=64, held_out=8, units=4)
