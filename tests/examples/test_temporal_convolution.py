"""The example of a temporal convolutional network: it learns, and streams with the bits of a batch."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from tests.support.places import EXAMPLES


def test_the_example_learns_and_streams(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="needs matplotlib, of the extra `plot`")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    plot = tmp_path / "plot.png"
    try:
        example = importlib.import_module("temporal_convolution")
        result = example.main(steps=12, epochs=6, count=2000, filters=16, plot=str(plot), verbose=0)
    finally:
        sys.modules.pop("temporal_convolution", None)
    assert plot.stat().st_size > 1000
    assert result["same"]
    assert result["error"] < 0.25 * result["guessing"]
    assert "2 levels, dilations [1, 2]: an output sees 31 steps" in capsys.readouterr().out
