"""Schedules of scheduled sampling: their formulas, and what a training sets."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers
from recurra.callbacks import ScheduledSampling


@pytest.mark.parametrize("step", [0, 1, 7, 400, 10_000])
def test_formulas(step: int) -> None:
    assert ScheduledSampling("linear", k=0.9, slope=0.001, least=0.2).truth(step) == max(0.2, 0.9 - 0.001 * step)
    assert ScheduledSampling("exponential", k=0.99).truth(step) == 0.99**step
    expected = 50 / (50 + math.exp(step / 50))
    assert ScheduledSampling("inverse_sigmoid", k=50).truth(step) == pytest.approx(expected, rel=1e-12, abs=1e-300)


def test_long_trainings_overflow_nothing() -> None:
    assert ScheduledSampling("inverse_sigmoid", k=1).truth(10**6) == 0.0
    assert ScheduledSampling("exponential", k=0.5, least=0.1).truth(10**6) == 0.1


def test_a_training_goes_through_the_schedule() -> None:
    rng = np.random.default_rng(0)
    source = [rng.integers(1, 5, 3).tolist() for _ in range(12)]
    encoder = layers.GRU(4, return_sequences=True, return_state=True)
    model = recurra.models.Seq2Seq(encoder, layers.GRUCell(4), 5, 7, start=5, end=6, embedding_dim=3)
    model.compile("adam")
    seen: list[float] = []
    schedule = ScheduledSampling("linear", slope=0.1)
    watch = recurra.callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: seen.append(model.scheduled_sampling))
    for _ in range(2):  # the second training goes on
        model.fit(source, source, batch_size=4, verbose=0, callbacks=[schedule, watch])
    np.testing.assert_allclose(seen, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5], atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"schedule": "cosine"}, "schedule must be one of 'linear', 'exponential', 'inverse_sigmoid'"),
        ({}, "schedule='inverse_sigmoid' needs k"),
        ({"k": 0.5}, "k must be a number >= 1, got 0.5"),
        ({"schedule": "exponential", "k": 1.0}, r"k must be a number in \(0, 1\)"),
        ({"schedule": "linear"}, "schedule='linear' needs slope"),
        ({"schedule": "linear", "slope": 0}, "slope must be a number > 0"),
        ({"k": 5, "slope": 0.1}, "schedule='inverse_sigmoid' has no slope"),
        ({"k": 5, "least": 2}, r"least must be a number in \[0, 1\]"),
    ],
)
def test_arguments_that_do_not_fit(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ScheduledSampling(**arguments)


def test_other_models_have_no_decoder() -> None:
    model = recurra.Sequential([recurra.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="a Sequential model has no scheduled_sampling; it is for Seq2Seq"):
        model.fit(np.zeros((4, 2)), np.zeros((4, 1)), verbose=0, callbacks=[ScheduledSampling(k=5)])
