"""Cells of the user's own, and built-in cells through every path of `RNN`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra import Tensor, layers, models, ops, optimizers, saving
from recurra.tree import flatten

Array = np.ndarray


@saving.register_serializable(package="tests")
class MinimalCell(layers.Layer):
    """h' = tanh(x W + h R), from ops alone."""

    def __init__(self, units: int, **options: Any) -> None:
        super().__init__(**options)
        self.units = units
        self.state_size = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight((input_shape[-1], self.units), name="kernel")
        self.recurrent_kernel = self.add_weight((self.units, self.units), "orthogonal", name="recurrent_kernel")

    def call(self, inputs: Any, states: Any) -> Any:
        output = ops.tanh(ops.matmul(inputs, self.kernel) + ops.matmul(states[0], self.recurrent_kernel))
        return output, [output]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


class CountingCell:
    """No layer at all: two states, an output narrower than either, its own first states."""

    state_size = (2, 1)
    output_size = 1

    def get_initial_state(self, batch_size: int) -> list[Tensor]:
        return [ops.ones((batch_size, 2)), ops.zeros((batch_size, 1))]

    def call(self, inputs: Tensor, states: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        total, count = states
        total = total + inputs
        count = count + 1
        return total[:, :1] / count, [total, count]


def pair(units: int = 6, **options: Any) -> tuple[Any, Any, Array]:
    """A layer around the user's cell and a fused one of equal weights, and an input."""
    x = np.random.default_rng(1).standard_normal((4, 7, 3))
    own = layers.RNN(MinimalCell(units, dtype="float64"), dtype="float64", **options)
    fused = layers.SimpleRNN(units, use_bias=False, dtype="float64", **options)
    own.build(x.shape)
    fused.build(x.shape)
    fused.set_weights(own.get_weights())
    return own, fused, x


MASK = np.random.default_rng(2).random((4, 7)) < 0.6


@pytest.mark.parametrize("mask", [None, MASK])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"return_sequences": True},
        {"return_sequences": True, "return_state": True, "go_backwards": True},
        {"return_sequences": True, "zero_output_for_mask": True},
        {"return_state": True},
    ],
    ids=str,
)
def test_own_cell_equals_the_fused_one(options: dict[str, Any], mask: Array | None) -> None:
    own, fused, x = pair(**options)
    start = np.random.default_rng(3).standard_normal((4, 6))
    results = []
    for layer in (own, fused):
        inputs, state = Tensor(x), Tensor(start)
        inputs.requires_grad = state.requires_grad = True
        outputs = flatten(layer(inputs, initial_state=[state], mask=mask))
        random = np.random.default_rng(4)
        sum(((o * random.standard_normal(o.shape)).sum() for o in outputs), Tensor(0.0)).backward()
        results.append([*outputs, inputs.grad, state.grad, *(weight.grad for weight in layer.weights)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=0, atol=1e-12)


def test_padding_of_an_own_cell_may_hold_anything() -> None:
    own, _, x = pair(return_sequences=True)
    results = []
    for rubbish in (0.0, np.nan):
        inputs = x.copy()
        inputs[~MASK] = rubbish
        tensor = Tensor(inputs)
        tensor.requires_grad = True
        for weight in own.weights:
            weight.grad = None
        output = own(tensor, mask=MASK)
        output.sum().backward()
        results.append([output, tensor.grad, *(weight.grad for weight in own.weights)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_stateful_chunks_of_an_own_cell() -> None:
    own, _, x = pair(return_sequences=True)
    whole = own(x).numpy()
    own.stateful = True
    chunks = [own(x[:, first:last]).numpy() for first, last in ((0, 3), (3, 7))]
    np.testing.assert_array_equal(np.concatenate(chunks, axis=1), whole)


def test_own_cell_trains() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 6, 2)).astype(np.float32)
    y = x[:, :, :1].sum(axis=1) / 3
    model = models.Sequential([layers.Input((6, 2)), layers.RNN(MinimalCell(8)), layers.Dense(1)])
    model.compile(optimizer=optimizers.Adam(0.02), loss="mse")
    history = model.fit(x, y, epochs=20, batch_size=32, verbose=0).history["loss"]
    assert history[-1] < history[0] / 5


def test_own_cell_is_saved_and_loaded(tmp_path: Any) -> None:
    x = np.random.default_rng(0).standard_normal((3, 5, 2)).astype(np.float32)
    model = models.Sequential([layers.Input((5, 2)), layers.RNN([MinimalCell(4), layers.GRUCell(3)])])
    before = model.predict(x, verbose=0)
    model.save(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(models.load_model(tmp_path / "model.safetensors").predict(x, verbose=0), before)


def test_cell_that_is_no_layer() -> None:
    layer = layers.RNN(CountingCell(), return_sequences=True, return_state=True)
    x = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    output, total, count = layer(x)
    running = 1 + np.cumsum(x, axis=1)
    np.testing.assert_allclose(output.numpy(), running[:, :, :1] / np.array([1, 2, 3])[:, None], rtol=1e-6)
    np.testing.assert_array_equal(total.numpy(), running[:, -1])
    np.testing.assert_array_equal(count.numpy(), np.full((2, 1), 3))
    assert layer.compute_output_shape((None, None, 2)) == ((None, None, 1), (None, 2), (None, 1))


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU", "GRU before"])
def test_step_by_step_equals_the_engine(name: str) -> None:
    """An activation the engine does not know sends the same cell through the loop in Python."""
    options = {"reset_after": False} if "before" in name else {}
    cls = name.split()[0]
    x = np.random.default_rng(5).standard_normal((3, 6, 4))
    known = getattr(layers, cls)(5, dtype="float64", return_sequences=True, return_state=True, **options)
    own = getattr(layers, cls)(
        5, lambda a: ops.tanh(a), dtype="float64", return_sequences=True, return_state=True, **options
    )
    known.build(x.shape)
    own.build(x.shape)
    weights = [np.random.default_rng(6).standard_normal(w.shape) / 2 for w in known.weights]
    known.set_weights(weights)
    own.set_weights(weights)
    results = []
    for layer in (known, own):
        outputs = layer(x)
        sum((output.sum() for output in outputs), Tensor(0.0)).backward()
        results.append([*outputs, *(weight.grad for weight in layer.weights)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=0, atol=1e-12)


def test_a_subclass_that_changes_the_step_is_obeyed() -> None:
    class Doubling(layers.SimpleRNNCell):
        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            output, states = super().call(inputs, states, training)
            return 2 * output, states

    x = np.random.default_rng(7).standard_normal((2, 3, 4)).astype(np.float32)
    doubled, plain = layers.RNN(Doubling(5)), layers.SimpleRNN(5)
    doubled.build(x.shape)
    plain.build(x.shape)
    plain.set_weights(doubled.get_weights())
    np.testing.assert_allclose(doubled(x).numpy(), 2 * plain(x).numpy(), rtol=1e-6)


def test_stacked_own_and_built_in_cells() -> None:
    x = np.random.default_rng(8).standard_normal((3, 5, 2)).astype(np.float32)
    mask = MASK[:3, :5]
    cells = [layers.LSTMCell(4), MinimalCell(3), layers.GRUCell(6)]
    stack = layers.RNN(cells, return_sequences=True, return_state=True)
    output, lstm, own, gru = stack(x, mask=mask)
    assert [state.shape for state in flatten([lstm, own, gru])] == [(3, 4), (3, 4), (3, 3), (3, 6)]
    after = x
    for cell in cells:
        after = layers.RNN(cell, return_sequences=True)(after, mask=mask)
    np.testing.assert_array_equal(output.numpy(), after.numpy())
    assert stack.compute_output_shape((3, 5, 2)) == ((3, 5, 6), [(3, 4), (3, 4)], (3, 3), (3, 6))


def test_dropout_of_a_stack_lasts_one_sequence() -> None:
    x = np.ones((2, 4, 3), np.float32)
    stack = layers.RNN([layers.GRUCell(5, dropout=0.5, seed=1), layers.GRUCell(4, recurrent_dropout=0.5, seed=2)])
    assert not np.array_equal(stack(x, training=True).numpy(), stack(x, training=True).numpy())
