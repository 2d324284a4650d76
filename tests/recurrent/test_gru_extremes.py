"""What a GRU becomes when its gates are pinned, and how weights of the other convention are carried over."""

from __future__ import annotations

import numpy as np
import pytest

from recurra import layers

B, T, F, U = 3, 7, 2, 5
PINNED = 1e4  # σ(±1e4) is 0 or 1 to the last bit


@pytest.fixture(params=range(3))
def random(request):
    return np.random.default_rng(request.param)


def pinned(random, after, z=None, r=None):
    """A GRU with random weights whose gates are held at 0 or 1; its own weights too."""
    gru = layers.GRU(U, reset_after=after, return_sequences=True, return_state=True, dtype="float64")
    gru.build((None, T, F))
    kernel, recurrent, bias = (random.normal(size=w.shape) for w in gru.get_weights())
    rows = bias if after else bias[None]
    for gate, value in enumerate((z, r)):
        if value is not None:
            columns = slice(gate * U, (gate + 1) * U)
            kernel[:, columns] = recurrent[:, columns] = rows[:, columns] = 0
            rows[0, columns] = PINNED if value else -PINNED
    gru.set_weights([kernel, recurrent, bias])
    return gru, kernel[:, 2 * U :], recurrent[:, 2 * U :], rows[:, 2 * U :].sum(axis=0)


@pytest.mark.parametrize("after", [True, False])
def test_update_gate_shut_and_reset_gate_open_is_the_simple_rnn(after, random):
    gru, kernel, recurrent, bias = pinned(random, after, z=0, r=1)
    simple = layers.SimpleRNN(U, return_sequences=True, return_state=True, dtype="float64")
    simple.build((None, T, F))
    simple.set_weights([kernel, recurrent, bias])
    x, start = random.normal(size=(B, T, F)), random.normal(size=(B, U))
    for a, b in zip(gru(x, initial_state=[start]), simple(x, initial_state=[start]), strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("after", [True, False])
def test_update_gate_open_is_the_identity(after, random):
    gru, *_ = pinned(random, after, z=1)
    start = random.normal(size=(B, U))
    outputs, state = gru(random.normal(size=(B, T, F)), initial_state=[start])
    np.testing.assert_array_equal(state.numpy(), start)
    np.testing.assert_array_equal(outputs.numpy(), np.repeat(start[:, None], T, axis=1))


@pytest.mark.parametrize("after", [True, False])
def test_both_gates_shut_is_a_layer_without_memory(after, random):
    gru, kernel, _, bias = pinned(random, after, z=0, r=0)
    if after:
        bias = gru.get_weights()[2][0, 2 * U :]  # the reset gate shuts out the recurrent bias as well
    x = random.normal(size=(B, T, F))
    outputs, _ = gru(x, initial_state=[random.normal(size=(B, U))])
    np.testing.assert_allclose(outputs.numpy(), np.tanh(x @ kernel + bias), rtol=1e-13, atol=1e-14)


def other_convention(x, h, kernel, recurrent, bias, after):
    """h' = (1 − z) h + z g: the update gate weighs the candidate."""

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    rows = bias if after else np.stack([bias, np.zeros_like(bias)])
    outputs = []
    for t in range(x.shape[1]):
        xz, xr, xh = np.split(x[:, t] @ kernel + rows[0], 3, axis=1)
        hz, hr, hh = np.split(h @ recurrent + rows[1], 3, axis=1)
        z, r = sigmoid(xz + hz), sigmoid(xr + hr)
        g = np.tanh(xh + (r * hh if after else (r * h) @ recurrent[:, 2 * U :]))
        h = (1 - z) * h + z * g
        outputs.append(h)
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize("after", [True, False])
def test_negated_update_gate_is_the_other_convention(after, random):
    gru, *_ = pinned(random, after)
    weights = gru.get_weights()
    x, start = random.normal(size=(B, T, F)), random.normal(size=(B, U))
    expected = other_convention(x, start, *weights, after)
    for weight in weights:
        weight[..., :U] *= -1
    gru.set_weights(weights)
    np.testing.assert_allclose(gru(x, initial_state=[start])[0].numpy(), expected, rtol=1e-12, atol=1e-13)
