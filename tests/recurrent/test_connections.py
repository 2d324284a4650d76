"""Residual, highway and stacked recurrent layers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra import Tensor, layers, models
from recurra.gradient_check import check_gradients
from recurra.models import load_model

X = np.random.default_rng(0).standard_normal((3, 6, 5)).astype(np.float32)
MASK = np.arange(6) < np.array([6, 2, 4])[:, None]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_residual_adds_its_input() -> None:
    gru = layers.GRU(5, return_sequences=True)
    outputs = layers.Residual(gru)(X, mask=MASK).numpy()
    np.testing.assert_allclose(outputs, X + gru(X, mask=MASK).numpy(), atol=1e-6)


def test_highway_weighs_input_and_output() -> None:
    gru = layers.GRU(5, return_sequences=True)
    layer = layers.Highway(gru)
    outputs = layer(X).numpy()
    kernel, bias = layer.gate_kernel.numpy(), layer.gate.numpy()
    np.testing.assert_array_equal(bias, np.full(5, -2.0))
    gate = sigmoid(X @ kernel + bias)
    np.testing.assert_allclose(outputs, gate * gru(X).numpy() + (1 - gate) * X, atol=1e-6)


@pytest.mark.parametrize("kind", ["Residual", "Highway"])
def test_gradients(kind: str) -> None:
    layer = getattr(layers, kind)(layers.SimpleRNN(5, return_sequences=True, dtype="float64"), dtype="float64")
    layer.build((None, None, 5))
    check_gradients(lambda x, *_: layer(x), X.astype(np.float64), *layer.weights, samples=30)


@pytest.mark.parametrize("connection", [None, "residual", "highway"])
@pytest.mark.parametrize("sequences", [False, True])
def test_a_stack_is_its_copies(connection: str | None, sequences: bool) -> None:
    layer = layers.Stack(layers.LSTM(5, return_sequences=sequences), 3, connection)
    outputs = layer(X, mask=MASK)
    x: Any = Tensor(X)
    for number, copy in enumerate(layer.copies):
        recurrent = getattr(copy, "layer", copy)
        assert recurrent.return_sequences == (sequences or number < 2)
        connected = connection is not None and recurrent.return_sequences
        assert isinstance(copy, layers.Residual) == connected
        x = copy(x, mask=MASK)
    np.testing.assert_array_equal(outputs.numpy(), x.numpy())
    assert layer.compute_output_shape((None, None, 5)) == ((None, None, 5) if sequences else (None, 5))
    weights = layer.get_weights()
    assert not np.array_equal(weights[0], weights[3 if connection != "highway" else 5])


def test_a_stack_joins_only_equal_widths() -> None:
    layer = layers.Stack(layers.Bidirectional(layers.GRU(4, return_sequences=True)), 3, "residual")
    assert layer(X).shape == (3, 6, 8)
    assert [isinstance(copy, layers.Residual) for copy in layer.copies] == [False, True, True]


@pytest.mark.parametrize("connection", [None, "residual", "highway"])
def test_saved_and_loaded_is_bit_equal(connection: str | None, tmp_path: Any) -> None:
    model = models.Sequential(
        [layers.Input((None, 5)), layers.Stack(layers.GRU(5, dropout=0.1), 2, connection), layers.Dense(1)]
    )
    before = model.predict(X, verbose=0)
    model.save(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(load_model(tmp_path / "model.safetensors").predict(X, verbose=0), before)


def test_a_stateful_stack_goes_on_and_starts_anew() -> None:
    layer = layers.Stack(layers.GRU(5, stateful=True), 2, "residual")
    fresh = layer(X).numpy()
    assert not np.array_equal(layer(X).numpy(), fresh)
    layer.reset_states(rows=[1])
    np.testing.assert_array_equal(layer(X).numpy()[1], fresh[1])
    layer.reset_states()
    np.testing.assert_array_equal(layer(X).numpy(), fresh)


def test_masks_pass() -> None:
    model = models.Sequential(
        [
            layers.Input((None, 5)),
            layers.Masking(),
            layers.Residual(layers.GRU(5, return_sequences=True)),
            layers.LSTM(2),
        ]
    )
    masked = np.where(MASK[:, :, None], X, 0)
    alone = model.predict(masked[2:, :4], verbose=0)
    np.testing.assert_allclose(model.predict(masked, verbose=0)[2:], alone, atol=1e-6)


REFUSED: list[tuple[str, Any, str]] = [
    ("no layer", lambda: layers.Residual(3), "Residual: expected a layer, got int"),
    ("last output", lambda: layers.Residual(layers.GRU(5)), "Residual: the layer must return sequences"),
    (
        "state",
        lambda: layers.Highway(layers.GRU(5, return_sequences=True, return_state=True)),
        "Highway: the layer must return its output only",
    ),
    (
        "backwards",
        lambda: layers.Residual(layers.GRU(5, return_sequences=True, go_backwards=True)),
        "returns the steps in another order",
    ),
    ("width", lambda: layers.Residual(layers.GRU(4, return_sequences=True))(X), "output has the shape of its input"),
    ("no recurrent layer", lambda: layers.Stack(layers.Dense(3), 2), "Stack: expected a recurrent layer"),
    ("depth", lambda: layers.Stack(layers.GRU(3), 0), "Stack: depth must be an integer from 1 to 1000, got 0"),
    (
        "great depth",
        lambda: layers.Stack(layers.GRU(3), 10**8),
        "Stack: depth must be an integer from 1 to 1000, got 1",
    ),
    ("connection", lambda: layers.Stack(layers.GRU(3), 2, "dense"), "Stack: connection must be one of"),
    ("stacked state", lambda: layers.Stack(layers.GRU(3, return_state=True), 2), "must return its output only"),
    ("stacked backwards", lambda: layers.Stack(layers.GRU(3, go_backwards=True), 2), "would reverse the sequence"),
]


@pytest.mark.parametrize(("action", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refused_with_the_reason(action: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        action()
