"""The tasks of one paper: their data, all models of each, how the figures are formed."""

from __future__ import annotations

import math

import numpy as np
import pytest

import recurra
from recurra import tasks
from recurra.tasks import adding, copy_memory

SIZES = {"units": 3, "layers": 1, "filters": 3, "levels": 2, "kernel_size": 2, "epochs": 1, "verbose": 0}
DRAWN = {**SIZES, "steps": 5, "count": 40, "held_out": 8}


def random_pieces(*lengths: int):
    rng = np.random.default_rng(0)
    return [(rng.random((length, 88)) < 0.1).astype("uint8") for length in lengths]


@pytest.fixture
def small_files(monkeypatch):
    """Few images and pieces in the place of the data sets."""
    rng = np.random.default_rng(1)
    parts = [(rng.integers(0, 256, (n, 28, 28), "uint8"), rng.integers(0, 10, n, "uint8")) for n in (70, 9)]
    monkeypatch.setattr(recurra.datasets.mnist, "load_data", lambda: tuple(parts))
    pieces = tuple(random_pieces(*lengths) for lengths in ((5, 9, 2, 6), (4, 7), (3, 8)))
    monkeypatch.setattr(recurra.datasets.jsb_chorales, "load_data", lambda: pieces)
    monkeypatch.setattr(recurra.datasets.nottingham, "load_data", lambda: pieces)


@pytest.mark.parametrize("model", ["tcn", "lstm", "gru", "rnn"])
@pytest.mark.parametrize(
    ("task", "changes"),
    [
        ("adding", DRAWN),
        ("copy-memory", DRAWN),
        ("sequential-mnist", {**SIZES, "held_out": 6, "batch_size": 16}),
        ("permuted-mnist", {**SIZES, "held_out": 6, "images": 32}),
        ("jsb", {**SIZES, "batch_size": 2}),
        ("nottingham", {**SIZES, "pieces": 2}),
    ],
)
@pytest.mark.filterwarnings("ignore:.*an output sees the last")
def test_all_models_run_an_epoch(task, changes, model, small_files):
    result = tasks.run(task, model, **changes)
    assert result.epochs == 1
    assert all(math.isfinite(figure) for figure in result.figures.values())
    assert tasks.get(task).metric.name in result.figures
    assert result.published["source"] == "Bai, Kolter & Koltun, 2018, Table 1"


@pytest.mark.parametrize(
    ("task", "size"),
    [
        ("adding", 70e3),
        ("copy-memory", 11e3),
        ("sequential-mnist", 69e3),
        ("permuted-mnist", 69e3),
        ("nottingham", 1.2e6),
    ],
)
def test_models_of_a_task_have_about_as_many_parameters(task, size):
    own = tasks.get(task)
    counts = {name: own.model(name, own.settings(name), None).count_params() for name in own.models}
    recurrent = [count for name, count in counts.items() if name != "tcn"]
    assert max(recurrent) < 1.06 * min(recurrent)
    assert all(0.7 * size < count < 1.3 * size for count in counts.values()), counts


def test_networks_see_all_that_the_tasks_need():
    for name, steps in (("adding", 600), ("copy-memory", 1010), ("sequential-mnist", 784)):
        s = tasks.get(name).settings("tcn")
        assert 1 + 2 * (s.kernel_size - 1) * (2**s.levels - 1) >= steps


def test_sums_of_the_adding_problem():
    x, y = adding.sequences(500, 7, np.random.default_rng(0))
    assert (x[:, :, 1].sum(axis=1) == 2).all()
    assert set(np.unique(x[:, :, 1])) == {0, 1}
    assert np.allclose((x[:, :, 0] * x[:, :, 1]).sum(axis=1, keepdims=True), y)
    assert (x[:, :, 1].sum(axis=0) > 80).all()  # marks stand anywhere
    parts = tasks.get("adding").data(tasks.get("adding").settings(steps=7, count=50, held_out=50), seed=1)
    assert not np.array_equal(parts.train[0], parts.validation[0])
    assert not np.array_equal(parts.validation[0], parts.test[0])


def test_digits_to_be_copied():
    x, y = copy_memory.sequences(30, 12, np.random.default_rng(0))
    assert (x.shape, y.shape) == ((30, 32, 1), (30, 32))
    assert set(np.unique(x[:, :10])) == set(range(1, 9))
    assert (x[:, 10:21] == 0).all()  # T − 1 blanks
    assert (x[:, 21:] == 9).all()  # eleven marks
    assert (y[:, :22] == 0).all()
    assert (y[:, 22:] == x[:, :10, 0]).all()


def test_guessing_the_digits_gives_the_loss_that_is_stated():
    class Guess:
        def predict_on_batch(self, x):
            scores = np.full((len(x), x.shape[1], 10), -200.0)
            scores[:, :-10, 0] = 0
            scores[:, -10:, 1:9] = 0
            return scores

    task = tasks.get("copy-memory")
    part = copy_memory.sequences(70, 1000, np.random.default_rng(0))
    figures = task.evaluate(Guess(), part, task.settings())
    assert abs(figures["loss"] - 10 * math.log(8) / 1020) < 1e-12
    assert abs(figures["last_10_loss"] - math.log(8)) < 1e-12
    assert abs(figures["last_10_accuracy"] - 1 / 8) < 0.05


def test_pixels_are_scaled_and_permuted_alike(small_files):
    plain, permuted = (tasks.get(name) for name in ("sequential-mnist", "permuted-mnist"))
    settings = plain.settings(held_out=6)
    ours, theirs = plain.data(settings, 0), permuted.data(settings, 3)
    images = recurra.datasets.mnist.load_data()[0][0]
    assert np.allclose(ours.train[0][:, :, 0], (images[:64].reshape(64, 784) / 255 - 0.1307) / 0.3081, atol=1e-6)
    assert np.array_equal(ours.train[0][:, permuted.order()], theirs.train[0])
    assert sorted(permuted.order()) == list(range(784))
    assert [len(part[0]) for part in (ours.train, ours.validation, ours.test)] == [64, 6, 9]
    with pytest.raises(ValueError, match="held_out=70 leaves none of 70 images"):
        plain.data(plain.settings(held_out=70), 0)


def test_rate_of_the_digits_falls():
    task = tasks.get("sequential-mnist")
    (schedule,) = task.callbacks(task.settings(decay_every=2))
    assert np.allclose([schedule.schedule(epoch) for epoch in range(5)], [2e-3, 2e-3, 2e-4, 2e-4, 2e-5])


def test_figure_and_loss_of_music_are_sums_over_the_keys(small_files):
    task = tasks.get("jsb")
    settings = task.settings("gru", units=3, layers=1, dropout=0.0)
    data = task.data(settings, 0)
    model = task.model("gru", settings, data)
    total, steps = 0.0, 0
    for x, y in (data.validation[i] for i in range(len(data.validation))):
        p = 1 / (1 + np.exp(-model.predict(x, verbose=0).astype("float64")))
        piece = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum()
        assert abs(model.evaluate(x, y, verbose=0) - piece) < 1e-4 * piece
        total, steps = total + piece, steps + y.shape[1]
    assert abs(task.evaluate(model, data.validation, settings)["nll"] - total / steps) < 1e-4


def test_missing_data_is_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.delenv("RECURRA_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    pytest.importorskip("scipy")
    assert recurra.cli.main(["train", "jsb"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "JSB_Chorales.mat" in line
    assert "RECURRA_DATA" in line
