"""The examples that compare ways of training: they run, and their figures are those of the data they name."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.places import EXAMPLES

ROWS = 12_000


@pytest.fixture
def example(monkeypatch, tmp_path):
    """Imports an example, with the made-up weather."""
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield importlib.import_module
    for name in ("weather", *(path.stem for path in EXAMPLES.glob("*.py"))):
        sys.modules.pop(name, None)


def test_weather(example):
    data = example("weather").load(ROWS)
    assert data.source.startswith("made up")
    assert data.hours.shape == (2000, 14)
    training = data.hours[: data.split]
    np.testing.assert_allclose(training.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(training.std(axis=0), 1, rtol=1e-4)
    rng = np.random.default_rng(0)
    for part in ("training", "validation"):
        rows = data.rows(part, 10, 500, rng)
        inside = (rows - 9 >= (0 if part == "training" else data.split)) & (
            rows + 24 < (data.split if part == "training" else len(data.hours))
        )
        assert inside.all()
    np.testing.assert_array_equal(data.windows(rows, 10)[7], data.hours[rows[7] - 9 : rows[7] + 1])
    changes = data.targets(rows, 3)
    assert changes.shape == (500, 3, 1)
    temperature = data.hours[:, data.temperature]
    assert data.temperature == 1
    assert changes[7, 0, 0] == temperature[rows[7] - 2 + 24] - temperature[rows[7] - 2]
    assert changes[7, 2, 0] == temperature[rows[7] + 24] - temperature[rows[7]]
    assert data.common_sense(rows) == pytest.approx(abs(changes[:, 2]).mean() * data.degrees)


def plotted(tmp_path, name):
    pytest.importorskip("matplotlib")
    return str(tmp_path / f"{name}.png")


def test_loss_of_every_step(example, tmp_path, capsys):
    plot = plotted(tmp_path, "loss")
    result = example("per_step_loss").main(updates=60, units=8, batch_size=16, rows=ROWS, plot=plot)
    assert Path(plot).stat().st_size > 1000
    assert len(result["updates"]) == len(result["last"]) == len(result["every"]) == 20
    assert result["updates"][-1] == 60
    for errors in (result["last"], result["every"]):
        assert errors[-1] < errors[0]
    out = capsys.readouterr().out
    assert f"nothing changes: {result['baseline']:.2f}" in out
    assert "the loss of every step " in out


def test_window_against_recurrence(example, tmp_path, capsys):
    plot = plotted(tmp_path, "window")
    module = example("window_against_recurrence")
    result = module.main(updates=30, units=6, batch_size=16, widths=(2, 5, 9), rows=ROWS, plot=plot)
    assert Path(plot).stat().st_size > 1000
    assert result["parameters"] == [width * 14 * 6 + 6 + 7 for width in (2, 5, 9)]
    assert len(result["window"]) == len(result["recurrent"]) == 3
    assert all(np.isfinite([*result["window"], *result["recurrent"], result["mixed"]]))
    assert "\n     9 h" in capsys.readouterr().out


def test_histories_stand_at_the_beginning_of_their_rows(example):
    module, data = example("window_against_recurrence"), example("weather").load(ROWS)
    x = module.histories(data, np.array([50, 60]), np.array([2, 4]), 5)
    np.testing.assert_array_equal(x[0, :2], data.hours[49:51])
    np.testing.assert_array_equal(x[1, :4], data.hours[57:61])
    assert not x[0, 2:].any()


def test_gru_against_lstm(example, tmp_path, capsys):
    plot = plotted(tmp_path, "kinds")
    result = example("gru_against_lstm").main(updates=3, sizes=(4, 8), batch_size=8, rows=ROWS, plot=plot)
    assert Path(plot).stat().st_size > 1000
    assert result["GRU"]["parameters"] == [3 * u * (u + 14 + 2) for u in (4, 8)]
    assert result["LSTM"]["parameters"] == [4 * u * (u + 14 + 1) for u in (4, 8)]
    assert all(value > 0 for figures in result.values() for value in figures["milliseconds"])
    assert f"{'ratio':<6}{result['GRU']['parameters'][0] / result['LSTM']['parameters'][0]:>12.2f}" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize("name", ["per_step_loss", "window_against_recurrence", "gru_against_lstm"])
def test_quick_runs_from_the_command_line(name, example, tmp_path, monkeypatch, capsys):
    import runpy

    plot = plotted(tmp_path, name)
    monkeypatch.setattr(sys, "argv", [name, "--quick", "--plot", plot])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert f"plot: {plot}" in capsys.readouterr().out
