"""The tasks of machines with a memory: what is shown and asked for, all models, and how the figures are formed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from recurra import tasks
from recurra.cli import main
from recurra.tasks import associative_recall, copying, repeat_copy

SMALL = {"units": 4, "layers": 1, "memory_size": 5, "memory_dim": 3, "epochs": 1, "steps": 2, "batch_size": 4}
NAMES = ["copy", "repeat-copy", "associative-recall"]


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("model", ["ntm", "ntm-dense", "lstm"])
@pytest.mark.parametrize("name", NAMES)
def test_all_models_run_an_epoch(name: str, model: str) -> None:
    result = tasks.run(name, model, verbose=0, tested=6, **SMALL)
    assert result.epochs == 1
    assert all(math.isfinite(figure) for figure in result.figures.values())
    assert {"bits", "errors"} < set(result.figures)
    assert result.goal == (0.1 if (name, model) == ("copy", "ntm") else None)


def test_parameters_of_the_paper() -> None:
    """17,162 with a dense controller and 67,561 with an LSTM are published, the start of the memory among them; and
    1.35 million in an LSTM of 3 × 256."""
    task = tasks.get("copy")
    counts = {name: task.model(name, task.settings(name), None).count_params() for name in task.models}
    start = 128 * 20
    assert abs((counts["ntm-dense"] + start) / 17_162 - 1) < 0.07
    assert abs((counts["ntm"] + start) / 67_561 - 1) < 0.04
    assert abs(counts["lstm"] / 1.35e6 - 1) < 0.03


def test_what_is_copied() -> None:
    x, y, asked = copying.sequences(rng(), 30, 7)
    assert (x.shape, y.shape, asked.shape) == ((30, 15, 9), (30, 15, 8), (30, 15))
    np.testing.assert_array_equal(y[:, 8:], x[:, :7, :8])
    assert x[:, 7, 8].all()
    assert x[:, :, 8].sum() == 30
    assert not x[:, 8:].any()
    assert not y[:, :8].any()
    np.testing.assert_array_equal(asked[0], [0] * 8 + [1] * 7)
    assert 0.45 < x[:, :7, :8].mean() < 0.55


def test_what_is_copied_several_times() -> None:
    x, y, asked = repeat_copy.sequences(rng(), 20, 4, 3, most_repeats=10)
    assert (x.shape, y.shape) == ((20, 4 + 1 + 13, 10), (20, 18, 9))
    for repeat in range(3):
        np.testing.assert_array_equal(y[:, 5 + 4 * repeat : 9 + 4 * repeat, :8], x[:, :4, :8])
    assert y[:, -1, 8].all()
    assert y[:, :, 8].sum() == 20
    assert not x[:, 5:].any()
    np.testing.assert_array_equal(asked[0], [0] * 5 + [1] * 13)
    numbers = np.array([repeat_copy.sequences(rng(), 1, 1, n, 10)[0][0, 1, 9] for n in range(1, 11)])
    assert abs(numbers.mean()) < 1e-6
    assert abs((numbers**2).mean() - 1) < 1e-6


def test_what_is_recalled() -> None:
    x, y, asked = associative_recall.sequences(rng(), 50, 5)
    assert (x.shape, y.shape) == ((50, 28, 8), (50, 28, 6))
    assert x[:, 0:20:4, 6].all()
    assert x[:, :, 6].sum() == 250
    assert x[:, [20, 24], 7].all()
    assert x[:, :, 7].sum() == 100
    asked_for = set()
    for row in range(50):
        items = [x[row, 4 * item + 1 : 4 * item + 4, :6] for item in range(5)]
        found = [item for item in range(4) if np.array_equal(items[item], x[row, 21:24, :6])]
        assert any(np.array_equal(items[item + 1], y[row, -3:]) for item in found)
        asked_for |= set(found)
    assert asked_for == {0, 1, 2, 3}
    assert not x[:, 25:].any()
    np.testing.assert_array_equal(asked[0], [0] * 25 + [1] * 3)


@pytest.mark.parametrize("name", NAMES)
def test_sizes_vary_from_batch_to_batch(name: str) -> None:
    task = tasks.get(name)
    data = task.data(task.settings(steps=30, tested=70, batch_size=32), seed=0)
    lengths = {data.train[index][0].shape[1] for index in range(30)}
    assert len(lengths) > 3
    assert [len(x) for x, _, _ in data.validation[""]] == [32, 32, 6]
    assert len(data.test) in (3, 4)
    longest = max(lengths)
    assert all(part[0][0].shape[1] > longest for ending, part in data.test.items() if ending)


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_that_knows_nothing_pays_a_bit_for_each_bit(name: str) -> None:
    class Guess:
        def predict_on_batch(self, x: np.ndarray) -> np.ndarray:
            return np.zeros((*x.shape[:2], task.answers))

    task = tasks.get(name)
    settings = task.settings(tested=40)
    part = task.data(settings, 0).validation
    bits = sum(asked.sum() for _, _, asked in part[""]) * task.answers / 40
    figures = task.evaluate(Guess(), part, settings)
    assert abs(figures["bits"] - bits) < 1e-9 * bits
    ones = sum(y.sum() for _, y, _ in part[""]) / 40
    assert abs(figures["errors"] - ones) < 1e-9 * bits


def test_the_loss_is_the_figure_in_nats() -> None:
    task = tasks.get("copy")
    settings = task.settings("ntm", units=4, memory_size=5, memory_dim=3, tested=32)
    data = task.data(settings, 0)
    model = task.model("ntm", settings, data)
    (batch,) = data.validation[""]
    bits = task.evaluate(model, data.validation, settings)["bits"]
    assert abs(model.test_on_batch(*batch) - bits * np.log(2)) < 1e-3


def test_a_setting_out_of_range_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "copy", "--memory-size", "2", "--epochs", "0"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "shift_range=1 makes a window of 3 slots, wider than memory_size=2" in line
