"""Gates in exponents: the stabiliser of an SLSTM, and shares of gates that round to 0."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra import Tensor, layers

Array = np.ndarray
B, T, F, U = 3, 6, 4, 5


def slstm(dtype: str = "float64", scale: float = 1.0) -> layers.SLSTM:
    layer = layers.SLSTM(U, return_sequences=True, return_state=True, dtype=dtype)
    layer.build((None, None, F))
    rng = np.random.default_rng(0)
    for weight in layer.weights:
        weight.assign((scale * rng.standard_normal(weight.shape)).astype(dtype))
    return layer


def some_input(time: int = T, dtype: str = "float64") -> Array:
    return np.random.default_rng(1).standard_normal((B, time, F)).astype(dtype)


def gradients(layer: Any, x: Array, *states: Array) -> list[Array]:
    """Of the last output's weighted sum, for the input, the states and the weights."""
    sources = [Tensor(x), *(Tensor(state) for state in states)]
    for source in sources:
        source.requires_grad = True
    for weight in layer.trainable_weights:
        weight.grad = None
    output = layer(sources[0], initial_state=sources[1:] or None)[0]
    (output[:, -1] * np.linspace(-1, 1, B * U).reshape(B, U).astype(x.dtype)).sum().backward()
    return [one.grad.numpy().copy() for one in (*sources, *layer.trainable_weights)]


def test_the_stabiliser_only_scales() -> None:
    """c and n times exp(-s) with m + s are the same memory."""
    rng, layer, x = np.random.default_rng(2), slstm(), some_input()
    h, c, n, m = (rng.random((B, U)) + 0.5 for _ in range(4))
    shift = rng.uniform(-3, 3, (B, U))
    whole = [one.numpy() for one in layer(x, initial_state=[h, c, n, m])]
    shifted = layer(x, initial_state=[h, c * np.exp(-shift), n * np.exp(-shift), m + shift])
    np.testing.assert_allclose(shifted[0].numpy(), whole[0], rtol=0, atol=1e-13)
    # So the derivative along that direction is 0.
    _, _, dc, dn, dm, *_ = gradients(layer, x, h, c, n, m)
    assert np.abs(dm).max() > 1e-3
    np.testing.assert_allclose(dm - c * dc - n * dn, 0, atol=1e-14)


def test_the_first_step_starts_afresh() -> None:
    layer, x = slstm(), some_input(1)
    kernel, _, bias = (weight.numpy() for weight in layer.weights)
    i, _, g, o = np.split(x[:, 0] @ kernel + bias, 4, axis=1)
    _, h, c, n, m = (one.numpy() for one in layer(x))
    np.testing.assert_allclose(m, i, rtol=1e-14)
    np.testing.assert_array_equal(n, 1)
    np.testing.assert_allclose(c, np.tanh(g), rtol=1e-14)
    np.testing.assert_allclose(h, np.tanh(g) / (1 + np.exp(-o)), rtol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [30.0, 1e4])
def test_no_gate_is_too_large(scale: float, dtype: str) -> None:
    """The memory is an average: with tanh no output exceeds 1, however large the gates; gradients stay finite."""
    layer, x = slstm(dtype, scale), some_input(50, dtype)
    for one in layer(x):
        assert np.isfinite(one.numpy()).all()
    assert np.abs(layer(x)[0].numpy()).max() <= 1 + 1e-6
    for one in gradients(layer, x):
        assert np.isfinite(one).all()


def test_float32_gradients_over_long_sequences() -> None:
    """What cancels in the gradient of the stabiliser does not add up over time."""
    x = some_input(400)
    wanted = gradients(slstm(scale=0.4), x)
    found = gradients(slstm("float32", 0.4), x.astype(np.float32))
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=2e-5 * np.abs(other).max())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("to_i", "to_f", "share"), [(-500, -500, 0.5), (-500, -501, 1 / (1 + np.exp(-1))), (-9e3, 9, 0)]
)
def test_shares_of_gates_that_round_to_zero(to_i: float, to_f: float, share: float, dtype: str) -> None:
    layer = layers.MinLSTM(2, dtype=dtype)
    layer.build((None, None, 1))
    bias = np.repeat([to_i, to_f, 1.0], 2)
    layer.set_weights([np.zeros((1, 6), dtype), bias.astype(dtype)])
    output = layer(np.zeros((1, 1, 1), dtype))
    np.testing.assert_allclose(output.numpy(), share, rtol=1e-5)
    output.sum().backward()
    assert np.isfinite(layer.cell.bias.grad.numpy()).all()
