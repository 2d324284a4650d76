"""The program behind `make experiments`: one training in a process of its own, its file, the table."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import experiments as program
from bench.sides import process


@pytest.fixture
def experiments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The program, in a folder of its own, with few reviews of which some words tell the label."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(sys.modules["recurra"].__file__ or "").parents[1]))
    monkeypatch.setattr(process, "SCRATCH", tmp_path)
    monkeypatch.setattr(program, "EXPERIMENTS", tmp_path / "experiments")

    def bags() -> dict[str, Any]:
        rng = np.random.default_rng(0)
        parts = {}
        for part, count in (("train", 256), ("validation", 60), ("test", 40)):
            y = rng.integers(0, 2, count)
            x = (rng.random((count, 10_000)) < 0.01).astype(np.uint8)
            x[:, :50] = y[:, None]
            parts[part] = (x, y)
        return parts

    monkeypatch.setitem(program.DATA, "bags", bags)
    return program


def test_a_run_its_file_and_the_table(experiments: Any, tmp_path: Path) -> None:
    training = experiments.BY_NAME["imdb_bow"]
    (first,), (second,) = (experiments.run(training, 3, {"recurra": 2}, 2) for _ in range(2))
    assert [set(epoch) for epoch in first["epochs"]] == [{"seconds", "loss", "acc", "val_loss", "val_acc"}] * 2
    for one in (*first["epochs"], *second["epochs"]):
        assert one.pop("seconds") > 0
    assert first["epochs"] == second["epochs"]
    assert first["epochs"][1]["loss"] < first["epochs"][0]["loss"]
    assert first["validation"] == max(epoch["val_acc"] for epoch in first["epochs"])
    assert first["epochs"][first["best_epoch"] - 1]["val_acc"] == first["validation"]
    assert first["test"] > 0.8

    experiments.write(first, 2, tmp_path / "results")
    written = json.loads((tmp_path / "results" / "imdb_bow-recurra-3.json").read_text(encoding="utf-8"))
    assert written["seed"] == 3
    assert written["settings"]["layers"][0] == ["Dense", [16], {"activation": "relu"}]
    assert {"command", "machine", "version", "threads", "simd_level", "date"} <= set(written)
    lines = experiments.table(tmp_path / "results").splitlines()
    assert len(lines) == 3
    assert lines[2].startswith(f"| imdb_bow | recurra | 1 | {first['validation']:.4f} | {first['best_epoch']}/2 | ")


def test_the_table_sums_seeds_up_and_tells_the_stated_epochs(experiments: Any, tmp_path: Path) -> None:
    for seed, validation in ((0, 0.86), (1, 0.88)):
        epochs = [{"val_acc": 0.8}] * 11 + [{"val_acc": validation}]
        run = {"experiment": "imdb_conv", "side": "recurra", "seed": seed, "epochs": epochs, "best_epoch": 12}
        figures = {"validation": validation, "test": 0.85, "seconds_per_epoch": {"median": 2.0, "least": 1.5}}
        (tmp_path / f"{seed}.json").write_text(json.dumps(run | figures))
    lines = experiments.table(tmp_path).splitlines()
    assert lines[2:] == [
        "| imdb_conv | recurra | 2 | 0.8700 (0.8600–0.8800) | 12/12, 12/12 | 0.8500 (0.8500–0.8500) | "
        "validation ≥ 0.85 | 2.00 | 1.50 |",
        "| – its first 10 epochs | recurra | 2 | 0.8000 (0.8000–0.8000) | | | | | |",
    ]


def test_the_first_epoch_of_several_is_a_warm_up(experiments: Any) -> None:
    seconds = [{"seconds": value} for value in (9.0, 3.0, 1.0, 1.5)]
    assert experiments.seconds_per_epoch(seconds) == {"median": 1.5, "least": 1.0}
    assert experiments.seconds_per_epoch(seconds[:1]) == {"median": 9.0, "least": 9.0}


def test_unknown_names_are_refused(
    experiments: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, message in ((["--only", "x"], "unknown experiment 'x'"), (["--peers", "y"], "unknown peer 'y'")):
        monkeypatch.setattr(sys, "argv", ["experiments.py", *arguments])
        with pytest.raises(SystemExit):
            experiments.main()
        assert message in capsys.readouterr().err
