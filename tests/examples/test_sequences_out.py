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


@pytest.mark.parametrize("name", ["reverse_digits"])
def test_quick_runs_from_the_command_line(name, example, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, "--quick", "--plot", "quick.png"])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert "plot: quick.png" in capsys.readouterr().out
