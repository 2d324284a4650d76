"""Parity and logic: their data against plain rules, all models of each, when a training ends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from recurra import tasks
from recurra.tasks import logic, parity

SMALL: dict[str, Any] = {"epochs": 1, "steps_per_epoch": 3, "held_out": 12, "units": 4, "verbose": 0}


@pytest.mark.parametrize(
    ("task", "model"), [(task, model) for task in ("parity", "logic") for model in tasks.get(task).models]
)
def test_all_models_run_an_epoch(task: str, model: str) -> None:
    result = tasks.run(task, model, **SMALL)
    assert result.epochs == 1
    assert all(math.isfinite(figure) for figure in result.figures.values())
    assert tasks.get(task).metric.name in result.figures
    assert ("ponder_steps" in result.figures) == (model in ("act", "pondernet"))


def test_a_training_ends_at_the_accuracy_that_was_asked_for() -> None:
    result = tasks.run("parity", "rnn", **{**SMALL, "epochs": 5, "until": 0.0})
    assert result.epochs == 1
    result = tasks.run("parity", "rnn", **{**SMALL, "epochs": 3, "until": 1.0})
    assert result.epochs == 3


@pytest.mark.parametrize("anywhere", [False, True])
def test_vectors_of_parity(anywhere: bool) -> None:
    x, y = parity.vectors(400, 8, anywhere, np.random.default_rng(0))
    assert x.shape == (400, 1, 8)
    assert set(np.unique(x)) == {-1, 0, 1}
    np.testing.assert_array_equal(y[:, 0], (x[:, 0] == 1).sum(axis=1) % 2)
    taken = (x[:, 0] != 0).sum(axis=1)
    assert set(taken) == set(range(1, 9))
    first = (x[:, 0] != 0) == (np.arange(8) < taken[:, None])
    assert first.all() != anywhere


def test_answers_of_logic_are_those_of_its_gates() -> None:
    rules = [
        lambda p, q: not (p or q),
        lambda p, q: not p and q,
        lambda p, q: p and not q,
        lambda p, q: p != q,
        lambda p, q: not (p and q),
        lambda p, q: p and q,
        lambda p, q: p == q,
        lambda p, q: not p or q,
        lambda p, q: p or not q,
        lambda p, q: p or q,
    ]
    x, y = logic.sequences(60, np.random.default_rng(0))
    assert x.shape == (60, 10, 102)
    lengths = set()
    for vectors, answers in zip(x, y[:, :, 0], strict=True):
        length = int((vectors[:, 0] >= 0).sum())
        lengths.add(length)
        assert (vectors[length:] == -1).all()
        before = bool(vectors[0, 0])
        for t in range(length):
            assert t == 0 or vectors[t, 0] == 0
            p, q = before, bool(vectors[t, 1])
            gates = vectors[t, 2:].reshape(10, 10)
            count = int(gates.sum())
            assert count >= 1
            np.testing.assert_array_equal(gates.sum(axis=1), np.arange(10) < count)
            for gate in gates[:count].argmax(axis=1):
                p, q = q, bool(rules[gate](p, q))
            assert q == bool(answers[t])
            before = q
    assert lengths == set(range(1, 11))


def test_the_figure_of_logic_counts_whole_sequences() -> None:
    task: Any = tasks.get("logic")
    settings = task.settings("rnn", held_out=40, units=4)
    data = task.data(settings, 0)
    model = task.model("rnn", settings, data)
    x, y = data.test
    found = task.evaluate(model, data.test, settings)["sequence_accuracy"]
    right = [
        all((p > 0.5) == (a > 0.5) for v, p, a in zip(vectors, said, answers, strict=True) if v[0] >= 0)
        for vectors, said, answers in zip(x, model.predict(x, verbose=0), y, strict=True)
    ]
    assert found == pytest.approx(np.mean(right))
