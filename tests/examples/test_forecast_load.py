"""The example that forecasts a load beats the load of the day before."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from tests.support.places import EXAMPLES


def test_beats_the_day_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    example = importlib.import_module("forecast_load")
    result = example.main(epochs=8, steps=40, plot=str(tmp_path / "load.png"), verbose=0)
    assert (tmp_path / "load.png").stat().st_size > 1000
    series = example.made_up()[:, 0]
    day_before = np.abs(series[24:] - series[:-24])[len(series) * 3 // 4 :].mean()
    assert result["baseline"] == pytest.approx(day_before, rel=0.05)
    assert result["error"] < 0.95 * result["baseline"]
