"""Penalties and constraints on recurrent layers, as one step of training sees them."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import layers, ops
from recurra.models import Sequential
from recurra.optimizers import SGD
from recurra.regularizers import L1, L2

LAYERS = [layers.SimpleRNN, layers.LSTM, layers.GRU]


def no_loss(y_true, y_pred):
    return ops.sum(y_pred, axis=-1) * 0.0


def one_step(layer, rng):
    """Weights before and after a step of rate 0.1 in which only penalties have a gradient."""
    model = Sequential([layers.Input((5, 3)), layer])
    x = rng.normal(size=(2, 5, 3))
    model.set_weights([rng.normal(size=w.shape) for w in model.get_weights()])
    model.compile(SGD(0.1), no_loss)
    before = model.get_weights()
    loss = model.train_on_batch(x, np.zeros((2, 4)))
    return loss, before, model.get_weights()


@pytest.mark.parametrize("layer", LAYERS)
def test_each_weight_has_its_own_penalty(layer, rng):
    own = {"kernel_regularizer": L1(0.3), "recurrent_regularizer": L2(0.2), "bias_regularizer": L1(0.1)}
    loss, before, after = one_step(layer(4, dtype="float64", **own), rng)
    kernel, recurrent, bias = before
    assert loss == pytest.approx(0.3 * abs(kernel).sum() + 0.2 * (recurrent**2).sum() + 0.1 * abs(bias).sum())
    expected = [
        kernel - 0.1 * 0.3 * np.sign(kernel),
        recurrent - 0.1 * 2 * 0.2 * recurrent,
        bias - 0.1 * 0.1 * np.sign(bias),
    ]
    for got, want in zip(after, expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("sequences", [False, True])
def test_activity_penalty_is_the_mean_over_samples(layer, sequences, rng):
    made = layer(4, dtype="float64", return_sequences=sequences, activity_regularizer=L2(0.5))
    model = Sequential([layers.Input((5, 3)), made])
    x = rng.normal(size=(2, 5, 3)).astype("float32")
    model.compile(SGD(0.1), no_loss)
    outputs = model.predict(x, verbose=0)
    gradient = _gradient_of(lambda: 0.5 * (np.array(made(x)) ** 2).sum() / 2, made.cell.recurrent_kernel)
    before = made.cell.recurrent_kernel.numpy().copy()
    target = np.zeros((2, 5, 4) if sequences else (2, 4))
    assert model.train_on_batch(x, target) == pytest.approx(0.5 * (outputs**2).sum() / 2)
    np.testing.assert_allclose(made.cell.recurrent_kernel.numpy(), before - 0.1 * gradient, rtol=1e-7, atol=1e-9)


def _gradient_of(function, weight, step=1e-5):
    values, gradient = weight.numpy(), np.zeros(weight.shape)
    for at in np.ndindex(*weight.shape):
        start = values[at]
        sides = []
        for side in (start + step, start - step):
            values[at] = side
            sides.append(function())
        values[at] = start
        gradient[at] = (sides[0] - sides[1]) / (2 * step)
    return gradient


@pytest.mark.parametrize("layer", LAYERS)
def test_constraints_hold_after_each_step(layer, rng):
    own = {"kernel_constraint": "unit_norm", "recurrent_constraint": "orthogonal", "bias_constraint": "max_norm"}
    made = layer(4, dtype="float64", return_sequences=True, **own)
    model = Sequential([layers.Input((5, 3)), made])
    model.compile(SGD(3.0), "mse")
    for _ in range(3):
        model.train_on_batch(rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 5, 4)))
    kernel, recurrent, bias = made.get_weights()
    np.testing.assert_allclose(np.linalg.norm(kernel, axis=0), 1, rtol=1e-6)
    for gate in np.split(recurrent, recurrent.shape[1] // 4, axis=1):
        np.testing.assert_allclose(gate @ gate.T, np.eye(4), atol=1e-12)
    assert np.linalg.norm(bias, axis=0).max() <= 2
