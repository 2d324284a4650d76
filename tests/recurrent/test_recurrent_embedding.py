"""An embedding in front of a recurrent layer is computed from the table: the outputs of the rows looked up to the bit,
and their gradients to rounding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import recurra
from recurra import _engine, config, layers, ops

LAYERS: dict[str, Any] = {
    "rnn": lambda **how: layers.SimpleRNN(37, **how),
    "lstm": lambda **how: layers.LSTM(19, **how),
    "gru": lambda **how: layers.GRU(19, **how),
    "gru before": lambda **how: layers.GRU(19, reset_after=False, **how),
}
BATCH, TIME, VOCABULARY, FEATURES = 33, 21, 40, 11


def made(name: str, dtype: str, **how: Any) -> Any:
    layer = LAYERS[name](dtype=dtype, **how)
    layer.build((None, None, FEATURES))
    rng = np.random.default_rng(5)
    layer.set_weights([0.3 * rng.standard_normal(weight.shape) for weight in layer.get_weights()])
    return layer


def words() -> np.ndarray:
    return np.random.default_rng(1).integers(0, VOCABULARY, (BATCH, TIME))


def run(layer: Any, dtype: str, masked: bool = False, read: str = "never") -> list[np.ndarray]:
    """Output and gradients of table and weights; the rows are read `before` the layer, `after` it, or `never`."""
    table = _engine.Tensor(np.random.default_rng(2).standard_normal((VOCABULARY, FEATURES)).astype(dtype)).clone()
    table.requires_grad = True
    rows = ops.embedding(words(), table)
    if read == "before":
        rows.numpy()
    y = layer(rows, mask=_engine.Tensor(words() % 5 != 0) if masked else None)
    assert rows.is_pending == (read != "before")
    if read == "after":
        with recurra.no_grad():
            table.assign(2 * table)  # the rows stay what they were
    for weight in layer.trainable_weights:
        weight.grad = None
    y.backward(_engine.Tensor(np.cos(np.arange(y.size)).reshape(y.shape).astype(dtype)))
    return [np.array(each) for each in (y, table.grad, *(weight.grad for weight in layer.trainable_weights))]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("how", [{}, {"go_backwards": True}, {"return_sequences": True}], ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", LAYERS)
def test_equals_the_layer_over_the_rows(name: str, dtype: str, how: dict[str, bool], masked: bool) -> None:
    layer = made(name, dtype, **how)
    y, *gradients = run(layer, dtype, masked)
    reference, *expected = run(layer, dtype, masked, read="before")
    assert np.array_equal(y, reference)
    tolerance = {"float32": 1e-5, "float64": 1e-14}[dtype]
    for ours, theirs in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * np.abs(theirs).max())


@pytest.mark.parametrize("name", LAYERS)
def test_a_table_that_changes_before_backward_does_not_change_the_gradients(name: str) -> None:
    layer = made(name, "float64")
    for ours, expected in zip(run(layer, "float64", read="after"), run(layer, "float64"), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-14 * np.abs(expected).max())


@pytest.mark.usefixtures("threads_restored")
@pytest.mark.parametrize("name", LAYERS)
def test_any_number_of_threads_gives_the_same_bits(name: str) -> None:
    layer = made(name, "float32", return_sequences=True)
    config.set_num_threads(1)
    one = run(layer, "float32", masked=True)
    for count in (2, 3, 4, 7):
        config.set_num_threads(count)
        for ours, reference in zip(run(layer, "float32", masked=True), one, strict=True):
            assert np.array_equal(ours, reference)


def test_two_layers_over_one_embedding_add_up() -> None:
    lstm, gru = made("lstm", "float64"), made("gru", "float64")

    def gradient(pending: bool) -> np.ndarray:
        table = _engine.Tensor(np.random.default_rng(2).standard_normal((VOCABULARY, FEATURES))).clone()
        table.requires_grad = True
        rows = ops.embedding(words(), table)
        if not pending:
            rows.numpy()
        ops.sum(lstm(rows) * gru(rows)).backward()
        return np.array(table.grad)

    np.testing.assert_allclose(gradient(True), gradient(False), rtol=0, atol=1e-13)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_gradient_of_the_rows_can_be_had(name: str, masked: bool) -> None:
    layer = made(name, "float64", go_backwards=True)
    mask = _engine.Tensor(words() % 5 != 0) if masked else None
    found = []
    for pending in (True, False):
        table = _engine.Tensor(np.random.default_rng(2).standard_normal((VOCABULARY, FEATURES))).clone()
        table.requires_grad = True
        rows = ops.embedding(words(), table)
        if not pending:
            rows.numpy()
        y = layer(rows, mask=mask)
        rows.retain_grad()
        ops.sum(y * y).backward()
        found.append([np.array(rows.grad), np.array(table.grad)])
    for ours, reference in zip(*found, strict=True):
        np.testing.assert_allclose(ours, reference, rtol=0, atol=1e-14 * np.abs(reference).max())


def test_the_way_to_the_table_outlives_the_layer() -> None:
    """What is freed with the layer's node is as large as what the table's gradient asks for next."""
    rng = np.random.default_rng(4)
    used, places = 64 * FEATURES, (70, 30)
    numbers = np.concatenate([np.arange(used), rng.integers(0, used, places[0] * places[1] - used)]).reshape(places)
    layer = made("lstm", "float32")
    found = []
    for pending in (True, False):
        table = _engine.Tensor(np.random.default_rng(2).standard_normal((used, FEATURES)).astype("float32")).clone()
        table.requires_grad = True
        rows = ops.embedding(numbers, table)
        if not pending:
            rows.numpy()
        ops.sum(layer(rows)).backward()
        found.append(np.array(table.grad))
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-5 * np.abs(found[1]).max())
