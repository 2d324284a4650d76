"""The engine keeps weights in its own order from call to call: nobody notices but by the time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from recurra import Sequential, Tensor, _engine, layers, no_grad
from recurra.layers import LSTM

LAYERS: dict[str, Callable[[], Any]] = {
    "simple_rnn": lambda: layers.SimpleRNN(6, skip=2),
    "gru": lambda: layers.GRU(6),
    "lstm": lambda: LSTM(6, projection=4),
    "weight_normalised": lambda: layers.GRU(6, weight_normalization=True),
    "stacked": lambda: layers.RNN([layers.LSTMCell(6), layers.GRUCell(5)]),
    "bidirectional": lambda: layers.Bidirectional(layers.GRU(6)),
}
X = np.random.default_rng(0).standard_normal((3, 7, 4)).astype(np.float32)
Y = np.ones((3, 1), np.float32)


def model_of(layer: Any) -> Sequential:
    model = Sequential([layers.Input((7, 4)), layer, layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def equal_model(model: Sequential) -> Sequential:
    """A model that has not computed anything, with the same weights."""
    other = Sequential.from_config(model.get_config())
    other.set_weights(model.get_weights())
    return other


def settle(model: Sequential) -> np.ndarray:
    """The output, after calls enough for weights to be kept."""
    for _ in range(3):
        model.predict_on_batch(X)
    return np.array(model.predict_on_batch(X))


def check_follows(model: Sequential, change: Callable[[], None]) -> None:
    before = settle(model)
    change()
    after = settle(model)
    assert not np.array_equal(after, before)
    np.testing.assert_array_equal(after, equal_model(model).predict_on_batch(X))


def noise(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


def write(array: np.ndarray) -> None:
    array += noise(array.shape)


CHANGES: dict[str, Callable[[Sequential, Any], None]] = {
    "assign": lambda model, weight: weight.assign(noise(weight.shape)),
    "assign_add": lambda model, weight: weight.assign_add(noise(weight.shape)),
    "set_weights": lambda model, weight: model.set_weights([w + noise(w.shape) for w in model.get_weights()]),
    "training step": lambda model, weight: model.train_on_batch(X, Y),
    "numpy view": lambda model, weight: write(weight.numpy()),
    "asarray": lambda model, weight: write(np.asarray(weight)),
    "view of a detached tensor": lambda model, weight: write(weight.detach().numpy()),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("layer", LAYERS)
def test_every_change_of_a_weight_counts(layer: str, change: str) -> None:
    model = model_of(LAYERS[layer]())
    for weight in model.layers[0].trainable_weights:
        if "kernel" in weight.name:
            check_follows(model, lambda weight=weight: CHANGES[change](model, weight))


def test_writing_to_a_view_that_was_there_before() -> None:
    model = model_of(layers.GRU(6))
    views = [model.layers[0].cell.recurrent_kernel.numpy()]
    check_follows(model, lambda: write(views[0]))
    check_follows(model, lambda: write(views[0]))
    views.clear()
    check_follows(model, lambda: CHANGES["training step"](model, None))


def test_a_new_optimizer_moves_the_weights() -> None:
    model = model_of(layers.GRU(6))
    before = settle(model)
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    np.testing.assert_array_equal(settle(model), before)
    check_follows(model, lambda: CHANGES["training step"](model, None))


def test_every_change_of_a_setting_counts() -> None:
    model = model_of(layers.GRU(6))
    cell, layer = model.layers[0].cell, model.layers[0]
    check_follows(model, lambda: setattr(cell, "activation", layers.GRU(1, activation="relu").cell.activation))
    check_follows(model, lambda: setattr(cell, "zoneout", 0.5))
    check_follows(model, lambda: setattr(layer, "go_backwards", True))


def test_weights_are_kept_once_they_come_again_and_let_go_when_they_change() -> None:
    layer = LSTM(256)
    layer.build((None, 7, 4))
    size = layer.cell.recurrent_kernel.size * 4
    x = Tensor(X)

    def kept(training: bool) -> float:
        """Bytes in use after a call, in units of the recurrent kernel."""
        before = _engine.memory_statistics()["in_use"]
        with nullcontext() if training else no_grad():
            layer(x)
        return (_engine.memory_statistics()["in_use"] - before) / size

    assert kept(training=False) < 0.1
    assert kept(training=False) > 0.9
    assert abs(kept(training=False)) < 0.1
    assert abs(kept(training=True)) < 0.1  # as steps of a sequence meet them
    layer.cell.recurrent_kernel.assign(0.5 * layer.cell.recurrent_kernel)
    assert kept(training=True) < -0.9
