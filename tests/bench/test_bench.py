"""The programs in bench/ that need no other library: the documentation they write, the model of cost, the turns."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import recurra
from bench import attention_cases, breakdown, cost_model, neighbours
from bench.cases import BY_NAME
from bench.peers import recurra_attention
from bench.reports import tables
from bench.sides import rounds, timing
from tests.support.places import ROOT


def test_the_documentation_says_what_the_results_say() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.document", "--check"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(Path(recurra.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_sides_take_turns() -> None:
    calls: list[str] = []

    def timer(name: str, milliseconds: float | None) -> Any:
        def take(repeats: int) -> list[float] | None:
            calls.append(name * repeats)
            return None if milliseconds is None else [milliseconds + k for k in range(repeats)]

        return take

    samples = rounds.rounds_of({"a": timer("a", 50.0), "b": timer("b", 100.0), "c": timer("c", None)}, 2, 150)
    assert calls == ["a", "b", "c", "aaa", "b", "aaa", "b"]
    assert samples == {"a": [51.0, 51.0], "b": [100.0, 100.0]}
    assert rounds.spread({"a": [3.0, 1.0, 2.0]}) == {"a": {"median": 2.0, "min": 1.0, "max": 3.0}}


def test_disturbed_rounds_are_followed_by_more() -> None:
    times = iter([9.0, 5.0, 8.0, 5.0, 7.0, 5.0])  # the first one says how many repeats a round has
    samples = rounds.rounds_of({"a": lambda repeats: [next(times)]}, 1, 1, most_rounds=4)
    assert samples == {"a": [5.0]}
    samples = rounds.rounds_of({"a": lambda repeats: [next(times)]}, 2, 1, most_rounds=4)
    assert samples == {"a": [5.0, 7.0]}
    times = iter([9.0, 5.0, 8.0, 5.0, 7.0, 5.0])
    assert len(rounds.rounds_of({"a": lambda repeats: [next(times)]}, 2, 1, most_rounds=4)["a"]) == 4


@pytest.mark.parametrize(
    ("name", "steps", "outputs"), [("attention_128", 5, 40), ("transformer_64", 6, 2), ("attending_128", 7, 20)]
)
def test_cases_with_attention_run_small(name: str, steps: int, outputs: int) -> None:
    case = next(case for case in attention_cases.CASES if case.name == name)
    features = 4 if name == "attention_128" else 8
    layers = (("attention", 2),) if name == "attention_128" else case.layers
    small = dataclasses.replace(case, batch=2, time=steps, features=features, layers=layers)
    x, y = timing.data(small)
    found = np.asarray(recurra_attention.prepare(small, "infer", x, y)())
    assert found.size == outputs
    assert np.isfinite(found).all()
    recurra_attention.prepare(small, "train", x, y)()


def test_operations_of_a_case() -> None:
    gru = BY_NAME["jena_gru32"]
    assert gru.operations() == 2 * 128 * 120 * (14 + 32) * 3 * 32
    assert gru.training_operations() == 2 * 128 * 120 * (3 * (14 + 32) - 14) * 3 * 32
    assert gru.weights() == (14 + 32 + 1) * 3 * 32
    assert gru.bytes_moved(training=False) == 4 * (128 * 120 * 14 + gru.weights())


def test_samples_of_functions_are_summed_by_kind() -> None:
    report = """# Overhead|Symbol
    40.00% |[.] recurra::rnn::Step<recurra::rnn::Gru, float>::forward_stage<0>
    16.00% |[.] recurra::rnn::WeightProducts<recurra::rnn::Gru, float>::flush
    20.00% |[.] recurra::rnn::Driver<recurra::rnn::Gru, float>::backward_units<0, recurra::rnn::KnownFunctions<8> >
     4.00% |[.] recurra::rnn::TableRows<recurra::rnn::Gru, float>::sum_gradients
     8.00% |[.] recurra::rnn::Driver<recurra::rnn::Gru, float>::backward_chunk
     8.00% |[.] _PyEval_EvalFrameDefault
    """
    shares = breakdown.shares(report)
    wanted = {"products": 56 / 96, "pointwise": 20 / 96, "tables": 4 / 96, "driver": 8 / 96, "other": 8 / 96}
    assert shares == pytest.approx(wanted)


@pytest.mark.parametrize("unit", [3e-9, -1e-11])
def test_the_fit_finds_constants_and_none_below_zero(unit: float) -> None:
    rng = np.random.default_rng(0)
    wanted = {"call": 2e-5, "forward": 7e-12, "unit": unit}
    rows = []
    for _ in range(60):
        amounts = {"call": 1.0, "forward": rng.uniform(1e6, 1e9), "unit": rng.uniform(1e3, 1e6)}
        rows.append((amounts, sum(wanted[name] * amount for name, amount in amounts.items())))
    for known in ({}, {"call": 2e-5}):
        found = cost_model.fit(rows, known)
        assert found["unit"] == pytest.approx(max(0.0, unit), rel=1e-4)
        assert found["forward"] == pytest.approx(wanted["forward"], rel=1e-2)
    assert found["call"] == 2e-5


def test_more_threads_than_rows_do_no_more() -> None:
    case = BY_NAME["lstm512"]
    at = {threads: cost_model.amounts(case, "train", threads) for threads in (1, 2, 8, 64)}
    assert at[2]["forward"] == at[1]["forward"] / 2
    assert at[64] == at[8]


def test_a_comparison_names_the_fastest_peer() -> None:
    times = {"recurra": {"median": 2.0}, "torch": {"median": 9.0}, "keras": {"median": 6.0}}
    row = {"case": "jena_gru32", "mode": "train", "threads": 2, "times": times}
    assert tables.best_peer(row) == ("keras", 6.0)
    assert tables.ratio(row) == 3
    outcome = {"results": [row], "versions": dict.fromkeys(times, ""), "peak_gflops": {"2": 400.0}}
    line = tables.table(outcome, "2").splitlines()[-1]
    assert line == "| jena_gru32 | train | 2.00 | 9.0 | 6.0 | **3.0×** | 16× | 46% |"


def test_steps_beside_busy_processes_are_measured_and_compared_with_the_idle_machine() -> None:
    class Side:
        def __init__(self, milliseconds: float) -> None:
            self.milliseconds = milliseconds

        def time(self, case: str, mode: str, repeats: int) -> list[float]:
            return [self.milliseconds] * repeats

    sides: Any = {"recurra": Side(2.0), "torch": Side(20.0)}
    rows = neighbours.measure("dense_norm", sides, [0, 1], rounds=2, seconds=0.01)
    assert rows == [{"case": "dense_norm", "busy": k, "times": {"recurra": 2.0, "torch": 20.0}} for k in (0, 1)]
    rows[1]["times"]["recurra"] = 5.0
    outcome = {"machine": {"cpu": "a", "cores": 2}, "simd_level": "b", "date": "c", "results": rows}
    assert neighbours.markdown(outcome).splitlines()[-1].endswith("| 1 | 1.5× | 5.00 ms (2.5×) | 20.00 ms (1.0×) |")
