"""The table that the documentation shows of runs of tasks."""

from __future__ import annotations

import pytest

from bench.reports import tasks


def run(task: str, model: str, seed: int, figure: float, **more):
    metric = {"name": "loss", "title": "error", "lower_is_better": True}
    return {
        "task": task, "model": model, "seed": seed, "figures": {"loss": figure}, "about": {"metric": metric},
        "settings": {"epochs": 10}, "epochs": 10, "processor_seconds": 90.0, "steps": 4500, "parameters": 70_000,
        "published": {"figure": 5.8e-5, "source": "x"}, "goal": 1e-4, "history": {"val_loss": [1.0, figure]}, **more,
    }  # fmt: skip


def test_rows_are_means_with_ranges_and_the_best_model_comes_first():
    runs = [run("adding", "lstm", 0, 0.2), run("adding", "tcn", 1, 4e-5), run("adding", "tcn", 0, 6e-5, epochs=5)]
    _, _, first, second = tasks.paper([*runs, run("sort", "attention", 0, 0.5)]).splitlines()
    figures = "5.0e-05 (4.0e-05 to 6.0e-05) | 5.8e-05 | ≤ 1.0e-04"
    assert first == f"| adding | tcn | 70,000 | {figures} | 0, 1 | 10 of 10, 5 of 10 | 90 s | 20.0 ms |"
    assert second.startswith("| adding | lstm | 70,000 | 0.2000 | ")


def test_other_tasks_have_a_table_of_their_own():
    rows = tasks.others([run("adding", "tcn", 0, 1.0), run("sort", "attention", 0, 0.5, published={}, goal=None)])
    assert rows.splitlines()[2:] == ["| sort | attention | 70,000 | 0.5000 | – | – | 0 | 10 of 10 | 90 s | 20.0 ms |"]


def test_time_that_was_not_counted_is_a_dash():
    old = run("sort", "attention", 0, 0.5)
    del old["processor_seconds"]
    assert tasks.others([old]).splitlines()[-1].endswith("| 10 of 10 | – | – |")


def test_figures_and_times_in_few_digits():
    assert [tasks.number(value) for value in (0, 0.99, 8.123, 5.8e-5)] == ["0.0000", "0.9900", "8.12", "5.8e-05"]
    assert [tasks.duration(seconds) for seconds in (90, 600, 9000)] == ["90 s", "10 min", "2.5 h"]


def test_curves(tmp_path):
    pytest.importorskip("matplotlib")
    tasks.curves([run("adding", "tcn", 0, 1e-3), run("jsb", "gru", 0, 8.0, published={})], tmp_path / "c.png")
    assert (tmp_path / "c.png").stat().st_size > 5000
