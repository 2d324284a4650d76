"""Readouts in closed form, against least squares of NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import recurra
from recurra import layers, models
from recurra.models import fit_readout

Array = np.ndarray


def echo(*between: Any, outputs: int = 2, use_bias: bool = True, **options: Any) -> Any:
    reservoir = layers.EchoState(12, connectivity=0.3, leak=0.6, return_sequences=True, seed=4, **options)
    return recurra.Sequential([*between, reservoir, layers.Dense(outputs, use_bias=use_bias)])


def data(rows: int = 5, time: int = 40) -> tuple[Array, Array]:
    x = np.random.default_rng(0).standard_normal((rows, time, 3)).astype(np.float32)
    return x, np.cumsum(x[..., :2], axis=1)


def ridge(f: Array, y: Array, weights: Array, alpha: float, use_bias: bool = True) -> tuple[Array, float]:
    """All weights (U + 1, O) as the least squares of rows that are joined by those of the penalty."""
    wide = np.concatenate([f, np.ones((len(f), 1))], axis=1)[:, : f.shape[1] + use_bias].astype(np.float64)
    root = np.sqrt(weights)[:, None]
    penalty = np.sqrt(alpha) * np.eye(wide.shape[1])[: f.shape[1]]
    both = np.linalg.lstsq(
        np.concatenate([root * wide, penalty]), np.concatenate([root * y, np.zeros((len(penalty), y.shape[1]))]), None
    )[0]
    return both, float((weights[:, None] * (wide @ both - y) ** 2).sum() / weights.sum() / y.shape[1])


def features_of(model: Any, x: Array) -> Array:
    return model.layers[0](x).numpy().astype(np.float64)


@pytest.mark.parametrize("alpha", [0.1, 3.0])
@pytest.mark.parametrize("use_bias", [True, False])
def test_is_ridge_regression(alpha: float, use_bias: bool) -> None:
    (x, y), model = data(), echo(use_bias=use_bias)
    error = fit_readout(model, x, y, alpha=alpha, washout=5, batch_size=2)
    f = features_of(model, x)[:, 5:].reshape(-1, 12)
    both, wanted = ridge(f, y[:, 5:].reshape(-1, 2), np.ones(len(f)), alpha, use_bias)
    np.testing.assert_allclose(model.layers[-1].kernel.numpy(), both[:12], rtol=1e-4, atol=1e-5)
    assert error == pytest.approx(wanted, rel=1e-6)
    predicted = model.predict(x, verbose=0)
    assert np.mean((predicted - y)[:, 5:] ** 2) == pytest.approx(wanted, rel=1e-4)


def test_weights_and_lengths_say_what_counts() -> None:
    (x, y), model = data(), echo()
    lengths, weights = np.array([40, 12, 3, 25, 1]), np.array([1.0, 2.0, 0.5, 0.0, 3.0])
    damaged = x.copy()
    damaged[np.arange(40) >= lengths[:, None]] = np.nan
    error = fit_readout(model, damaged, y, alpha=0.2, sample_weight=weights, lengths=lengths)
    counts = (np.arange(40) < lengths[:, None]) * weights[:, None]
    both, wanted = ridge(features_of(model, x).reshape(-1, 12), y.reshape(-1, 2), counts.ravel(), 0.2)
    np.testing.assert_allclose(model.layers[-1].kernel.numpy(), both[:12], rtol=1e-4, atol=1e-5)
    assert error == pytest.approx(wanted, rel=1e-6)


def test_masks_of_layers_below_hold() -> None:
    x, y = data()
    x[:, 30:] = -1.0
    short, masked = echo(), echo(layers.Masking(-1.0))
    fit_readout(short, x[:, :30], y[:, :30], alpha=0.1)
    fit_readout(masked, x, y, alpha=0.1)
    np.testing.assert_array_equal(masked.layers[-1].kernel.numpy(), short.layers[-1].kernel.numpy())


def test_a_source_of_batches_gives_the_same() -> None:
    (x, y), whole, source = data(), echo(), echo()
    fit_readout(whole, x, y, batch_size=2)
    fit_readout(source, ((x[i : i + 2], y[i : i + 2]) for i in (0, 2, 4)))
    np.testing.assert_array_equal(source.layers[-1].kernel.numpy(), whole.layers[-1].kernel.numpy())


def test_a_stateful_stream_is_one_long_sequence() -> None:
    (x, y), whole = data(1, 60), echo()
    parts = echo(stateful=True)
    fit_readout(whole, x, y, alpha=0.1, washout=10)
    fit_readout(parts, ((x[:, i : i + 20], y[:, i : i + 20]) for i in (0, 20, 40)), alpha=0.1, washout=10)
    np.testing.assert_allclose(parts.layers[-1].kernel.numpy(), whole.layers[-1].kernel.numpy(), rtol=1e-4, atol=1e-6)


def test_layers_without_sequences_and_one_output() -> None:
    x, y = data(50)
    model = recurra.Sequential([layers.EchoState(12, seed=1), layers.Dense(1)])
    error = fit_readout(model, x, y[:, -1, 0], alpha=0.1)
    f = features_of(model, x)
    assert error == pytest.approx(ridge(f, y[:, -1, :1], np.ones(50), 0.1)[1], rel=1e-5)


def test_predicts_saves_and_streams(tmp_path: Any) -> None:
    (x, y), model = data(), echo()
    fit_readout(model, x, y)
    wanted = model.predict(x, verbose=0)
    model.save(tmp_path / "echo.safetensors")
    np.testing.assert_array_equal(models.load_model(tmp_path / "echo.safetensors").predict(x, verbose=0), wanted)
    np.testing.assert_array_equal(model.streaming(5).process(x), wanted)


def test_a_reservoir_that_continues_a_chaotic_series() -> None:
    """Mackey-Glass, one step ahead: the error is a small part of the series' spread."""
    series = [1.2] * 18
    for _ in range(1500):
        series.append(series[-1] + 0.2 * series[-18] / (1 + series[-18] ** 10) - 0.1 * series[-1])
    values = (np.array(series[100:]) - 0.9)[None, :, None]
    reservoir = layers.EchoState(100, spectral_radius=0.95, return_sequences=True, seed=2)
    model = recurra.Sequential([reservoir, layers.Dense(1)])
    fit_readout(model, values[:, :1000], values[:, 1:1001], alpha=1e-6, washout=100)
    predicted = model.predict(values[:, :-1], verbose=0)[:, 1000:]
    assert np.sqrt(np.mean((predicted - values[:, 1001:]) ** 2)) < 0.01 * values.std()


def test_the_reservoir_is_sparse_scaled_and_not_trained() -> None:
    layer = layers.EchoState(60, connectivity=0.05, spectral_radius=0.7, seed=1)
    layer.build((None, None, 2))
    recurrent = layer.cell.recurrent_kernel.numpy()
    assert ((recurrent != 0).sum(axis=0) == 3).all()
    assert np.abs(np.linalg.eigvals(recurrent)).max() == pytest.approx(0.7, rel=1e-5)
    assert layer.trainable_weights == []
    again = layers.EchoState(60, connectivity=0.05, spectral_radius=0.7, seed=1)
    again.build((None, None, 2))
    np.testing.assert_array_equal(again.cell.recurrent_kernel.numpy(), recurrent)


def some_model(*stack: Any) -> Any:
    return recurra.Sequential(list(stack))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y: fit_readout(layers.Dense(2), x, y), "expected a Sequential model, got Dense"),
        (lambda x, y: fit_readout(some_model(layers.Dense(2)), x, y), "must be a Dense without activation, behind"),
        (
            lambda x, y: fit_readout(some_model(layers.GRU(3), layers.Dense(2, activation="tanh")), x, y),
            "must be a Dense without activation",
        ),
        (lambda x, y: fit_readout(echo(), x, y[..., :1]), r"expected targets of shape \(5, 40, 2\) for these"),
        (lambda x, y: fit_readout(echo(), x), "the data have no targets"),
        (lambda x, y: fit_readout(echo(), x, y, washout=40), "nothing is left to fit"),
        (lambda x, y: fit_readout(echo(), x[:1, :5], y[:1, :5], alpha=0), "no single solution; give an alpha above 0"),
        (lambda x, y: fit_readout(echo(), x, y, alpha=-1), "alpha"),
        (
            lambda x, y: fit_readout(some_model(layers.EchoState(3), layers.Dense(2)), x, y[:, 0], washout=2),
            "washout leaves out steps, but the layer below the last one gives no sequences",
        ),
    ],
)
def test_mistakes_are_named(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call(*data())
