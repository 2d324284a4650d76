"""Heads: losses against plain NumPy, quantiles against distribution functions, and what they learn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from recurra import losses
from recurra.forecasting import Forecaster, models
from recurra.forecasting.distributions import negative_binomial_quantile, student_quantile
from recurra.forecasting.heads import Gaussian, Mixture, NegativeBinomial, Quantiles, StudentT, head_of
from recurra.gradient_check import check_gradients

HEADS = [Gaussian(), StudentT(), NegativeBinomial(), Mixture(2), Quantiles([0.1, 0.25, 0.5, 0.9])]


def raw_of(head: Any, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(3, 4, head.outputs))


def parameters_of(head: Any, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    one = np.ones((3, 1, 1))
    return head.restored(raw_of(head), shift * one, scale * one).numpy()


def log_density(head: Any, y: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    log_gamma = np.vectorize(math.lgamma)
    a, b = parameters[..., 0], parameters[..., 1]
    if isinstance(head, Gaussian):
        return -np.log(b) - 0.5 * ((y - a) / b) ** 2
    if isinstance(head, StudentT):
        n = parameters[..., 2]
        tail = (n + 1) / 2 * np.log1p(((y - a) / b) ** 2 / n)
        return log_gamma((n + 1) / 2) - log_gamma(n / 2) - 0.5 * np.log(n) - np.log(b) - tail
    if isinstance(head, NegativeBinomial):
        size, share = 1 / b, 1 / (1 + a * b)
        return log_gamma(y + size) - log_gamma(size) + size * np.log(share) + y * np.log(1 - share)
    weights = np.exp(parameters[..., :2]) / np.exp(parameters[..., :2]).sum(-1, keepdims=True)
    each = np.exp(-0.5 * ((y[..., None] - parameters[..., 2:4]) / parameters[..., 4:]) ** 2) / parameters[..., 4:]
    return np.log((weights * each).sum(-1))


@pytest.mark.parametrize("head", HEADS[:4], ids=repr)
def test_likelihoods(head: Any) -> None:
    y = np.round(np.abs(np.random.default_rng(1).normal(size=(3, 4)) * 3))
    parameters = parameters_of(head)
    expected = -log_density(head, y, parameters)
    np.testing.assert_allclose(head.loss(y, parameters).item(), expected.mean(), rtol=1e-8)


@pytest.mark.parametrize("head", HEADS, ids=repr)
def test_gradients(head: Any) -> None:
    y = np.round(np.abs(np.random.default_rng(1).normal(size=(3, 4)) * 3))
    one = np.ones((3, 1, 1))
    check_gradients(lambda raw: head.loss(y, head.restored(raw, 0.5 * one, 2.0 * one)), raw_of(head))


@pytest.mark.parametrize("head", HEADS, ids=repr)
def test_quantiles_rise_and_move_with_the_scale(head: Any) -> None:
    parameters = parameters_of(head)
    found = np.stack([head.quantile(parameters, q) for q in (0.1, 0.3, 0.5, 0.7, 0.9)])
    assert np.all(np.diff(found, axis=0) >= 0)
    if head.support == "real":
        moved = parameters_of(head, shift=5.0, scale=3.0)
        for row, q in zip(found, (0.1, 0.3, 0.5, 0.7, 0.9), strict=True):
            np.testing.assert_allclose(head.quantile(moved, q), 5 + 3 * row, rtol=1e-6)


@pytest.mark.parametrize("head", HEADS[:4], ids=repr)
def test_samples_have_the_quantiles(head: Any) -> None:
    parameters = np.repeat(parameters_of(head)[:1, :1], 4000, axis=0)
    drawn = head.sample(parameters, np.random.default_rng(0))[:, 0]
    for q in (0.1, 0.5, 0.9):
        at = head.quantile(parameters[:1], q)[0, 0]
        assert (drawn < at).mean() - 0.04 <= q <= (drawn <= at).mean() + 0.04


def test_quantiles_of_distributions() -> None:
    """Tables of Student's t; the definition of the negative binomial."""
    assert student_quantile(0.95, np.array([1.0, 5.0, 30.0])).round(3).tolist() == [6.314, 2.015, 1.697]
    assert student_quantile(0.5, np.array([4.0])).round(9).tolist() == [0.0]
    mean, dispersion = 3.0, 0.7
    size, share = 1 / dispersion, 1 / (1 + mean * dispersion)
    counts = np.arange(60)
    terms = [math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1) for k in counts]
    cdf = np.cumsum(np.exp(terms + size * np.log(share) + counts * np.log(1 - share)))
    for q in (0.05, 0.1, 0.5, 0.9, 0.999):
        found = negative_binomial_quantile(q, np.array([mean]), np.array([dispersion]))
        assert found.tolist() == [float(np.argmax(cdf >= q))]


def test_quantiles_between_and_outside_of_those_trained_for() -> None:
    head = Quantiles([0.25, 0.75])
    parameters = np.array([[[1.0, 3.0]]])
    assert head.quantile(parameters, 0.5).tolist() == [[2.0]]
    with pytest.raises(
        ValueError, match=r"the quantile 0.1 lies outside those the model was trained for, 0.25 to 0.75"
    ):
        head.quantile(parameters, 0.1)


def test_heads_of_losses() -> None:
    assert head_of(losses.QuantileLoss([0.1, 0.9])).outputs == 2
    assert not head_of("mae").probabilistic
    assert head_of("student_t").outputs == 3
    assert head_of(losses.Huber(2.0)).loss.delta == 2.0


def test_counts() -> None:
    rng = np.random.default_rng(0)
    table = {"unique_id": np.repeat(["a"], 300), "ds": np.arange(300), "y": rng.poisson(4.0, 300)}
    model = models.NLinear(epochs=4, batch_size=32, learning_rate=0.01)
    made = Forecaster(model, freq=1, horizon=3, input_size=6, loss="negative-binomial")
    found = made.fit(table).predict(level=[80])
    assert np.array_equal(found["NLinear-hi-80"], np.round(found["NLinear-hi-80"]))
    assert np.all((found["NLinear-lo-80"] >= 0) & (found["NLinear-lo-80"] < 4) & (found["NLinear-hi-80"] > 4))
    with pytest.raises(ValueError, match=r"'negative-binomial' is for counts, but series 'a' holds 4.5"):
        made.fit(table | {"y": np.where(np.arange(300) == 8, 4.5, table["y"])})
    with pytest.raises(ValueError, match="makes counts negative; with a loss of counts give 'mean' or 'none'"):
        Forecaster(models.NLinear(window_scaling="last"), horizon=3, loss="negative-binomial").fit(table)
